//! Schedules on a driven clock: restarts, and changes of a schedule.

use std::sync::atomic::Ordering::Relaxed;

use serde_json::json;

use super::place::{Place, turn};
use crate::protocol::{JobStatus, JobType, Kind};
use crate::schedule::CatchUp;
use crate::worker::timetable::make;
use crate::worker::{Options, Worker};

const HOUR: u64 = 3600;

fn tallied(worker: &Worker) -> [u64; 3] {
    let stats = &worker.stats;
    [&stats.on_time, &stats.caught_up, &stats.skipped].map(|counter| counter.load(Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_a_restart_missed_are_made_up_for_as_set() {
    for (missed, made, expected) in
        [(CatchUp::Once, 2, [1, 1, 4]), (CatchUp::Skip, 1, [1, 0, 5]), (CatchUp::All, 6, [1, 5, 0])]
    {
        let place = Place::new().await;
        let script = place.scripted_at("c", Some("0 0 * * * ?")).await;
        script.let_through(1000);
        let options = || Options { missed, ..Options::default() };
        let worker = place.worker_with(options());
        turn(&worker).await;
        place.wait(HOUR);
        turn(&worker).await;
        assert_eq!(place.jobs("c").await.len(), 1, "{missed:?}");
        place.wait(5 * HOUR + 600);
        let restarted = place.worker_with(options());
        for _ in 0..8 {
            turn(&restarted).await;
        }
        let jobs = place.jobs("c").await;
        assert_eq!(jobs.len(), made, "{missed:?}");
        assert!(jobs.iter().all(|job| job.status() == Some(JobStatus::Completed)), "{missed:?}");
        let (before, after) = (tallied(&worker), tallied(&restarted));
        assert_eq!([0, 1, 2].map(|place| before[place] + after[place]), expected, "{missed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_that_a_restart_missed_is_made_up_for() {
    let place = Place::new().await;
    place.scripted_at("c", Some("0 0 * * * ?")).await.let_through(1000);
    turn(&place.worker("one")).await;
    place.wait(2 * HOUR + 600);
    let restarted = place.worker("two");
    turn(&restarted).await;
    assert_eq!(place.jobs("c").await.len(), 1);
    assert_eq!(tallied(&restarted), [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_two_workers_see_is_counted_by_one() {
    let place = Place::new().await;
    place.scripted_at("c", Some("0 0 * * * ?")).await.let_through(1000);
    let workers = [place.worker("one"), place.worker("two")];
    for worker in &workers {
        turn(worker).await;
    }
    let stale = place.read("c").await;
    place.wait(HOUR);
    turn(&workers[0]).await;
    let Worker { timetable, stats, .. } = &*workers[1];
    let due = timetable.due(&stale, JobType::Full).unwrap();
    let made = make(&place.store, timetable, stats, (&stale, JobType::Full, &due)).await;
    assert!(made.unwrap().is_empty(), "it is made once");
    assert_eq!(
        (place.jobs("c").await.len(), tallied(&workers[0]), tallied(&workers[1])),
        (1, [1, 0, 0], [0; 3])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_set_anew_begins_then() {
    let place = Place::new().await;
    let script = place.scripted_at("c", Some("0 0 0 1 1 ?")).await;
    script.let_through(1000);
    let worker = place.worker("w");
    turn(&worker).await;
    place.wait(10 * HOUR);
    turn(&worker).await;
    place.change(Kind::Connector, "c", json!({"scheduling": {"full": {"interval": "0 0 * * * ?"}}})).await;
    turn(&worker).await;
    assert!(place.jobs("c").await.is_empty(), "what would have been before is nobody's run");
    place.wait(HOUR);
    turn(&worker).await;
    assert_eq!(place.jobs("c").await.len(), 1);
    place
        .change(Kind::Connector, "c", json!({"scheduling": {"full": {"interval": "every now and then"}}}))
        .await;
    place.wait(HOUR);
    turn(&worker).await;
    assert_eq!(place.jobs("c").await.len(), 1, "an expression that can't be used runs nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_an_outage_of_the_server_missed_are_made_up_for() {
    let place = Place::new().await;
    let script = place.scripted_at("c", Some("0 0 * * * ?")).await;
    script.let_through(1000);
    let worker = place.worker("w");
    turn(&worker).await;
    place.take_down().await;
    for _ in 0..2 {
        place.wait(HOUR);
        worker.tick().await.unwrap_err();
    }
    place.bring_back().await;
    place.wait(600);
    turn(&worker).await;
    turn(&worker).await;
    let jobs = place.jobs("c").await;
    assert_eq!((jobs.len(), jobs[0].status()), (1, Some(JobStatus::Completed)));
    assert_eq!(tallied(&worker), [0, 1, 1]);
}
