//! What is listed after something changed.

use std::collections::BTreeSet;

use connectors_core::{Connection, Rules};
use futures::StreamExt;

use super::listing::Listing;
use super::stage::{Stage, list};
use super::{Broken, Outcome, Promise, always, broken, ensure, promises, some};
use crate::Fixture;

/// Documents that are changed, removed or added at a time.
pub(super) const STEP: usize = 12;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![
        always,
        changed_documents_are_other_versions,
        unchanged_documents_stay_the_same_version,
        changed_documents_are_listed_as_they_are_now,
        removed_documents_vanish,
        added_documents_appear,
        changed_is_never_false_wrongly,
    ]
}

async fn changed_documents_are_other_versions<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (before, after, changed) = around_a_change(stage).await?;
    let same = changed.iter().filter(|id| {
        let both = before.documents.get(*id).zip(after.documents.get(*id));
        both.is_none_or(|(one, two)| one.is_unchanged(two))
    });
    let same: Vec<&String> = same.collect();
    ensure(same.is_empty(), || format!("changed, but still the same version: [{}]", some(same)))
}

async fn unchanged_documents_stay_the_same_version<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (before, after, changed) = around_a_change(stage).await?;
    let others = before.documents.iter().filter(|(id, _)| !changed.contains(*id));
    let touched =
        others.filter(|(id, one)| after.documents.get(*id).is_none_or(|two| !one.is_unchanged(two)));
    let touched: Vec<&String> = touched.map(|(id, _)| id).collect();
    ensure(touched.is_empty(), || {
        format!("not changed, but another version when others were: [{}]", some(touched))
    })
}

async fn changed_documents_are_listed_as_they_are_now<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (_, after, changed) = around_a_change(stage).await?;
    let expected = stage.expected();
    for id in &changed {
        let (Some(seen), Some(expected)) = (after.documents.get(id), expected.get(id)) else {
            return broken(format!("{id} was changed and is not listed"));
        };
        seen.holds(id, expected)?;
    }
    Ok(())
}

/// One connection's listings before and after documents were changed, and the ids of these.
async fn around_a_change<F: Fixture>(
    stage: &mut Stage<F>,
) -> Result<(Listing, Listing, BTreeSet<String>), Broken> {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let before = list(&*connection).await?;
    let changed: BTreeSet<String> = stage.fixture.change(STEP).await?.into_iter().collect();
    if changed.len() != STEP {
        return Err(Broken::Fixture(format!("change({STEP}) changed {} documents", changed.len()).into()));
    }
    Ok((before, list(&*connection).await?, changed))
}

async fn removed_documents_vanish<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    list(&*connection).await?;
    let removed = stage.fixture.remove(STEP).await?;
    let after = list(&*connection).await?;
    let left: Vec<&String> = removed.iter().filter(|id| after.documents.contains_key(*id)).collect();
    ensure(left.is_empty(), || format!("removed, but still listed: [{}]", some(left)))?;
    stage.is_whole(&after)
}

async fn added_documents_appear<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    list(&*connection).await?;
    let added = stage.fixture.add(STEP).await?;
    let after = list(&*connection).await?;
    let absent: Vec<&String> = added.iter().filter(|id| !after.documents.contains_key(*id)).collect();
    ensure(absent.is_empty(), || format!("added, but not listed: [{}]", some(absent)))?;
    stage.is_whole(&after)
}

async fn changed_is_never_false_wrongly<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    may_have_changed(&*connection, "before any listing").await?;
    begin_a_listing(&*connection).await?;
    may_have_changed(&*connection, "after a listing that was not read to its end").await?;
    list(&*connection).await?;
    stage.fixture.change(STEP).await?;
    may_have_changed(&*connection, "after documents were changed").await?;
    list(&*connection).await?;
    stage.fixture.remove(STEP).await?;
    may_have_changed(&*connection, "after documents were removed").await?;
    list(&*connection).await?;
    stage.fixture.add(STEP).await?;
    may_have_changed(&*connection, "after documents were added").await?;
    may_have_changed(&*connection, "when asked again before the next listing").await?;
    may_have_changed(&*stage.connect()?, "by a new connection").await
}

pub(super) async fn may_have_changed(connection: &dyn Connection, when: &str) -> Outcome {
    let changed = connection.source().changed().await;
    // An error counts as true: the sync then goes on.
    ensure(changed.unwrap_or(true), || format!("changed() is false {when}"))
}

/// Reads the first document of a listing and drops the rest.
pub(super) async fn begin_a_listing(connection: &dyn Connection) -> Outcome {
    let rules = Rules::default();
    let mut documents = connection.source().documents(&rules);
    match documents.next().await {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(Broken::Source { doing: "listing", error }),
        None => broken("nothing is listed"),
    }
}
