//! The one repair of a sync: what differs at the end is listed again and written, or removed.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;

use super::difference::IndexDifference;
use super::left_over::{LeftOver, ours, ownership};
use super::{gone, guard};
use crate::elastic::Kind;
use crate::elastic::scan::{LOOKUP, Mark};
use crate::panics::caught_stream;
use crate::sync::access::permissions::restrict;
use crate::sync::patience::within;
use crate::sync::take::bodies::with_bodies;
use crate::sync::take::content::withhold;
use crate::sync::take::stages::Stages;
use crate::sync::take::write;
use crate::{Document, Error, Result};

/// Hash of an id → the marks under which the source lists it now; empty where it no longer does.
type Relisted = HashMap<i64, Vec<i64>>;
/// Hash of an id → the id.
pub(super) type Names = HashMap<i64, String>;

/// Lists the source again for what differs, writes what it names and removes what it does not; returns the
/// names behind hashes.
///
/// # Errors
/// When the source can't be listed whole, and when a write is refused; then nothing is removed.
pub(super) async fn repair(stages: &mut Stages<'_>, difference: &IndexDifference) -> Result<Names> {
    let differing = difference.missing.iter().chain(&difference.extra);
    let mut relisted: Relisted = differing.map(|mark| (mark.id, Vec::new())).collect();
    tracing::warn!(
        count = relisted.len(),
        "the index differs from what was written; the source is listed again"
    );
    let listed = list_again(stages, difference, &mut relisted).await;
    let finished = finish(stages).await;
    let names = listed?;
    finished?;
    remove_again(stages, difference, &relisted).await?;
    relisted.into_iter().for_each(|(id, marks)| stages.snapshot.inventory.correct(id, Some(marks)));
    Ok(names)
}

async fn list_again(
    stages: &mut Stages<'_>,
    difference: &IndexDifference,
    relisted: &mut Relisted,
) -> Result<Names> {
    let (job, mut names) = (stages.job, Names::new());
    let differing: HashSet<i64> = relisted.keys().copied().collect();
    let shape = stages.render.shape;
    let is_differing = |document: &Document| differing.contains(&shape.id(document.id().as_str()).id);
    let listing = caught_stream(|| job.source.documents(job.rules));
    let mut documents = with_bodies(job, listing, is_differing);
    loop {
        let next =
            within(job.context, "the next document of the listing", async { Ok(documents.next().await) });
        let Some(listed) = next.await? else { break };
        let mut document = listed?;
        let id = stages.render.shape.id(document.id().as_str()).id;
        if let Some(marks) = relisted.get_mut(&id) {
            restrict(&mut document, &job.options);
            withhold(&mut document, job);
            let Ok(document) = job.rules.basic.filter(document) else { continue };
            names.insert(id, document.id().as_str().to_owned());
            marks.extend(write_again(stages, document, difference).await?);
        }
    }
    Ok(names)
}

/// Sends a document, unless the index holds it as it is; none for one that a pipeline drops.
async fn write_again(
    stages: &mut Stages<'_>,
    document: Document,
    difference: &IndexDifference,
) -> Result<Option<i64>> {
    let rendered = stages.render.whole(document).await?;
    let mark = rendered.mark;
    if stages.snapshot.dropped.contains(mark) {
        return Ok(None);
    }
    if difference.extra.binary_search(&mark).is_err() {
        stages.writer.refresh_timestamp();
        stages.writer.put(rendered.draft, (mark, Kind::Upsert)).await?;
    }
    Ok(Some(mark.mark))
}

/// Deletes what the source does not name, under the guard of all deletes.
async fn remove_again(
    stages: &mut Stages<'_>,
    difference: &IndexDifference,
    relisted: &Relisted,
) -> Result<()> {
    let is_gone = |mark: &&Mark| relisted.get(&mark.id).is_some_and(Vec::is_empty);
    let gone: Vec<Mark> = difference.extra.iter().filter(is_gone).copied().collect();
    let deletes = stages.accounts.report.deleted + gone.len() as u64;
    if !guard::allows_deletes(&stages.job.options, stages.snapshot.held(), deletes) {
        return Err(Error::unexpected("what should not be there is more than the set share of the index")
            .with("documents", gone.len()));
    }
    for chunk in gone.chunks(LOOKUP) {
        let ownership = ownership(&stages.render.shape, &stages.snapshot);
        let located = ours(stages.job, chunk, ownership).await?;
        for LeftOver { id, .. } in gone::confirmed(stages, &located).await? {
            write::delete(stages, id).await?;
        }
    }
    finish(stages).await
}

/// Waits for every write; these are no part of the accounts of the listing.
async fn finish(stages: &mut Stages<'_>) -> Result<()> {
    let finished = stages.writer.finish().await;
    let written = stages.writer.take_written();
    stages.accounts.report.repaired += written.created + written.updated + written.deleted;
    for refused in written.refused {
        tracing::warn!(id = refused.item.id, reason = &*refused.reason, "a document was not repaired");
    }
    finished
}
