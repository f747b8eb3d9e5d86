//! Documents of old jobs.

use serde_json::json;

use super::place::{Place, turn};
use crate::protocol::{JobType, Kind};
use crate::worker::{Options, Retention};

/// Makes jobs of these types in this state, an hour apart, and returns their ids.
async fn jobs(place: &Place, connector: &str, (types, status): (&[JobType], &str)) -> Vec<String> {
    let mut ids = Vec::new();
    for job_type in types {
        let id = place.ask(connector, *job_type).await;
        place.change(Kind::Job, &id, json!({"status": status})).await;
        place.wait(3600);
        ids.push(id);
    }
    ids
}

async fn left(place: &Place, connector: &str) -> Vec<String> {
    place.jobs(connector).await.iter().map(|job| job.id().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_go_but_for_open_ones_and_the_last_of_each_type() {
    let place = Place::new().await;
    place.scripted("c").await;
    place.scripted("gone").await;
    // It waits for its settings, so that its jobs wait with it.
    let waits = json!({"configuration": {"name": {"value": ""}}, "status": "needs_configuration"});
    place.change(Kind::Connector, "c", waits).await;
    let types = [JobType::Full, JobType::AccessControl, JobType::Full, JobType::Incremental];
    let over = jobs(&place, "c", (&types, "completed")).await;
    let open = jobs(&place, "c", (&[JobType::Full], "pending")).await;
    jobs(&place, "gone", (&[JobType::Full], "error")).await;
    place.store.delete(Kind::Connector, "gone").await.unwrap();
    let retention = Retention { days: Some(2), count: None };
    let worker = place.worker_with(Options { retention, ..Options::default() });
    turn(&worker).await;
    let before = [&over[..], &open[..]].concat();
    assert_eq!(left(&place, "c").await, before, "nothing is old");
    place.wait(3 * 24 * 3600);
    turn(&worker).await;
    assert_eq!(left(&place, "c").await, [&over[1..], &open[..]].concat());
    assert!(left(&place, "gone").await.is_empty(), "nobody asks any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_jobs_of_a_connector_the_newest_stay() {
    let place = Place::new().await;
    for id in ["many", "few"] {
        place.scripted(id).await;
    }
    let access = jobs(&place, "many", (&[JobType::AccessControl], "error")).await;
    let many = jobs(&place, "many", (&[JobType::Full; 7], "completed")).await;
    let few = jobs(&place, "few", (&[JobType::Full; 3], "completed")).await;
    let retention = Retention { days: None, count: Some(4) };
    let worker = place.worker_with(Options { retention, ..Options::default() });
    turn(&worker).await;
    // The last one that wrote who may read what is beyond the number, and stays.
    assert_eq!(left(&place, "many").await, [&access[..], &many[3..]].concat());
    assert_eq!(left(&place, "few").await, few);
    turn(&worker).await;
    let more = jobs(&place, "few", (&[JobType::Full; 2], "completed")).await;
    turn(&worker).await;
    assert_eq!(left(&place, "few").await, [&few[1..], &more[..]].concat(), "it is looked at every hour");
}
