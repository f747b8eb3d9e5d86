//! Jobs: made, taken by one, kept, cancelled, suspended, taken over.

use connectors_testkit::proxy::{Fault, Plan, Proxy};
use serde_json::json;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connectors_testkit::memory::Record;

use super::gate::Gate;
use super::place::{Place, connect, filled, turn};
use super::{listed, until};
use crate::protocol::{JobStatus, JobType, Kind};
use crate::worker::Options;
use crate::worker::running::Stop;

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_sync_runs_when_its_time_comes() {
    let place = Place::new().await;
    let fixture = filled(20).await;
    place.memory("c", &fixture, Some("0 0 * * * ?")).await;
    let worker = place.worker("w");
    turn(&worker).await;
    assert!(place.jobs("c").await.is_empty(), "an hour is not over");
    place.wait(3601);
    turn(&worker).await;
    let jobs = place.jobs("c").await;
    assert_eq!(jobs.len(), 1);
    let job = &jobs[0];
    assert_eq!((job.status(), job.0.text("trigger_method")), (Some(JobStatus::Completed), Some("scheduled")));
    assert_eq!((job.counts().indexed, job.0.count("total_document_count")), (20, 20));
    assert_eq!(place.count("c").await, 20);
    let connector = place.read("c").await;
    assert_eq!(connector.0.text("last_sync_status"), Some("completed"));
    assert_eq!(connector.0.count("last_indexed_document_count"), 20);
    assert_eq!(connector.last_scheduled(JobType::Full), Some(place.now()));
    turn(&worker).await;
    assert_eq!(place.jobs("c").await.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_workers_one_makes_and_takes_each_job() {
    let place = Place::new().await;
    let fixture = filled(5).await;
    for id in ["a", "b", "c", "d"] {
        place.memory(id, &fixture, Some("0 0 * * * ?")).await;
    }
    let workers = ["w1", "w2", "w3"].map(|name| place.worker(name));
    futures::future::join_all(workers.iter().map(turn)).await;
    place.wait(3600);
    futures::future::join_all(workers.iter().map(turn)).await;
    futures::future::join_all(workers.iter().map(turn)).await;
    for id in ["a", "b", "c", "d"] {
        let jobs = place.jobs(id).await;
        assert_eq!(jobs.len(), 1, "{id}");
        assert_eq!(jobs[0].status(), Some(JobStatus::Completed));
        assert_eq!(jobs[0].takeovers(), 0);
        assert_eq!(place.count(id).await, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_of_one_connector_never_run_at_once() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let workers = [place.worker("w1"), place.worker("w2")];
    turn(&workers[0]).await;
    for _ in 0..2 {
        place.ask("c", JobType::Full).await;
    }
    for _ in 0..5 {
        futures::future::join_all(workers.iter().map(|worker| worker.tick())).await;
        let running: usize = workers.iter().map(|worker| worker.jobs.all().len()).sum();
        assert!(running <= 1, "{running}");
    }
    script.let_through(100);
    for _ in 0..3 {
        futures::future::join_all(workers.iter().map(turn)).await;
    }
    assert!(place.jobs("c").await.iter().all(|job| job.status() == Some(JobStatus::Completed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_a_sync_that_hangs_in_its_source() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    script.let_through(3);
    worker.tick().await.unwrap();
    until(async || listed(&worker) == 3).await;
    let patch = place.job(&job).await.cancel_requested(place.now()).unwrap();
    place.change(Kind::Job, &job, patch.into()).await;
    worker.beat().await;
    worker.settle().await;
    let job = place.job(&job).await;
    assert_eq!((job.status(), job.0.text("error")), (Some(JobStatus::Canceled), None));
    assert!(job.0.date("canceled_at").is_some() && job.0.date("completed_at").is_some());
    assert_eq!(place.read("c").await.0.text("last_sync_status"), Some("canceled"));
    assert!(worker.jobs.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_written_and_the_lease_renewed_while_a_job_runs() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    script.let_through(4);
    worker.tick().await.unwrap();
    until(async || listed(&worker) == 4).await;
    place.wait(11);
    worker.beat().await;
    let running = place.job(&job).await;
    assert_eq!(
        (running.status(), running.counts().indexed),
        (Some(JobStatus::InProgress), 0),
        "none is acknowledged yet"
    );
    assert_eq!((running.last_seen(), running.0.text("metadata.stage")), (Some(place.now()), Some("listing")));
    assert_eq!((running.counts().listed, running.counts().unchanged, running.counts().failed), (4, 0, 0));
    place.wait(299);
    let other = place.worker("other");
    other.tick().await.unwrap();
    assert!(other.jobs.all().is_empty(), "the lease holds");
    script.let_through(100);
    worker.settle().await;
    let ended = place.job(&job).await.counts();
    assert_eq!((ended.indexed, ended.listed), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_went_away_is_taken_over_and_the_old_worker_writes_no_more() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let (gone, heir) = (place.worker("gone"), place.worker("heir"));
    turn(&gone).await;
    let id = place.ask("c", JobType::Full).await;
    script.let_through(2);
    gone.tick().await.unwrap();
    until(async || listed(&gone) == 2).await;

    place.wait(301);
    heir.tick().await.unwrap();
    let job = place.job(&id).await;
    assert_eq!((job.worker(), job.takeovers()), (Some("heir"), 1));
    let lost = gone.jobs.all().remove(0);
    gone.beat().await;
    assert_eq!(lost.stopped(), Some(Stop::Lost));
    gone.settle().await;
    assert_eq!(place.job(&id).await.status(), Some(JobStatus::InProgress), "it is the heir's");
    script.let_through(100);
    heir.settle().await;
    let job = place.job(&id).await;
    assert_eq!((job.status(), job.worker()), (Some(JobStatus::Completed), Some("heir")));
    assert_eq!(place.count("c").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_suspends_its_jobs_and_another_goes_on() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let first = place.worker("first");
    turn(&first).await;
    let id = place.ask("c", JobType::Full).await;
    script.let_through(6);
    first.tick().await.unwrap();
    until(async || listed(&first) == 6).await;
    first.shut_down().await;
    let job = place.job(&id).await;
    assert_eq!(job.status(), Some(JobStatus::Suspended));
    assert_eq!((job.0.date("completed_at"), script.closed.load(SeqCst)), (None, 1));

    let second = place.worker("second");
    script.let_through(100);
    turn(&second).await;
    let job = place.job(&id).await;
    assert_eq!(
        (job.status(), job.worker(), job.takeovers()),
        (Some(JobStatus::Completed), Some("second"), 0)
    );
    assert_eq!(place.count("c").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_run_ends_with_its_cause_and_holds_up_nobody() {
    let place = Place::new().await;
    let (broken, hangs, fine) =
        (place.scripted("broken").await, place.scripted("hangs").await, place.scripted("fine").await);
    broken.panics.store(true, SeqCst);
    fine.let_through(100);
    let worker = place.worker_with(Options { content_slots: 3, ..Options::default() });
    turn(&worker).await;
    let access = place.ask("fine", JobType::AccessControl).await;
    let [broken_job, hanging, done] = [
        place.ask("broken", JobType::Full).await,
        place.ask("hangs", JobType::Full).await,
        place.ask("fine", JobType::Full).await,
    ];
    worker.tick().await.unwrap();
    until(async || worker.jobs.all().len() == 1).await;
    worker.tick().await.unwrap();
    until(async || worker.jobs.all().len() == 1).await;
    for (id, status, words) in [
        (&broken_job, JobStatus::Error, "(panic: scripted to panic)"),
        (&access, JobStatus::Error, "does not know who may read its documents"),
        (&done, JobStatus::Completed, ""),
        (&hanging, JobStatus::InProgress, ""),
    ] {
        let job = place.job(id).await;
        assert_eq!(job.status(), Some(status), "{job:?}");
        assert!(job.0.text("error").unwrap_or_default().contains(words), "{job:?}");
    }
    hangs.let_through(100);
    worker.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_and_jobs_that_every_worker_drops_are_ended() {
    let place = Place::new().await;
    place.scripted("kept").await;
    place.scripted("gone").await;
    let worker = place.worker("w");
    turn(&worker).await;
    let mut orphans = Vec::new();
    for status in ["pending", "in_progress", "canceling"] {
        let id = place.ask("gone", JobType::Full).await;
        place.change(Kind::Job, &id, json!({"status": status, "worker_hostname": "other"})).await;
        orphans.push(id);
    }
    let dropped = place.ask("kept", JobType::Full).await;
    let patch = json!({"status": "in_progress", "worker_hostname": "other", "metadata": {"takeovers": 5}});
    place.change(Kind::Job, &dropped, patch).await;
    let canceling = place.ask("kept", JobType::Full).await;
    place.change(Kind::Job, &canceling, json!({"status": "canceling", "worker_hostname": "other"})).await;
    place.store.delete(Kind::Connector, "gone").await.unwrap();
    place.wait(400);
    turn(&worker).await;
    for (id, status) in orphans.iter().zip([JobStatus::Canceled, JobStatus::Error, JobStatus::Canceled]) {
        assert_eq!(place.job(id).await.status(), Some(status));
    }
    let job = place.job(&dropped).await;
    assert_eq!(job.status(), Some(JobStatus::Error));
    assert!(job.0.text("error").unwrap().contains("every worker"), "{job:?}");
    assert_eq!(place.job(&canceling).await.status(), Some(JobStatus::Canceled));
}

#[tokio::test]
async fn who_may_search_is_kept_equal_to_the_source() {
    let (place, fixture) = (Place::new().await, filled(3).await);
    place.guarded("docs", &fixture).await;
    let worker = place.worker("one");
    turn(&worker).await;
    let run = async || {
        let id = place.ask("docs", JobType::AccessControl).await;
        turn(&worker).await;
        let job = place.job(&id).await;
        (job.status(), job.counts().indexed, job.counts().deleted)
    };
    assert_eq!(run().await, (Some(JobStatus::Completed), 2, 0));
    assert_eq!(place.count(".search-acl-filter-docs").await, 2);
    assert_eq!(run().await, (Some(JobStatus::Completed), 0, 0), "nothing changed");
    fixture.store().set_identities(vec![]);
    assert_eq!(run().await, (Some(JobStatus::Completed), 0, 2));
    assert_eq!(place.count(".search-acl-filter-docs").await, 0);
}

#[tokio::test]
async fn documents_are_closed_and_opened_by_the_setting_and_identities_need_it() {
    let (place, fixture) = (Place::new().await, filled(5).await);
    place.memory("docs", &fixture, None).await;
    let worker = place.worker("one");
    turn(&worker).await;
    let run = async |job_type| {
        let id = place.ask("docs", job_type).await;
        turn(&worker).await;
        let job = place.job(&id).await;
        (job.status(), job.counts().indexed, job.0.text("error").unwrap_or_default().to_owned())
    };
    let switch = async |on: bool| {
        let patch = json!({"configuration": {"use_document_level_security": {"value": on}}});
        place.change(Kind::Connector, "docs", patch).await;
        turn(&worker).await;
    };
    let readers = async |id: &str| place.document("docs", id).await["_allow_access_control"].clone();
    let done = Some(JobStatus::Completed);
    assert_eq!(run(JobType::Full).await, (done, 5, String::new()));
    let (status, written, error) = run(JobType::AccessControl).await;
    assert_eq!((status, written), (Some(JobStatus::Error), 0));
    assert!(error.contains("set `use_document_level_security` to true"), "{error}");
    assert!(readers("record-0000003").await.is_null());

    switch(true).await;
    let (status, _, error) = run(JobType::Incremental).await;
    assert_eq!(status, Some(JobStatus::Error));
    assert!(error.contains("run a full sync first"), "{error}");
    assert_eq!(run(JobType::Full).await, (done, 4, String::new()), "one is for everybody");
    assert_eq!(readers("record-0000003").await, json!(["user:ada", "user:bob"]));
    assert_eq!(readers("record-0000002").await, json!(["_nobody"]));
    assert_eq!(run(JobType::Incremental).await, (done, 0, String::new()));
    assert_eq!(run(JobType::AccessControl).await, (done, 2, String::new()));

    fixture.store().break_permissions(Some("record-0000003".into()));
    fixture.store().put("other", Record::default());
    let (status, _, error) = run(JobType::Full).await;
    assert_eq!(status, Some(JobStatus::Error));
    assert!(error.contains("nobody may read 2 documents") && error.contains("record-0000003"), "{error}");
    assert_eq!(readers("record-0000003").await, json!(["_nobody"]));

    switch(false).await;
    assert_eq!(run(JobType::Full).await, (done, 5, String::new()));
    assert!(readers("record-0000003").await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_through_its_lease_stops_before_anybody_answers() {
    let place = Place::new().await;
    let host = place.store.client().settings().host.socket_addrs(|| None).unwrap().remove(0);
    let proxy = Proxy::http(host, Plan::calm()).await.unwrap();
    let script = place.scripted("c").await;
    let options = Options { grace: Duration::from_millis(50), ..Options::default() };
    let worker = place.worker_of(connect(proxy.url().parse().unwrap()).await, options);
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    script.let_through(4);
    worker.tick().await.unwrap();
    until(async || listed(&worker) == 4).await;
    let running = worker.jobs.all().remove(0);
    place.wait(301);
    proxy.set_plan(Plan::scripted([Some(Fault::Hold)]));
    let beating = tokio::spawn({
        let worker = worker.clone();
        async move { worker.beat().await }
    });
    proxy.held().await;
    assert_eq!(running.stopped(), Some(Stop::Lost));
    beating.abort();
    worker.settle().await;
    assert_eq!(
        place.job(&job).await.status(),
        Some(JobStatus::InProgress),
        "it is for another to go on with"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_whose_job_is_lost_is_cut_off_at_once_and_writes_no_more() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let gate = Gate::before(&place).await;
    let patient = Options { worker: "w".into(), grace: Duration::from_secs(3600), ..Options::default() };
    let worker = place.worker_of(gate.store(0).await, patient);
    turn(&worker).await;
    let job = place.ask("c", JobType::Full).await;
    // All is listed, and its first write is on its way.
    script.let_through(100);
    let bulk = gate.hold("POST /c/_bulk", 0);
    worker.tick().await.unwrap();
    bulk.arrived().await;
    place.wait(301);
    worker.beat().await;
    tokio::time::timeout(Duration::from_secs(20), worker.settle()).await.expect("it waits for nothing");
    let asked = gate.met();
    bulk.open();
    assert_eq!(place.job(&job).await.status(), Some(JobStatus::InProgress), "it is for another worker");
    assert_eq!(gate.met(), asked, "no request was begun");
}
