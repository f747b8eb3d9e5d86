//! What a sync costs in calls, beside the least that it could.

use connectors_core::{Connection, Rules};
use futures::StreamExt;
use serde_json::json;

use crate::server::{Calls, Server};
use crate::support::{Read, connect, filled, item, settings, with};
use crate::world::{Kind, REPOSITORIES};

/// Documents of the organization whose calls are counted.
const DOCUMENTS: usize = 6_000;
/// Repositories of an organization in which nothing changes.
const MANY: usize = 100;

/// What one listing costs.
async fn listing(connection: &dyn Connection, server: &Server) -> Calls {
    let before = server.all().calls;
    let listed = connection.source().documents(&Rules::NONE).count().await;
    let after = server.all().calls;
    assert!(listed > 0);
    Calls {
        all: after.all - before.all,
        graphql: after.graphql - before.graphql,
        points: after.points - before.points,
        trees: after.trees - before.trees,
        blobs: after.blobs - before.blobs,
    }
}

#[tokio::test]
async fn an_organization_of_which_nothing_changed_costs_less_than_two_points_a_repository_and_no_blob() {
    let server = filled(300).await;
    server.all().world.repositories = MANY;
    let lean = connect(&with(&server, json!({"files": "none"})));
    let calls = listing(&*lean, &server).await;
    assert_eq!((calls.all, calls.trees, calls.blobs), (calls.graphql, 0, 0), "no REST call: {calls:?}");
    assert!(calls.points <= 2 * MANY, "{calls:?}");
    assert_eq!(calls.points, MANY / 20, "a point for twenty: {calls:?}");
    let calls = listing(&*connect(&settings(&server)), &server).await;
    assert_eq!((calls.points, calls.trees, calls.blobs), (MANY / 20, MANY, 0), "{calls:?}");
}

#[tokio::test]
async fn calls_are_near_the_least_that_the_interface_allows() {
    let server = filled(DOCUMENTS - REPOSITORIES).await;
    let connection = connect(&settings(&server));
    let again = listing(&*connection, &server).await;
    let before = server.all().calls;
    let read = Read::of(&*connection).await;
    let after = server.all().calls;
    assert_eq!(read.documents.len(), DOCUMENTS);
    let first = after.all - before.all;
    let (issues, pulls) = (DOCUMENTS / 2, DOCUMENTS * 4 / 10);
    let pages: usize = [issues, pulls].iter().map(|items| (items / REPOSITORIES).div_ceil(100) - 1).sum();
    let least = 1 + REPOSITORIES * pages + REPOSITORIES;
    let bodies = (issues + pulls).div_ceil(100);
    // Of the lists that are longer than a page: two more for 230 comments, two for twelve reviews, of which one has 25 comments.
    let items = || (0..DOCUMENTS - REPOSITORIES).map(item);
    let commented =
        items().filter(|item| item.kind() != Kind::File && item.number.is_multiple_of(97)).count();
    let reviewed = items().filter(|item| item.kind() == Kind::Pull && item.number.is_multiple_of(89)).count();
    let of_bodies = bodies + 2 * commented + 2 * reviewed;
    let per = |calls: usize| calls as f64 * 1000.0 / DOCUMENTS as f64;
    println!(
        "calls per 1,000 documents, contents apart: first {:.1} (at least {:.1}), again {:.1} (at least {:.1})",
        per(first),
        per(least + of_bodies),
        per(again.all),
        per(least)
    );
    println!("points of GraphQL per 1,000 documents, again: {:.1}", per(again.points));
    assert!(again.all <= least, "{} calls, {least} at least", again.all);
    // The chunks of 500 that a sync asks for begin anew with each.
    assert!(first <= least + of_bodies + 2, "{first} calls, {} at least", least + of_bodies);
}
