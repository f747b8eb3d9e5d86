//! Changes since a cursor.

use std::collections::{BTreeMap, BTreeSet};

use connectors_core::{Capabilities, Change, Connection, Cursor, Incremental, Rules};
use futures::StreamExt;

use super::changes::STEP;
use super::listing::Seen;
use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, ensure, promises};
use crate::Fixture;

/// An item of a stream of changes.
enum Step {
    Upsert(String, Seen),
    Delete(String),
    Checkpoint(Cursor),
}

/// What became of an id: its last state, or none when it was deleted.
type Ends<'a> = BTreeMap<&'a String, Option<&'a Seen>>;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    fn counts(capabilities: Capabilities) -> bool {
        capabilities.incremental
    }
    promises![
        counts,
        without_changes_there_are_none_since_a_cursor,
        changes_since_a_cursor_are_exactly_those_made,
        changes_during_a_listing_come_after_its_cursor,
        changes_go_on_from_any_checkpoint,
        changes_go_on_by_a_new_connection,
    ]
}

async fn without_changes_there_are_none_since_a_cursor<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let from = cursor(&*connection).await?;
    let steps = since(&*connection, from).await?;
    let count = ends(&steps).len();
    ensure(count == 0, || format!("{count} documents changed since a cursor, though nothing did"))
}

async fn changes_since_a_cursor_are_exactly_those_made<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let from = cursor(&*connection).await?;
    let made = Made::now(stage).await?;
    let steps = since(&*connection, from).await?;
    made.are(&ends(&steps), stage)?;
    ensure(matches!(steps.last(), Some(Step::Checkpoint(_))), || {
        "no checkpoint follows the last change, so that it would come again each time".into()
    })
}

async fn changes_during_a_listing_come_after_its_cursor<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let from = cursor(&*connection).await?;
    let rules = Rules::default();
    let mut documents = connection.source().documents(&rules);
    documents.next().await;
    let made = Made::now(stage).await?;
    while let Some(listed) = documents.next().await {
        listed.map_err(|error| Broken::Source { doing: "listing during changes", error })?;
    }
    drop(documents);
    made.are(&ends(&since(&*connection, from).await?), stage)
}

async fn changes_go_on_from_any_checkpoint<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let from = cursor(&*connection).await?;
    Made::now(stage).await?;
    let steps = since(&*connection, from).await?;
    for (place, step) in steps.iter().enumerate() {
        let Step::Checkpoint(checkpoint) = step else { continue };
        let rest = since(&*connection, checkpoint.clone()).await?;
        let (rest, left) = (ends(&rest), ends(&steps[place..]));
        same_ids(rest.keys().copied(), left.keys().copied()).map_err(|broken| {
            Broken::Promise(format!("after checkpoint {} ({place} items in): {broken}", checkpoint.0))
        })?;
    }
    Ok(())
}

async fn changes_go_on_by_a_new_connection<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let kept = cursor(&*connection).await?.0.to_string();
    list(&*connection).await?;
    drop(connection);
    let made = Made::now(stage).await?;
    let value = serde_json::from_str(&kept).map_err(|error| Broken::Fixture(error.into()))?;
    let connection = stage.connect()?;
    made.are(&ends(&since(&*connection, Cursor(value)).await?), stage)
}

fn incremental(connection: &dyn Connection) -> Result<&dyn Incremental, Broken> {
    connection
        .incremental()
        .ok_or_else(|| Broken::Promise("advertised, but the connection has none of it".into()))
}

async fn cursor(connection: &dyn Connection) -> Result<Cursor, Broken> {
    let cursor = incremental(connection)?.cursor().await;
    cursor.map_err(|error| Broken::Source { doing: "asking for a cursor", error })
}

/// The changes since a cursor, up to the end of their stream.
async fn since(connection: &dyn Connection, from: Cursor) -> Result<Vec<Step>, Broken> {
    let rules = Rules::default();
    let mut changes = incremental(connection)?.changes(from, &rules);
    let mut steps = Vec::new();
    while let Some(change) = changes.next().await {
        let failed = |error| Broken::Source { doing: "reading changes", error };
        steps.push(match change.map_err(failed)? {
            Change::Upsert(document) => {
                let (id, seen) = Seen::new(document).map_err(failed)?;
                Step::Upsert(id, seen)
            }
            Change::Delete(id) => Step::Delete(id.into_string()),
            Change::Checkpoint(cursor) => Step::Checkpoint(cursor),
        });
    }
    Ok(steps)
}

fn ends(steps: &[Step]) -> Ends<'_> {
    let ends = steps.iter().filter_map(|step| match step {
        Step::Upsert(id, seen) => Some((id, Some(seen))),
        Step::Delete(id) => Some((id, None)),
        Step::Checkpoint(_) => None,
    });
    ends.collect()
}

/// Ids of documents that were changed or added, and of those that were removed.
struct Made {
    upserted: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Made {
    async fn now<F: Fixture>(stage: &mut Stage<F>) -> Result<Self, Broken> {
        let removed: BTreeSet<String> = stage.fixture.remove(STEP).await?.into_iter().collect();
        let mut upserted: BTreeSet<String> = stage.fixture.change(STEP).await?.into_iter().collect();
        upserted.extend(stage.fixture.add(STEP).await?);
        Ok(Self { upserted, removed })
    }

    /// Broken unless these are what became of the documents.
    fn are<F: Fixture>(&self, ends: &Ends<'_>, stage: &Stage<F>) -> Outcome {
        let of_kind =
            |deleted: bool| ends.iter().filter(move |(_, end)| end.is_none() == deleted).map(|(id, _)| *id);
        let named = |what: &'static str| move |broken: Broken| Broken::Promise(format!("{what}: {broken}"));
        same_ids(of_kind(true), &self.removed).map_err(named("deletes"))?;
        same_ids(of_kind(false), &self.upserted).map_err(named("upserts"))?;
        for (id, expected) in stage.fixture.expected() {
            let Some(Some(seen)) = ends.get(&id) else { continue };
            seen.holds(&id, &expected)?;
        }
        Ok(())
    }
}
