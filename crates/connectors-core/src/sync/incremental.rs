//! Applies what changed since a cursor, and keeps the cursor as far as everything before it is written.

use std::time::{Duration, Instant};

use futures::StreamExt;

use crate::elastic::index;
use crate::{Change, Cursor, Incremental, Result};

use super::inventory::Inventory;
use super::report::{Report, Status};
use super::run::Run;
use super::{Job, failures, full, state};

/// At least so long between two cursors that are kept.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(5);

/// A full sync after which [`incremental`] can go on: the cursor is taken before the listing begins, so
/// that nothing in between is missed, and kept once everything listed is written.
///
/// A source that can't tell a cursor now (a database without a log of changes) is synced all the same.
pub async fn full_resumable(job: &Job<'_>, source: &dyn Incremental) -> Report {
    let cursor = match source.cursor().await {
        Ok(cursor) => Some(cursor),
        Err(error) => {
            tracing::info!(%error, "no incremental sync can follow");
            None
        }
    };
    let mut report = full(job).await;
    let is_written = report.complete && !matches!(report.status, Status::Failed | Status::Stopped);
    if let Some(cursor) = cursor.filter(|_| is_written)
        && let Err(error) = state::save(job.client, job.index, &cursor).await
    {
        report.fail(&error);
    }
    report
}

/// Applies the changes since the cursor that the last sync of this index kept, up to now.
///
/// Never fails without accounts. Nothing is lost by an early end: the cursor stays where everything
/// before it is written, and what is applied twice ends the same.
pub async fn incremental(job: &Job<'_>, source: &dyn Incremental) -> Report {
    let (started, before) = (Instant::now(), job.client.traffic().totals());
    let mut report = Report::new(job.index);
    if let Err(error) = apply(job, source, &mut report).await {
        report.fail(&error);
    }
    let after = job.client.traffic().totals();
    report.close(std::array::from_fn(|place| after[place] - before[place]), started.elapsed());
    report
}

async fn apply(job: &Job<'_>, source: &dyn Incremental, report: &mut Report) -> Result<()> {
    index::check_name(job.index)?;
    let from = state::load(job.client, job.index).await?;
    index::prepare(job.client, job.index).await?;
    let failed_before = failures::ids(job.client, job.index).await?;
    let mut run = Run::new(job, (Inventory::unknown(), failed_before), report);
    let mut kept = Kept { latest: None, saved: Instant::now() };
    let applied = run.changes(source, from, &mut kept).await;
    let ended = applied.and(run.checkpoint(&mut kept).await);
    run.close(ended).await
}

/// The latest cursor, and when one was last kept.
struct Kept {
    latest: Option<Cursor>,
    saved: Instant,
}

impl Run<'_, '_> {
    async fn changes(&mut self, source: &dyn Incremental, from: Cursor, kept: &mut Kept) -> Result<()> {
        let mut changes = source.changes(from, self.job.rules);
        loop {
            let may_read = self.has_slot();
            tokio::select! {
                biased;
                () = self.job.cancel.cancelled() => {
                    self.report.status = Status::Stopped;
                    break;
                }
                content = self.next_content() => self.fetched(content).await?,
                change = changes.next(), if may_read => match change {
                    Some(Ok(change)) => self.change(change, kept).await?,
                    Some(Err(error)) => self.listing_error(error)?,
                    None => {
                        self.report.complete = self.report.listing_errors == 0;
                        break;
                    }
                },
            }
        }
        self.finish_contents().await
    }

    async fn change(&mut self, change: Change, kept: &mut Kept) -> Result<()> {
        match change {
            Change::Upsert(document) => self.document(document).await,
            Change::Delete(id) => self.delete(id.into_string()).await,
            Change::Checkpoint(cursor) => {
                // After an error a later cursor would skip what could not be read.
                if self.report.listing_errors == 0 {
                    kept.latest = Some(cursor);
                }
                if kept.saved.elapsed() < BETWEEN_CHECKPOINTS { Ok(()) } else { self.checkpoint(kept).await }
            }
        }
    }

    /// Waits until everything so far is written, then keeps the latest cursor.
    async fn checkpoint(&mut self, kept: &mut Kept) -> Result<()> {
        let read = self.finish_contents().await;
        read.and(self.finish_writes().await)?;
        kept.saved = Instant::now();
        match kept.latest.take() {
            Some(cursor) => state::save(self.job.client, self.job.index, &cursor).await,
            None => Ok(()),
        }
    }
}
