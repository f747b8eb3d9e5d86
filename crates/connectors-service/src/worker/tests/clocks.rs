//! Clocks that are wrong: a worker's own, and those that wrote what is found in documents.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::gate::Gate;
use super::place::{Place, turn};
use crate::protocol::{JobStatus, JobType, Kind, timestamp};
use crate::worker::{Options, Worker};

/// A worker whose clock is this many seconds ahead, before a server that tells its own time.
async fn ahead(place: &Place, seconds: i64) -> (Arc<Worker>, Gate) {
    let gate = Gate::before(place).await;
    let options = Options { worker: format!("ahead-{seconds}"), ..Options::default() };
    let worker = place.worker_ahead(seconds, gate.store(0).await, options);
    tells_time(place, &gate);
    (worker, gate)
}

fn tells_time(place: &Place, gate: &Gate) {
    let body = format!(r#"[{{"epoch": "{}"}}]"#, place.now().timestamp());
    gate.answer("GET /_cat/count/.elastic-connectors", 1, (200, &body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_ahead_takes_over_no_living_job_and_writes_the_servers_time() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let alive = place.worker("alive");
    turn(&alive).await;
    let job = place.ask("c", JobType::Full).await;
    alive.tick().await.unwrap();

    let (wrong, gate) = ahead(&place, 400).await;
    wrong.tick().await.unwrap();
    assert_eq!((place.job(&job).await.worker(), wrong.jobs.all().len()), (Some("alive"), 0));
    script.let_through(100);
    alive.settle().await;

    let next = place.ask("c", JobType::Full).await;
    tells_time(&place, &gate);
    turn(&wrong).await;
    let next = place.job(&next).await;
    assert_eq!((next.status(), next.worker()), (Some(JobStatus::Completed), Some("ahead-400")));
    let apart = next.last_seen().unwrap() - place.now();
    assert!(apart.abs() <= TimeDelta::seconds(1), "{apart}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_goes_by_the_servers_clock() {
    let place = Place::new().await;
    place.scripted_at("c", Some("0 0 * * * ?")).await.let_through(100);
    let (wrong, gate) = ahead(&place, 1800).await;
    turn(&wrong).await;
    place.wait(1801);
    tells_time(&place, &gate);
    turn(&wrong).await;
    assert!(place.jobs("c").await.is_empty(), "by its own clock the hour is over");
    place.wait(1801);
    tells_time(&place, &gate);
    turn(&wrong).await;
    assert_eq!(place.jobs("c").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_of_life_from_the_future_holds_a_job_for_one_lease() {
    let place = Place::new().await;
    place.scripted("c").await.let_through(100);
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    let seen = async |ahead: TimeDelta| {
        let patch = json!({
            "status": "in_progress", "worker_hostname": "other", "last_seen": timestamp(place.now() + ahead),
        });
        place.change(Kind::Job, &job, patch).await;
    };
    // A worker with a wrong clock that is alive keeps its job.
    for _ in 0..4 {
        seen(TimeDelta::days(1)).await;
        turn(&worker).await;
        place.wait(200);
    }
    assert_eq!(place.job(&job).await.worker(), Some("other"));
    place.wait(101);
    turn(&worker).await;
    let job = place.job(&job).await;
    assert_eq!((job.status(), job.worker()), (Some(JobStatus::Completed), Some("w")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_run_in_the_future_holds_up_no_schedule() {
    let place = Place::new().await;
    place.scripted_at("c", Some("0 0 * * * ?")).await.let_through(100);
    let far = timestamp(place.now() + TimeDelta::days(3650));
    place.change(Kind::Connector, "c", json!({"last_sync_scheduled_at": far})).await;
    let worker = place.worker("w");
    turn(&worker).await;
    place.wait(3601);
    turn(&worker).await;
    assert_eq!(place.jobs("c").await.len(), 1);
    assert_eq!(place.read("c").await.last_scheduled(JobType::Full), Some(place.now()), "it is corrected");
    turn(&worker).await;
    assert_eq!(place.jobs("c").await.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_set_back_renews_its_leases() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    place.wait(100);
    worker.tick().await.unwrap();
    place.set_back(60);
    worker.beat().await;
    assert_eq!(place.job(&job).await.last_seen(), Some(place.now()));
    script.let_through(100);
    worker.settle().await;
}
