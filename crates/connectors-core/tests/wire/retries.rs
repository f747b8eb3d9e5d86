//! What the server can do wrong to a bulk, and that nothing is lost or doubled by it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use connectors_core::ErrorKind;
use connectors_core::elastic::Request;
use connectors_core::sync::Status;
use serde_json::Value;

use crate::support::{Call, Fault, Memory, World, accounts, entries};

/// A fault for the first bulks of a sync, and the number of bulks that it strikes.
type Case = (&'static str, usize, fn(&Call) -> Fault);

#[tokio::test]
async fn what_passes_is_survived() {
    let cases: [Case; 10] = [
        ("429", 3, |_| Fault::Status(429)),
        ("503", 3, |_| Fault::Status(503)),
        ("500", 2, |_| Fault::Status(500)),
        ("retry after", 3, |_| Fault::RetryAfter(429, 0)),
        ("dropped before", 3, |_| Fault::DropBefore),
        ("dropped after", 3, |_| Fault::DropAfter),
        ("half an answer", 3, |_| Fault::Half),
        ("an answer that does not fit", 2, |_| {
            Fault::Change(|answer| drop(answer["items"].as_array_mut().map(Vec::pop)))
        }),
        ("no answer of a bulk", 2, |_| Fault::Change(|answer| *answer = "yes".into())),
        ("503 for each item", 3, |call| call.items(503, |_| true)),
    ];
    for (name, strikes, fault) in cases {
        let world = World::with(|settings| settings.bulk.chunk_bytes = 1000).await;
        let source = Memory::numbered(40);
        world
            .fake
            .script(move |call| if (1..=strikes).contains(&call.bulk) { fault(call) } else { Fault::None });
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Completed, [40, 0, 0, 0, 0]), "{name}");
        world.assert_holds(&entries(0..40));
        world.fake.behave();
        assert_eq!(accounts(&world.sync(&source).await), [0, 0, 40, 0, 0], "{name}");
    }
}

#[tokio::test]
async fn only_the_items_that_wait_are_sent_again() {
    let world = World::new().await;
    let mut tries = HashMap::<String, usize>::new();
    world.fake.script(move |call| {
        let mut busy = Vec::new();
        for id in &call.ids {
            let tries = tries.entry(id.clone()).or_default();
            *tries += 1;
            let number: usize = id[1..].parse().unwrap();
            if number.is_multiple_of(3) && *tries <= number % 4 {
                busy.push((id.clone(), 429));
            }
        }
        Fault::Items(busy)
    });
    let report = world.sync(&Memory::numbered(300)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [300, 0, 0, 0, 0]));
    world.assert_holds(&entries(0..300));
    assert!(world.fake.kept().applied.values().all(|count| *count == 1), "exactly once each");
}

#[tokio::test]
async fn a_server_that_lets_some_through_each_time_gets_all() {
    let world = World::new().await;
    world.fake.script(|call| {
        let most = call.ids.len() - call.ids.len().div_ceil(10);
        Fault::Items(call.ids.iter().take(most).map(|id| (id.clone(), 429)).collect())
    });
    let report = world.sync(&Memory::numbered(100)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [100, 0, 0, 0, 0]));
    assert!(world.fake.kept().bulks > 6, "more tries than without progress");
}

#[tokio::test]
async fn tries_without_progress_come_to_an_end() {
    let cases: [Case; 4] = [
        ("too busy", 0, |_| Fault::Status(429)),
        ("Elasticsearch failed", 0, |_| Fault::Status(500)),
        ("did not answer", 0, |_| Fault::DropBefore),
        ("kept asking to wait", 0, |call| call.items(429, |_| true)),
    ];
    for (told, _, fault) in cases {
        let world = World::with(|settings| (settings.retry.max, settings.bulk.chunk_bytes) = (2, 1000)).await;
        let source = Memory::numbered(5);
        world.sync(&source).await;
        world.fake.forget_calls();
        world.fake.script(move |call| if call.is_bulk() { fault(call) } else { Fault::None });
        source.set(entries(5..60));
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.deleted), (Status::Failed, 0), "{told}");
        assert_eq!((report.created, report.listed), (0, report.failed), "{told}");
        assert!(report.error.as_ref().unwrap().contains(told), "{report:?}");
        world.assert_holds(&entries(0..5));
        let bulks = world.fake.kept().bulks;
        assert!(bulks % 3 == 0 && bulks <= 3 * 2, "{told}: three tries of what was in flight: {bulks}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_for_good_ends_the_sync_with_accounts() {
    let world = World::with(|settings| (settings.retry.max, settings.bulk.chunk_bytes) = (1, 1000)).await;
    let mut is_gone = false;
    world.fake.script(move |call| {
        is_gone |= call.bulk == 3;
        if is_gone { Fault::DropBefore } else { Fault::None }
    });
    let report = world.sync(&Memory::numbered(400)).await;
    assert_eq!(report.status, Status::Failed);
    assert!(report.created > 0 && report.failed > 0 && !report.complete, "{report:?}");
    assert_eq!(report.created as usize, world.ids().len());
    world.fake.behave();
    let report = world.sync(&Memory::numbered(400)).await;
    assert_eq!((report.status, report.created + report.unchanged), (Status::Completed, 400));
    world.assert_holds(&entries(0..400));
}

#[tokio::test]
async fn a_denial_is_told_and_never_tried_again() {
    for (status, told) in [(401, "does not know these credentials"), (403, "lack a privilege")] {
        let world = World::with(|settings| settings.bulk.chunk_bytes = 1000).await;
        world.fake.script(move |call| if call.is_bulk() { Fault::Status(status) } else { Fault::None });
        let report = world.sync(&Memory::numbered(100)).await;
        assert_eq!((report.status, report.created), (Status::Failed, 0));
        assert!(report.error.unwrap().contains(told), "{status}");
        assert!(world.fake.kept().bulks <= 2, "only what was in flight already");
    }
}

#[tokio::test]
async fn a_bulk_that_is_too_large_is_split_down_to_its_documents() {
    let world = World::new().await;
    world
        .fake
        .script(|call| if call.bulk > 0 && call.bytes > 400 { Fault::Status(413) } else { Fault::None });
    let mut all = entries(0..30);
    all[17].body["long"] = "x".repeat(500).into();
    let source = Memory::new(all.clone());
    let report = world.sync(&source).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [29, 0, 0, 1, 0]));
    all.remove(17);
    world.assert_holds(&all);
    let failures = world.failures().await;
    assert!(
        failures[0].id == "d17" && failures[0].reason.contains("too large for the server"),
        "{failures:?}"
    );
}

#[tokio::test]
async fn a_poison_document_is_isolated() {
    let world = World::new().await;
    let poison = |call: &Call| call.ids.iter().any(|id| id == "d5" || id == "d21");
    world.fake.script(move |call| if poison(call) { Fault::Status(400) } else { Fault::None });
    let report = world.sync(&Memory::numbered(30)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [28, 0, 0, 2, 0]));
    let mut failed: Vec<String> = world.failures().await.into_iter().map(|failure| failure.id).collect();
    failed.sort_unstable();
    assert_eq!(failed, ["d21", "d5"]);
    assert!(world.fake.kept().applied.values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_split_that_breaks_half_way_refuses_the_rest() {
    let world = World::with(|settings| settings.retry.max = 1).await;
    world.fake.script(|call| match call.bulk {
        0 => Fault::None,
        1 => Fault::Status(413),
        2 => Fault::None,
        _ => Fault::Status(503),
    });
    let report = world.sync(&Memory::numbered(10)).await;
    assert_eq!((report.status, accounts(&report)), (Status::Failed, [5, 0, 0, 5, 0]));
}

#[tokio::test]
async fn other_requests_are_tried_again_too() {
    for path in ["/docs", "/docs/_mapping", "/docs/_refresh", "/docs/_count", "/docs/_pit", "/_search"] {
        let world = World::new().await;
        let mut strikes = 0;
        world.fake.script(move |call| {
            strikes += usize::from(call.path == path);
            if call.path == path && strikes <= 3 { Fault::DropBefore } else { Fault::None }
        });
        let source = Memory::numbered(3);
        assert_eq!(world.sync(&source).await.status, Status::Completed, "{path}");
        assert_eq!(accounts(&world.sync(&source).await), [0, 0, 3, 0, 0], "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_asked_for_again() {
    let world = World::new().await;
    let mut met = HashSet::new();
    let mut each_first = move |call: &Call| match met.insert((call.method.clone(), call.path.clone())) {
        true => Fault::Shortened,
        false => Fault::None,
    };
    world.fake.script(move |call| each_first(call));
    let source = Memory::numbered(40);
    assert_eq!(world.sync(&source).await.status, Status::Completed);
    assert_eq!(accounts(&world.sync(&source).await), [0, 0, 40, 0, 0]);
    world.assert_holds(&entries(0..40));
    for path in ["/docs/_mapping", "/docs/_count", "/docs/_settings", "/docs/_search"] {
        assert!(world.fake.seen(path).len() > 1, "{path}");
    }
    world.fake.script(|call| if call.path == "/docs/_count" { Fault::Shortened } else { Fault::None });
    let count = world.client.json::<Value>(&Request::post("/docs/_count")).await;
    assert_eq!(count.unwrap_err().kind(), ErrorKind::Transient, "what is never whole may be whole later");
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_read() {
    let world = World::new().await;
    world.fake.script(|call| if call.path == "/_asked" { Fault::RetryAfter(503, 7) } else { Fault::None });
    let request = Request::get("/_asked");
    let response = world.client.send(&request).await.unwrap();
    assert_eq!((response.status, response.retry_after), (503, Some(Duration::from_secs(7))));
    assert!(response.is_passing() && !response.is_success());
    world.fake.script(|call| if call.path == "/_asked" { Fault::RetryAfter(503, 0) } else { Fault::None });
    let error = world.client.call(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy(Some(Duration::ZERO)));
    assert_eq!(world.fake.seen("/_asked").len(), 1 + 6, "one try and five more");
}
