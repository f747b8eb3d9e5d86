//! Applies what changed since a cursor, and keeps the cursor as far as everything before it is written.

use std::time::{Duration, Instant};

use crate::elastic::index;
use crate::{Cursor, Incremental, Result};

use super::dropped::Dropped;
use super::learn::Learnt;
use super::pipeline::in_force;
use super::report::{Phase, Report, Status};
use super::run::Run;
use super::{Job, Prepared, accounted, failures, full, state};

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
        && let Err(error) = state::save(job, &cursor).await
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
    accounted(job, async |report| apply(job, source, report).await).await
}

async fn apply(job: &Job<'_>, source: &dyn Incremental, report: &mut Report) -> Result<()> {
    index::check_name(job.index)?;
    let facts = index::facts(job.client, job.index).await?;
    let from = state::load(job, &facts).await?;
    report.mapping = super::map(job, source).await?.preset;
    let failed_before = failures::ids(job.client, job.index).await?;
    let pipeline = in_force(job, &facts).await?;
    let dropped = Dropped::default();
    let prepared = Prepared { learnt: Learnt::nothing(), failed_before, pipeline, dropped };
    let mut run = Run::new(job, prepared, report);
    job.counters.enter(Phase::Listing);
    let applied = run.take_in(source.changes(from, job.rules)).await;
    job.counters.enter(Phase::Writing);
    let ended = applied.and(run.checkpoint().await);
    run.close(ended).await
}

/// The latest cursor, and when one was last kept.
pub(super) struct Checkpoints {
    latest: Option<Cursor>,
    saved: Instant,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { latest: None, saved: Instant::now() }
    }
}

impl Run<'_, '_> {
    /// Takes note of a cursor, which is kept now and then.
    pub(super) async fn passed(&mut self, cursor: Cursor) -> Result<()> {
        // After an error a later cursor would skip what could not be read.
        if self.report.listing_errors == 0 {
            self.checkpoints.latest = Some(cursor);
        }
        let is_due = self.checkpoints.saved.elapsed() >= BETWEEN_CHECKPOINTS;
        if is_due { self.checkpoint().await } else { Ok(()) }
    }

    /// Waits until everything so far is written, then keeps the latest cursor.
    async fn checkpoint(&mut self) -> Result<()> {
        let read = self.finish_contents().await;
        read.and(self.finish_writes().await)?;
        self.checkpoints.saved = Instant::now();
        match self.checkpoints.latest.take() {
            Some(cursor) => state::save(self.job, &cursor).await,
            None => Ok(()),
        }
    }
}
