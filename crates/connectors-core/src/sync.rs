//! Keeps an index equal to a source.
//!
//! ```text
//! source.documents ─► inventory ─► rules ─► content ─► bulk ─► Elasticsearch
//!                     unchanged?   wanted?  fetch,     encode once,
//!                                           extract    several in flight, retry per item
//! at the end, if the listing was complete: unseen ─► guard ─► bulk deletes ─► digest ─► report
//! ```
//!
//! The folders follow this way, and none names one above it: `settle` is what is left to do once documents are written,
//! `take` is their way into the index, `know` is what the index holds before it.

mod access;
mod accounts;
mod job;
mod know;
mod patience;
mod settle;
mod take;

pub use self::accounts::{
    Contents, Counters, Difference, Failure, KnownBy, Phase, Report, Share, Stage, Status, Tolerance,
};
pub use self::job::{DEFAULT_PIPELINE, Flags, Job, Options, Pipeline, TakeOver};
pub use self::know::failures;
pub use self::know::owner::{Holding, give, holding};
pub use self::settle::guard::allows_deletes;
pub use self::settle::taking::{Overlap, overlap};
pub use self::settle::verify::{FieldDifferences, Verification, preview, verify, verify_deep};
pub use crate::elastic::index::Owner;

use self::access::identities::Identities;
use self::know::cursor::{self, Place};
use self::know::owner::Refusal;
use self::know::prepare::{Prepared, prepare, prepare_changes};
use self::know::uuid;
use self::patience::within;
use self::settle::close::{close, is_gone, report_ignored};
use self::settle::confirm::confirm;
use self::settle::{deletes, loading};
use self::take::incremental::{self as changes, Checkpoints};
use self::take::stages::Stages;
use self::take::{listing, write};
use crate::elastic::{Preset, index};
use crate::panics::caught_stream;
use crate::{AccessControl, Context, Cursor, Incremental, Result, Rules};

/// Lists everything and makes the index equal to it.
///
/// Never fails without accounts: what ended it early stands in [`Report::error`].
pub async fn full(job: &Job<'_>) -> Report {
    accounted(job, async |report| {
        index::check_content_name(job.index)?;
        run(job, report).await
    })
    .await
}

/// A full sync after which [`incremental`] can go on: the cursor is taken before the listing begins, so
/// that nothing in between is missed, and kept once everything listed is written.
///
/// A source that has no cursor now (a database without a log of changes) is synced all the same. No cursor is kept where
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
        if let Err(error) = cursor::save(job, &place, &cursor).await {
            report.fail(&error);
        }
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

/// Makes the index equal to the identities of the source; one that is gone is deleted, under the guard of all deletes.
///
/// Never fails without accounts.
pub async fn access_control(job: &Job<'_>, source: &dyn AccessControl) -> Report {
    let identities = Identities { source, clock: job.context.clock.clone() };
    let rules = Rules::default();
    let options = Options {
        document_level_security: false,
        skip_unchanged: None,
        mapping: Preset::Dynamic,
        // Identities that another tool kept for the same content are replaced, under the guard.
        take_over: job.options.take_over.max(TakeOver::Unowned),
        ..job.options
    };
    let job = Job { source: &identities, rules: &rules, pipeline: None, options, ..*job };
    accounted(&job, async |report| {
        index::check_identity_name(job.index)?;
        run(&job, report).await
    })
    .await
}

/// The report of some work, with its time and traffic, and the error that ended it.
async fn accounted(job: &Job<'_>, work: impl AsyncFnOnce(&mut Report) -> Result<()>) -> Report {
    let (started, before) = (std::time::Instant::now(), job.client.traffic().totals());
    let mut report = Report::new(job.index);
    if let Err(error) = work(&mut report).await {
        report.fail(&error);
    }
    let after = job.client.traffic().totals();
    report.close(std::array::from_fn(|place| after[place] - before[place]), started.elapsed());
    report
}

async fn run(job: &Job<'_>, report: &mut Report) -> Result<()> {
    let prepared = tokio::select! {
        prepared = prepare(job, report) => prepared,
        () = job.cancel.cancelled() => {
            report.status = Status::Stopped;
            return Ok(());
        }
    };
    match prepared {
        Ok(Some(prepared)) => list_into(job, prepared, report).await,
        Ok(None) => {
            report.status = Status::Skipped;
            Ok(())
        }
        Err(refusal) => refused(refusal, report),
    }
}

/// Lists the source into an index that is ready for it, deletes what is gone, and verifies.
async fn list_into(job: &Job<'_>, prepared: Prepared, report: &mut Report) -> Result<()> {
    let (index_uuid, existing) = (prepared.uuid.clone(), prepared.existing.clone());
    let mut stages = Stages::new(job, prepared, report)?;
    job.counters.enter(Phase::Listing);
    let listed = listing::take(&mut stages).await;
    job.counters.enter(Phase::Writing);
    let ends_loading = existing.meta.is_loading && !is_gone(&listed);
    let (written, existing) =
        tokio::join!(write::finish_writes(&mut stages), loading::end(job, existing, ends_loading));
    let ended = match listed.and_then(|failed_scopes| written.map(|()| failed_scopes)) {
        Ok(failed_scopes) => settle(&mut stages, &failed_scopes, index_uuid.as_deref()).await,
        Err(error) => Err(error),
    };
    if ended.is_err() {
        stages.accounts.report.verified = false;
    }
    if stages.accounts.report.verified {
        loading::end_remarking(job, existing).await;
    }
    let closed = close(&mut stages, ended).await;
    drop(stages);
    report_ignored(job, report, &closed).await;
    closed
}

/// Deletes what is gone, and verifies.
async fn settle(stages: &mut Stages<'_>, failed_scopes: &[String], index_uuid: Option<&str>) -> Result<()> {
    stages.failing.check()?;
    let job = stages.job;
    job.counters.enter(Phase::Deleting);
    deletes::delete(stages, failed_scopes).await?;
    job.counters.enter(Phase::Verifying);
    // Before, so that nothing is repaired in an index that is another one by now.
    uuid::check(job, index_uuid).await?;
    confirm(stages).await;
    uuid::check(job, index_uuid).await
}

async fn apply(job: &Job<'_>, source: &dyn Incremental, report: &mut Report) -> Result<()> {
    index::check_content_name(job.index)?;
    let prepared = tokio::select! {
        prepared = prepare_changes(job, source, report) => prepared,
        () = job.cancel.cancelled() => {
            report.status = Status::Stopped;
            return Ok(());
        }
    };
    let (prepared, place, from) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refused(refusal, report),
    };
    let mut stages = Stages::new(job, prepared, report)?;
    let mut checkpoints = Checkpoints::new(place);
    job.counters.enter(Phase::Listing);
    let changes = || caught_stream(|| source.changes(from, job.rules));
    let applied = changes::take(&mut stages, changes, &mut checkpoints).await;
    job.counters.enter(Phase::Writing);
    // What was read before an error is written, and the place behind it is kept.
    let kept = checkpoints.save(&mut stages).await;
    let closed = close(&mut stages, applied.and(kept)).await;
    drop(stages);
    report_ignored(job, report, &closed).await;
    closed
}

/// Where changes go on, and of which backend.
async fn start(context: &Context, source: &dyn Incremental) -> Result<(Cursor, Option<String>)> {
    within(context, "where its changes go on", async {
        Ok((source.cursor().await?, source.backend().await?))
    })
    .await
}

fn refused(refusal: Refusal, report: &mut Report) -> Result<()> {
    match refusal {
        Refusal::NotOurs(reason) => {
            report.refuse(reason);
            Ok(())
        }
        Refusal::Failed(error) => Err(error),
    }
}
