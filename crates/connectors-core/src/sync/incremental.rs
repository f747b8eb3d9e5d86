//! Applies what changed since a cursor, and keeps the cursor as far as everything before it is written.

use std::time::{Duration, Instant};

use crate::elastic::index::check_content_name;
use crate::panics::caught_stream;
use crate::{Context, Cursor, Incremental, Result};

use super::dropped::Dropped;
use super::learn::Learnt;
use super::owner::Refusal;
use super::patience::within;
use super::pipeline::in_force;
use super::prepare::{self, Prepared};
use super::report::{Phase, Report, Status};
use super::run::Run;
use super::state::Place;
use super::{Job, accounted, failures, full, note_ignored, state};

/// At least so long between two cursors that are kept.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(5);

/// A full sync after which [`incremental`] can go on: the cursor is taken before the listing begins, so
/// that nothing in between is missed, and kept once everything listed is written.
///
/// A source that can't tell a cursor now (a database without a log of changes) is synced all the same. No cursor is kept where
/// documents failed and could not be recorded, as incremental syncs would not try them again.
pub async fn full_resumable(job: &Job<'_>, source: &dyn Incremental) -> Report {
    let start = tokio::select! {
        start = start(job.context, source) => start.inspect_err(|error| tracing::info!(%error, "no incremental sync can follow")).ok(),
        // What follows ends at once.
        () = job.cancel.cancelled() => None,
    };
    let mut report = full(job).await;
    let is_kept = report.failed == 0 || report.warnings.is_empty();
    let is_whole = report.complete && report.verified && report.status != Status::Failed && is_kept;
    if let Some((cursor, backend)) = start.filter(|_| is_whole) {
        let place = Place { uuid: report.uuid.clone(), backend };
        if let Err(error) = state::save(job, &place, &cursor).await {
            report.fail(&error);
        }
    }
    report
}

/// Where changes go on, and of which backend.
async fn start(context: &Context, source: &dyn Incremental) -> Result<(Cursor, Option<String>)> {
    within(context, "where its changes go on", async {
        Ok((source.cursor().await?, source.backend().await?))
    })
    .await
}

/// Applies the changes since the cursor that the last sync of this index kept, up to now.
///
/// Never fails without accounts. Nothing is lost by an early end: the cursor stays where everything
/// before it is written, and what is applied twice ends the same.
pub async fn incremental(job: &Job<'_>, source: &dyn Incremental) -> Report {
    accounted(job, async |report| apply(job, source, report).await).await
}

async fn apply(job: &Job<'_>, source: &dyn Incremental, report: &mut Report) -> Result<()> {
    check_content_name(job.index)?;
    let ready = tokio::select! {
        ready = ready(job, source, report) => ready,
        () = job.cancel.cancelled() => {
            report.status = Status::Stopped;
            return Ok(());
        }
    };
    let (prepared, place, from) = match ready {
        Ok(ready) => ready,
        Err(Refusal::NotOurs(reason)) => {
            report.refuse(reason);
            return Ok(());
        }
        Err(Refusal::Failed(error)) => return Err(error),
    };
    let mut run = Run::new(job, prepared, report)?;
    run.checkpoints.place = place;
    job.counters.enter(Phase::Listing);
    let applied = match run.retry_failed().await {
        Ok(()) => run.take_in(caught_stream(|| source.changes(from, job.rules))).await,
        Err(error) => Err(error),
    };
    job.counters.enter(Phase::Writing);
    // What was read before an error is written, and the place behind it is kept.
    let kept = run.checkpoint().await;
    let closed = run.close(applied.and(kept)).await;
    drop(run);
    note_ignored(job, report, &closed).await;
    closed
}

/// What a sync of changes goes by, and where it goes on.
async fn ready(
    job: &Job<'_>,
    source: &dyn Incremental,
    report: &mut Report,
) -> Result<(Prepared, Place, Cursor), Refusal> {
    let (existing, facts) = prepare::prepare_changes(job, source, report).await?;
    let place = Place {
        uuid: facts.uuid.clone(),
        backend: within(job.context, "what it is", source.backend()).await?,
    };
    let from = state::load(job, &place).await?;
    let failed_before = failures::before(job, report).await?;
    let pipeline = in_force(job, &facts).await?;
    let prepared = Prepared {
        existing,
        uuid: facts.uuid,
        learnt: Learnt::nothing(),
        foreign: 0,
        failed_before,
        pipeline,
        dropped: Dropped::default(),
    };
    Ok((prepared, place, from))
}

/// The latest cursor, what it belongs to, and when one was last kept.
pub(super) struct Checkpoints {
    place: Place,
    latest: Option<Cursor>,
    saved: Instant,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { place: Place::default(), latest: None, saved: Instant::now() }
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

    /// Waits until everything so far is written or kept for another try, then keeps the latest cursor.
    async fn checkpoint(&mut self) -> Result<()> {
        let read = self.finish_contents().await;
        read.and(self.finish_writes().await)?;
        self.check_failures()?;
        self.record_failures().await?;
        self.checkpoints.saved = Instant::now();
        let Some(cursor) = self.checkpoints.latest.take().filter(|_| self.may_pass()) else { return Ok(()) };
        prepare::check_uuid(self.job, self.checkpoints.place.uuid.as_deref()).await?;
        state::save(self.job, &self.checkpoints.place, &cursor).await
    }

    /// Whether a cursor may pass what failed: only where the source can be asked for it again by id.
    fn may_pass(&self) -> bool {
        let may = self.failing.is_empty() || self.job.source.lookup().is_some();
        if !may {
            tracing::warn!(
                index = self.job.index,
                failed = self.failing.len(),
                "the place to go on from stays before the documents that failed, so that the next sync tries them again"
            );
        }
        may
    }
}
