//! Deletes what the index holds and the source no longer has.

use futures::{StreamExt, TryStreamExt, stream};

use super::left_over::{Fate, LeftOver, Policy, foreign, locate, ownership};
use super::{gone, guard};
use crate::elastic::index;
use crate::elastic::scan::LOOKUP;
use crate::sync::know::dropped::Dropped;
use crate::sync::know::inventory::{Inventory, Unseen};
use crate::sync::take::stages::Stages;
use crate::sync::take::write;
use crate::{Error, Result};

/// Left-overs that are remembered between counting and deleting; more are looked up twice.
const REMEMBERED: usize = 100_000;

/// Questions for the ids of left-overs at a time.
const LOOKUPS: usize = 2;

/// Documents that may be deleted, and those that stay because their scope was not listed.
#[derive(Debug, Default)]
struct Sorted {
    gone: u64,
    kept: u64,
    /// Those that may be deleted, unless they are too many.
    remembered: Vec<LeftOver>,
}

/// Deletes what a listing did not name: everything after a complete one, after an incomplete one only
/// what lies outside of the scopes that failed.
///
/// # Errors
/// When the index can't be read, or nothing more is written.
pub(crate) async fn delete(stages: &mut Stages<'_>, failed_scopes: &[String]) -> Result<()> {
    if gone::is_stopped(stages) {
        return Ok(());
    }
    let knows_nothing = failed_scopes.iter().any(|scope| scope.trim_matches('/').is_empty());
    if knows_nothing {
        stages.accounts.report.kept = stages.snapshot.inventory.unseen_count() as u64;
        return Ok(());
    }
    let sorted = sorted(stages, failed_scopes).await?;
    stages.accounts.report.kept = sorted.kept;
    report_forgotten(stages);
    if sorted.gone == 0 {
        return Ok(());
    }
    if !guard::allows_deletes(&stages.job.options, stages.snapshot.held(), sorted.gone) {
        stages.accounts.report.withheld = sorted.gone;
        return Ok(());
    }
    let deleted = delete_all(stages, sorted, failed_scopes).await;
    let read = write::finish_contents(stages).await;
    let ended = deleted.and(read).and(write::finish_writes(stages).await);
    stages.accounts.report.repeated = stages.snapshot.inventory.sort();
    ended
}

/// Reports older versions of dropped documents that the next sync has to delete.
fn report_forgotten(stages: &mut Stages<'_>) {
    let left_out = stages.snapshot.dropped.forgotten();
    if left_out > 0 {
        let what =
            "more documents were dropped by the pipeline than are remembered; the next sync deletes the rest";
        let report = &mut *stages.accounts.report;
        report.note(&Error::unexpected(what).with("documents", left_out));
        report.kept += left_out;
        report.undeleted += left_out;
    }
}

async fn delete_all(stages: &mut Stages<'_>, sorted: Sorted, failed_scopes: &[String]) -> Result<()> {
    if sorted.remembered.len() as u64 == sorted.gone {
        return gone::delete(stages, sorted.remembered).await;
    }
    let mut from = 0;
    while let Some(unseen) = unseen(&stages.snapshot.inventory, &mut from) {
        let ownership = ownership(&stages.render.shape, &stages.snapshot);
        let found = locate(stages.job, unseen, ownership).await?.0;
        delete_those_gone(stages, found, failed_scopes).await?;
    }
    if let Some(mut foreign) = foreign(stages.job, stages.snapshot.foreign).await? {
        while let Some(ids) = foreign.next().await? {
            let found = ids.into_iter().map(LeftOver::unmarked).collect();
            delete_those_gone(stages, found, failed_scopes).await?;
        }
    }
    let dropped = dropped_before(&stages.snapshot.dropped).collect();
    gone::delete(stages, dropped).await
}

async fn delete_those_gone(
    stages: &mut Stages<'_>,
    found: Vec<LeftOver>,
    failed_scopes: &[String],
) -> Result<()> {
    let policy = policy(stages, failed_scopes);
    let gone = found.into_iter().filter(|found| policy.fate(found) == Fate::Gone).collect();
    gone::delete(stages, gone).await
}

async fn sorted(stages: &mut Stages<'_>, failed_scopes: &[String]) -> Result<Sorted> {
    let (mut sorted, mut from) = (Sorted::default(), 0);
    index::refresh(stages.job.client, stages.job.index).await?;
    let (mut absent, mut copies) = (Vec::new(), Vec::new());
    {
        let (job, policy) = (stages.job, policy(stages, failed_scopes));
        let ownership = ownership(&stages.render.shape, &stages.snapshot);
        let parts = std::iter::from_fn(|| unseen(policy.inventory, &mut from));
        let mut lookups = stream::iter(parts).map(|unseen| locate(job, unseen, ownership)).buffered(LOOKUPS);
        while let Some((found, missing)) = lookups.try_next().await? {
            absent.extend(missing);
            copies.extend(found.into_iter().filter_map(|found| sorted.add(found, &policy)));
        }
    }
    // Of these the index holds nothing any more: overwritten, or deleted by another tool.
    absent.into_iter().for_each(|mark| stages.snapshot.inventory.remove(mark));
    copies.iter().for_each(|id| stages.accounts.report.foreign.add(id));
    if let Some(mut foreign) = foreign(stages.job, stages.snapshot.foreign).await? {
        while let Some(ids) = foreign.next().await? {
            let policy = policy(stages, failed_scopes);
            ids.into_iter().for_each(|id| drop(sorted.add(LeftOver::unmarked(id), &policy)));
        }
    }
    dropped_before(&stages.snapshot.dropped).for_each(|found| sorted.is_gone(found));
    Ok(sorted)
}

fn policy<'a>(stages: &'a Stages<'_>, failed_scopes: &'a [String]) -> Policy<'a> {
    Policy {
        failing: &stages.failing,
        inventory: &stages.snapshot.inventory,
        take_over: stages.job.options.take_over,
        failed_scopes,
    }
}

fn unseen(inventory: &Inventory, from: &mut usize) -> Option<Unseen> {
    let unseen = inventory.unseen(*from, LOOKUP)?;
    *from = unseen.next;
    Some(unseen)
}

/// The older versions of documents that a pipeline drops now.
fn dropped_before(dropped: &Dropped) -> impl Iterator<Item = LeftOver> {
    dropped.older().iter().map(|id| LeftOver::unmarked(id.clone()))
}

impl Sorted {
    /// Sorts a document in; the id of one that is not ours to delete is returned.
    fn add(&mut self, found: LeftOver, policy: &Policy<'_>) -> Option<String> {
        match policy.fate(&found) {
            Fate::Listed => {}
            Fate::Uncertain => self.kept += 1,
            Fate::Gone => self.is_gone(found),
            Fate::Foreign => return Some(found.id),
        }
        None
    }

    fn is_gone(&mut self, found: LeftOver) {
        self.gone += 1;
        if self.remembered.len() < REMEMBERED {
            self.remembered.push(found);
        }
    }
}
