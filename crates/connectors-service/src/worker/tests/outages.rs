//! Jobs that an outage of their source ended.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use super::place::{Place, Script, turn};
use crate::protocol::{JobStatus, JobType};
use crate::worker::Worker;

/// A worker that knows a connector whose source is away.
async fn outage(schedule: Option<&str>) -> (Place, Arc<Script>, Arc<Worker>) {
    let place = Place::new().await;
    let script = place.scripted_at("c", schedule).await;
    script.is_away.store(true, SeqCst);
    let worker = place.worker("w");
    turn(&worker).await;
    (place, script, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_somebody_asked_for_is_tried_again_after_an_outage() {
    let (place, script, worker) = outage(None).await;
    let job = place.ask("c", JobType::Full).await;
    turn(&worker).await;
    for (number, wait) in [(1, 60), (2, 120)] {
        let rests = place.job(&job).await;
        assert_eq!((rests.status(), rests.retries().0), (Some(JobStatus::Suspended), number));
        assert!(rests.0.text("error").unwrap().contains("the scripted source is away"), "{rests:?}");
        let connector = place.read("c").await;
        assert_eq!(connector.0.text("last_sync_status"), Some("suspended"));
        place.wait(wait - 1);
        turn(&worker).await;
        assert_eq!(place.job(&job).await.0, rests.0, "it is not time yet");
        place.wait(1);
        turn(&worker).await;
    }
    script.is_away.store(false, SeqCst);
    script.let_through(100);
    place.wait(240);
    turn(&worker).await;
    let done = place.job(&job).await;
    assert_eq!((done.status(), done.0.text("error")), (Some(JobStatus::Completed), None));
    assert_eq!(place.count("c").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_after_an_outage_come_to_an_end_and_can_be_cancelled() {
    let (place, _script, worker) = outage(None).await;
    let job = place.ask("c", JobType::Full).await;
    let mut runs = 0;
    while place.job(&job).await.status() != Some(JobStatus::Error) {
        turn(&worker).await;
        runs += 1;
        assert!(runs < 10, "they have no end");
        place.wait(3600);
    }
    assert_eq!(runs, 6, "the first and five further tries");

    let job = place.ask("c", JobType::Full).await;
    turn(&worker).await;
    let resting = place.store.cancel_job(&job, place.now()).await.unwrap().unwrap();
    assert_eq!(resting.status(), Some(JobStatus::Canceled));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_schedule_is_not_tried_again_as_the_next_one_comes_by_itself() {
    let (place, _script, worker) = outage(Some("0 0 * * * ?")).await;
    place.wait(3601);
    turn(&worker).await;
    assert_eq!(place.jobs("c").await[0].status(), Some(JobStatus::Error));
}
