//! What is listed while nothing changes.

use chrono::{TimeDelta, Utc};

use super::listing::{Listing, Seen};
use super::stage::{Stage, list, same_ids};
use super::{Outcome, Promise, always, broken, ensure, promises, some};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![
        always,
        documents_are_complete,
        documents_are_unique,
        bodies_are_as_expected,
        timestamps_are_as_expected,
        an_empty_backend_lists_nothing,
        ids_are_stable_over_runs,
        ids_are_stable_over_connections,
        versions_are_stable_while_nothing_changes,
        timestamps_are_stable_while_nothing_changes,
    ]
}

async fn documents_are_complete<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let expected = stage.expected();
    ensure(expected.len() == F::DOCUMENTS, || {
        format!("the fixture expects {} documents after load({})", expected.len(), F::DOCUMENTS)
    })?;
    same_ids(list(&*connection).await?.ids(), expected.keys())
}

async fn documents_are_unique<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let repeated = list(&*connection).await?.repeated;
    ensure(repeated.is_empty(), || format!("listed more than once: [{}]", some(repeated)))
}

async fn bodies_are_as_expected<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let listing = list(&*connection).await?;
    for (id, expected) in stage.fixture.expected() {
        let Some(seen) = listing.documents.get(&id) else { return broken(format!("{id} is missing")) };
        seen.holds(&id, &expected)?;
    }
    Ok(())
}

async fn timestamps_are_as_expected<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let listing = list(&*connection).await?;
    let expected = stage.expected();
    let latest = Utc::now() + TimeDelta::minutes(5);
    for (id, seen) in &listing.documents {
        let Some(timestamp) = seen.timestamp else { continue };
        ensure(timestamp <= latest, || format!("{id}: changed at {timestamp}, which is yet to come"))?;
        let known = expected.get(id).and_then(|expected| expected.timestamp);
        let equal = known.is_none_or(|known| known.timestamp_millis() == timestamp.timestamp_millis());
        ensure(equal, || format!("{id}: {known:?} is expected, {timestamp} is there"))?;
    }
    Ok(())
}

async fn an_empty_backend_lists_nothing<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(0).await?;
    same_ids(list(&*connection).await?.ids(), [])
}

async fn ids_are_stable_over_runs<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let first = list(&*connection).await?;
    same_ids(list(&*connection).await?.ids(), first.ids())
}

async fn ids_are_stable_over_connections<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (first, second) = two_listings(stage).await?;
    same_ids(second.ids(), first.ids())
}

async fn versions_are_stable_while_nothing_changes<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (first, second) = two_listings(stage).await?;
    unchanged(&first, &second, "is another version, though nothing changed", Seen::is_unchanged)?;
    unchanged(&first, &second, "has another scope, though nothing changed", |one, two| one.scope == two.scope)
}

async fn timestamps_are_stable_while_nothing_changes<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (first, second) = two_listings(stage).await?;
    unchanged(&first, &second, "has another timestamp, though nothing changed", |one, two| {
        one.timestamp == two.timestamp
    })
}

/// Two listings of the same, by two connections.
async fn two_listings<F: Fixture>(stage: &mut Stage<F>) -> Result<(Listing, Listing), super::Broken> {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let first = list(&*connection).await?;
    drop(connection);
    Ok((first, list(&*stage.connect()?).await?))
}

/// Broken when a document of both listings differs.
fn unchanged(first: &Listing, second: &Listing, text: &str, same: fn(&Seen, &Seen) -> bool) -> Outcome {
    let both = first.documents.iter().filter_map(|(id, one)| Some((id, one, second.documents.get(id)?)));
    let differing: Vec<&String> = both.filter(|(_, one, two)| !same(one, two)).map(|(id, ..)| id).collect();
    ensure(differing.is_empty(), || format!("{text}: [{}]", some(differing)))
}
