//! What operators see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connectors_core::elastic::Request;
use connectors_testkit::proxy::{Fault, Plan, Proxy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::place::{Place, connect, turn};
use crate::endpoints;
use crate::protocol::{JobStatus, JobType, Kind};
use crate::worker::{Options, Worker, watchdog};

fn address(place: &Place) -> SocketAddr {
    let host = &place.store.client().settings().host;
    host.socket_addrs(|| None).unwrap().remove(0)
}

/// Asks a worker over HTTP: status and body.
async fn ask(worker: &Arc<Worker>, path: &str) -> (u16, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(endpoints::serve(worker.clone(), listener, stop.clone()));
    let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
    stop.cancel();
    served.await.unwrap().unwrap();
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_server_and_names_connectors_in_error() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    *script.ping.lock().unwrap() = Some("no way in".into());
    let worker = place.worker("w");
    turn(&worker).await;
    let (status, body) = ask(&worker, "/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["ready"], &body["elasticsearch"]), (200, &json!(true), &json!("ok")));
    assert!(body["connectors_in_error"]["c"].as_str().unwrap().contains("no way in"), "{body}");

    place.take_down().await;
    let (status, body) = ask(&worker, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains("Elasticsearch did not answer"), "{body}");
    assert_eq!(ask(&worker, "/healthz").await.0, 200, "a server that is away does not make the worker dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_its_server_refuses_is_not_ready() {
    let place = Place::new().await;
    let proxy = Proxy::http(address(&place), Plan::calm()).await.unwrap();
    let store = connect(proxy.url().parse().unwrap()).await;
    let worker = place.worker_of(store.clone(), Options::default());
    for (fault, words) in [
        (Fault::Status(401), "401"),
        (Fault::Status(403), "403"),
        (Fault::Status(404), "404"),
        (Fault::Status(429), "429"),
        (Fault::Status(500), "500"),
        (Fault::Status(503), "503"),
        (Fault::CutBefore, "did not answer"),
    ] {
        proxy.set_plan(Plan::scripted([Some(fault)]));
        let (status, body) = ask(&worker, "/readyz").await;
        assert_eq!(status, 503, "{fault:?}: {body}");
        assert!(body.contains(words) && body.contains("\"ready\":false"), "{fault:?}: {body}");
    }
    assert_eq!(ask(&worker, "/readyz").await.0, 200, "it answers again");
    proxy.set_plan(Plan::scripted([Some(Fault::Hold)]));
    let brief = Options { progress: Duration::from_millis(10), ..Options::default() };
    let (status, body) = ask(&place.worker_of(store, brief), "/readyz").await;
    assert!(status == 503 && body.contains("did not answer in time"), "{status}: {body}");
    let gone = Request::delete(format!("/{}-v1", Kind::Job.index()));
    place.store.client().call(&gone).await.unwrap();
    let (status, body) = ask(&worker, "/readyz").await;
    assert!(status == 503 && body.contains(Kind::Job.index()), "{status}: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stopped_to_look_is_not_alive() {
    let place = Place::new().await;
    let stopped = place.worker_with(Options { idling: Duration::ZERO, ..Options::default() });
    let (status, body) = ask(&stopped, "/healthz").await;
    assert!(status == 503 && body.contains("\"alive\":false"), "{status}: {body}");
    assert_eq!(ask(&place.worker("w"), "/healthz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_grow_with_what_jobs_do_and_tell_where_they_stand() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    place.ask("c", JobType::Full).await;
    script.let_through(100);
    turn(&worker).await;
    place.wait(60);
    let (status, text) = ask(&worker, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "connectors_documents_listed_total{connector=\"c\"} 10",
        "connectors_documents_sent_total{connector=\"c\"} 10",
        "connectors_documents_failed_total{connector=\"c\"} 0",
        "connectors_lag_seconds{connector=\"c\"} 60",
        "connectors_jobs_ended_total{status=\"completed\"} 1",
        "connectors_elasticsearch_busy_total{connector=\"c\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    assert!(!text.contains("connectors_elasticsearch_requests_total{connector=\"c\"} 0"), "{text}");
    assert!(!text.contains("connectors_job_stage{"), "{text}");

    script.permits.forget_permits(1000);
    place.ask("c", JobType::Full).await;
    worker.tick().await.unwrap();
    while !ask(&worker, "/metrics").await.1.contains("stage=\"listing\"") {
        tokio::task::yield_now().await;
    }
    place.wait(700);
    let (_, text) = ask(&worker, "/metrics").await;
    assert!(text.contains("connectors_job_still_seconds{connector=\"c\"} 700"), "{text}");
    script.let_through(100);
    worker.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_stands_still_is_logged_once_until_it_goes_on() {
    let place = Place::new().await;
    let script = place.scripted("c").await;
    let worker = place.worker("w");
    turn(&worker).await;
    place.ask("c", JobType::Full).await;
    worker.tick().await.unwrap();
    let running = worker.jobs.all().remove(0);
    worker.beat().await;
    place.wait(601);
    assert_eq!(running.stalled_for(place.now()).num_seconds(), 601);
    let connections = &worker.resources.connections;
    watchdog::watch(&worker.jobs.all(), connections, worker.options.stalled_after, place.now());
    assert!(!running.is_first_logged(), "it was logged");
    script.let_through(5);
    while running.counters.listed.load(SeqCst) < 5 {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.stalled_for(place.now()).num_seconds(), 0);
    assert!(running.is_first_logged(), "it went on");
    script.let_through(100);
    worker.settle().await;
    let job = place.jobs("c").await.remove(0);
    assert_eq!((job.status(), place.count("c").await), (Some(JobStatus::Completed), 10), "it was not ended");
}
