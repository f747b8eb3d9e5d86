//! Two jobs of one connector, and claims in unlucky orders.

use serde_json::json;

use super::gate::Gate;
use super::place::{Place, turn};
use crate::protocol::{JobStatus, JobType, Kind};
use crate::worker::Options;
use crate::worker::claim::claim;

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_of_one_connector_are_not_both_claimed_in_an_unlucky_order() {
    let place = Place::new().await;
    place.scripted("c").await;
    turn(&place.worker("w")).await;
    let (gates, jobs) = (
        [Gate::before(&place).await, Gate::before(&place).await],
        [place.ask("c", JobType::Full).await, place.ask("c", JobType::Full).await],
    );
    let options = |name: &str| Options { worker: name.into(), ..Options::default() };
    let workers = [
        place.worker_of(gates[0].store(0).await, options("w1")),
        place.worker_of(gates[1].store(0).await, options("w2")),
    ];
    let claimed_by = |place_of: usize, job: crate::protocol::SyncJob| {
        let worker = workers[place_of].clone();
        tokio::spawn(
            async move { claim(&worker.resources.store, &worker.leases, &job).await.unwrap().is_some() },
        )
    };
    let takes = [0, 1].map(|n| gates[n].hold(&format!("_update/{}", jobs[n]), 0));
    let late = gates[0].hold("_update/c", 1);

    // The first worker has read the connector and looked for others; then somebody else writes the connector.
    let first = claimed_by(0, place.job(&jobs[0]).await);
    takes[0].arrived().await;
    place.change(Kind::Connector, "c", json!({"description": "another"})).await;
    // The second reads it as it is now, and finds nobody: the first has not taken its job yet.
    let second = claimed_by(1, place.job(&jobs[1]).await);
    takes[1].arrived().await;
    // The first takes its job, and is stopped should it write the connector a second time.
    takes[0].open();
    tokio::select! {
        () = late.arrived() => {}
        () = async { while !first.is_finished() { tokio::task::yield_now().await } } => {}
    }
    // The second takes its job and writes the connector; only then does the first go on.
    takes[1].open();
    let second = second.await.unwrap();
    late.open();
    let claimed = [first.await.unwrap(), second];
    assert_eq!(claimed.iter().filter(|claimed| **claimed).count(), 1, "{claimed:?}");
    for (id, is_claimed) in jobs.iter().zip(claimed) {
        let expected = if is_claimed { JobStatus::InProgress } else { JobStatus::Suspended };
        assert_eq!(place.job(id).await.status(), Some(expected), "the other is given back");
    }
}
