//! The closing digest: asks the index what it holds now, and compares that with what it should.

use super::difference::IndexDifference;
use super::left_over::ownership;
use super::repair::{Names, repair};
use crate::elastic::digest::{Digest, ask_or_list};
use crate::elastic::scan::{LOOKUP, Mark, Part};
use crate::elastic::{index, scan};
use crate::sync::accounts::Status;
use crate::sync::know::inventory::Inventory;
use crate::sync::know::marks::NewMarks;
use crate::sync::know::snapshot::IndexSnapshot;
use crate::sync::take::stages::Stages;
use crate::{Context, Error, Result};

/// Documents of buckets that differ, above which they are not read: another tool writes this index.
const MOST: u64 = 1 << 18;

/// Finds out whether the index holds what it should, repairs once what differs, and saves the marks where all
/// is equal. An error here fails no sync: everything is written and acknowledged by now.
pub(crate) async fn confirm(stages: &mut Stages<'_>) {
    if matches!(stages.accounts.report.status, Status::Stopped | Status::Failed) {
        return;
    }
    let cancel = stages.job.cancel;
    let confirmed = tokio::select! {
        confirmed = confirmed(stages) => confirmed,
        () = cancel.cancelled() => Err(Error::unexpected("it was stopped before")),
    };
    if let Err(error) = confirmed {
        tracing::warn!(%error, "the sync is not verified");
        stages.accounts.report.unverified = Some(error.to_string());
    }
}

async fn confirmed(stages: &mut Stages<'_>) -> Result<()> {
    let (mut difference, mut written) = compare(stages).await?;
    let mut names = Names::new();
    let report = &*stages.accounts.report;
    if !difference.is_empty() && report.complete && report.withheld == 0 {
        names = repair(stages, &difference).await?;
        (difference, written) = compare(stages).await?;
    }
    if !difference.is_empty() {
        return name(stages, &difference, &names).await;
    }
    stages.accounts.report.verified = true;
    commit_marks(stages.job.context, written).await;
    Ok(())
}

/// Compares the digests, and reads where they differ; where nothing does, returns the marks. Nearly always nothing differs,
/// so they are written while the server computes its digest.
async fn compare(stages: &mut Stages<'_>) -> Result<(IndexDifference, Option<NewMarks>)> {
    let (client, name) = (stages.job.client, stages.job.index);
    let (context, snapshot) = (stages.job.context, &mut stages.snapshot);
    let digest = on_inventory(context, &mut snapshot.inventory, |inventory| inventory.digest());
    let (ours, ()) = tokio::try_join!(digest, index::refresh(client, name))?;
    let theirs = ask_or_list(client, name, ours.grid());
    let (theirs, written) = tokio::join!(theirs, write_marks(context, snapshot));
    let theirs = theirs?;
    let places = places(&snapshot.inventory, (&ours, &theirs));
    if places.is_empty() {
        return Ok((IndexDifference::default(), written));
    }
    let documents = ours.count_in(&places).max(theirs.count_in(&places));
    if documents > MOST {
        return Err(Error::unexpected("the index holds something else: another sync may be at work")
            .with("documents", documents));
    }
    let ranges = ours.grid().ranges(&places);
    let mut found = Vec::new();
    scan::each_mark(client, name, Part::Ranges(&ranges), |mark| found.push(mark)).await?;
    found.sort_unstable();
    accept_unknown(&mut snapshot.inventory, &found);
    let within = move |inventory: &mut Inventory| within(inventory, &ours, &places);
    let mut expected = on_inventory(context, &mut snapshot.inventory, within).await?;
    expected.sort_unstable();
    let difference = IndexDifference::between(&expected, &found);
    let written = if difference.is_empty() { write_marks(context, snapshot).await } else { None };
    Ok((difference, written))
}

/// Reports what differs: by name as far as one is known, else by hash.
async fn name(stages: &mut Stages<'_>, difference: &IndexDifference, names: &Names) -> Result<()> {
    let mut ids: Vec<i64> = difference.missing.iter().chain(&difference.extra).map(|mark| mark.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let extra = &difference.extra[..difference.extra.len().min(LOOKUP)];
    let ownership = ownership(&stages.render.shape, &stages.snapshot);
    let located = scan::locate(stages.job.client, stages.job.index, (extra, usize::MAX), ownership).await?;
    let located: Names = located.into_iter().map(|found| (found.mark.id, found.id)).collect();
    let differing = &mut stages.accounts.report.differing;
    for id in ids {
        let name = located.get(&id).or_else(|| names.get(&id)).cloned();
        differing.add(&name.unwrap_or_else(|| format!("_sync.id {id}")));
    }
    tracing::warn!(count = differing.count, "the index differs from what was written");
    Ok(())
}

/// Writes the marks for the next sync, where they are others than the last one left.
async fn write_marks(context: &Context, snapshot: &mut IndexSnapshot) -> Option<NewMarks> {
    let file = snapshot.file.clone().filter(|_| snapshot.inventory.is_changed())?;
    let written = on_inventory(context, &mut snapshot.inventory, move |inventory| {
        let count = inventory.expected().count() as u64;
        file.write(count, inventory.expected())
    });
    written.await.and_then(|written| Ok(written?)).map_err(not_saved).ok()
}

/// Replaces the saved marks by those that were written.
async fn commit_marks(context: &Context, written: Option<NewMarks>) {
    let Some(written) = written else { return };
    let kept = context.blocking(move || Ok(written.commit()?)).await;
    _ = kept.map_err(not_saved);
}

/// Works on the inventory away from the threads that run async code.
async fn on_inventory<T: Send + 'static>(
    context: &Context,
    inventory: &mut Inventory,
    work: impl FnOnce(&mut Inventory) -> T + Send + 'static,
) -> Result<T> {
    let mut moved = std::mem::take(inventory);
    let done = context.blocking(move || {
        let done = work(&mut moved);
        Ok((moved, done))
    });
    let (moved, done) = done.await?;
    *inventory = moved;
    Ok(done)
}

/// Marks that can't be saved fail no sync: the next one reads them from the index.
fn not_saved(error: Error) {
    tracing::warn!(%error, "the marks can't be saved; the next sync reads them from the index");
}

/// The buckets to read: those whose digests differ, and those with hashes that are marked as unknown.
fn places(inventory: &Inventory, (ours, theirs): (&Digest, &Digest)) -> Vec<usize> {
    let mut places = ours.differing(theirs);
    places.extend(inventory.unknown_ids().into_iter().map(|id| ours.grid().place(id)));
    places.sort_unstable();
    places.dedup();
    places
}

/// Accepts whatever the index holds for the hashes that are marked as unknown.
fn accept_unknown(inventory: &mut Inventory, found: &[Mark]) {
    for id in inventory.unknown_ids() {
        let start = found.partition_point(|mark| mark.id < id);
        let marks = found[start..].iter().take_while(|mark| mark.id == id).map(|mark| mark.mark);
        inventory.correct(id, Some(marks.collect()));
    }
}

/// What the index should hold in these places.
fn within(inventory: &Inventory, digest: &Digest, places: &[usize]) -> Vec<Mark> {
    let grid = digest.grid();
    inventory.expected().filter(|mark| places.binary_search(&grid.place(mark.id)).is_ok()).collect()
}
