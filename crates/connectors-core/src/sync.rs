//! Keeps an index equal to a source.
//!
//! ```text
//! source.documents ─► inventory ─► rules ─► content ─► bulk ─► Elasticsearch
//!                     unchanged?   wanted?  fetch,     encode once,
//!                                           extract    several in flight, retry per item
//! at the end, if the listing was complete: unseen ─► guard ─► bulk deletes ─► digest ─► report
//! ```

mod access;
mod accounts;
mod confirm;
mod confirmed;
mod content;
mod deletes;
mod draft;
mod dropped;
pub mod failures;
mod identities;
mod incremental;
mod inventory;
mod learn;
mod loading;
mod mark;
mod marks;
mod mend;
mod mismatch;
mod owner;
mod patience;
mod pipeline;
mod prepare;
mod render;
mod repair;
mod report;
mod run;
mod state;
mod system;
mod verify;

pub use crate::elastic::index::Owner;
pub use identities::access_control;
pub use incremental::{full_resumable, incremental};
pub use owner::{Holding, TakeOver, give, holding};
pub use pipeline::{DEFAULT_PIPELINE, Flags, Pipeline};
pub use report::{Contents, Counters, Difference, Failure, KnownBy, Phase, Report, Stage, Status};
pub use verify::{Differing, Verification, verify, verify_deep};

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::elastic::{Client, Preset, ignored, index};
use crate::{Context, Result, Rules, Source};

use self::owner::Refusal;
use self::prepare::Prepared;
use self::run::Run;

/// One sync: what is read, where it goes, and within which limits.
pub struct Job<'a> {
    /// What is read.
    pub source: &'a dyn Source,
    /// What of it is wanted.
    pub rules: &'a Rules,
    /// Where it goes.
    pub client: &'a Client,
    /// The index that is kept equal.
    pub index: &'a str,
    /// Who keeps it equal: kept in the index, and another one is refused. None where nobody is asked.
    pub owner: Option<&'a Owner>,
    /// Clock and limits.
    pub context: &'a Context,
    /// The folder where marks are kept from one sync to the next, 16 bytes a document; what is in it is safe to
    /// lose. Without one, every sync reads the marks of the whole index.
    pub marks: Option<&'a Path>,
    /// The ingest pipeline that documents go through, if any beside those of the index itself. Not taken where it is
    /// [`DEFAULT_PIPELINE`] and the server has none of that name.
    pub pipeline: Option<&'a Pipeline>,
    /// How it is done.
    pub options: Options,
    /// Counted while it runs, for whoever watches.
    pub counters: &'a Counters,
    /// Ends the sync early: what is in flight is awaited, nothing is deleted.
    pub cancel: &'a CancellationToken,
}

/// How a sync is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Deletes above this share of the index are withheld, when they are more than [`Options::delete_floor`].
    pub delete_share: f64,
    /// This many deletes are always let through.
    pub delete_floor: u64,
    /// True lets any number of deletes through.
    pub allow_deletes: bool,
    /// True sends documents again that failed before, changed or not.
    pub retry_failed: bool,
    /// How long an incremental sync leaves a document alone that failed, twice as long after each further failure; none tries
    /// each of them each time. Only for sources that can be [looked up](crate::Lookup).
    pub retry_wait: Duration,
    /// Ends at once when the source is certain that nothing changed since its last sync, whose [`Report::basis`] this is: only
    /// where the index, rules, pipelines and permissions are still those of that sync.
    pub skip_unchanged: Option<u64>,
    /// The sync fails when more documents than this do.
    pub max_failures: usize,
    /// True lets documents be read only by those whom their permissions name.
    pub document_level_security: bool,
    /// How an index is mapped that has to be made.
    pub mapping: Preset,
    /// True reads every document of the index that is unchanged by its mark, and writes it again where a field differs: what
    /// somebody else edited in the index is mended.
    pub mend: bool,
    /// What becomes of an index that holds documents that no sync of this owner wrote.
    pub take_over: TakeOver,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delete_share: 0.5,
            delete_floor: 10,
            allow_deletes: false,
            retry_failed: false,
            retry_wait: Duration::ZERO,
            skip_unchanged: None,
            max_failures: 10_000,
            document_level_security: false,
            mapping: Preset::default(),
            mend: false,
            take_over: TakeOver::default(),
        }
    }
}

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

/// The accounts of some work, with its time and traffic, and the error that ended it.
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
        prepared = prepare::prepare(job, report) => prepared,
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
        Err(Refusal::NotOurs(reason)) => {
            report.refuse(reason);
            Ok(())
        }
        Err(Refusal::Failed(error)) => Err(error),
    }
}

/// Lists the source into an index that is ready for it, deletes what is gone, and verifies.
async fn list_into(job: &Job<'_>, prepared: Prepared, report: &mut Report) -> Result<()> {
    let (uuid, existing) = (prepared.uuid.clone(), prepared.existing.clone());
    let mut run = Run::new(job, prepared, report)?;
    job.counters.enter(Phase::Listing);
    let listed = run.listing().await;
    job.counters.enter(Phase::Writing);
    let ends_loading = existing.meta.is_loading && !is_gone(&listed);
    let (written, existing) = tokio::join!(run.finish_writes(), loading::end(job, existing, ends_loading));
    let mut ended = listed.and(written).and(run.check_failures());
    if ended.is_ok() {
        job.counters.enter(Phase::Deleting);
        ended = run.deletes().await;
    }
    if ended.is_ok() {
        job.counters.enter(Phase::Verifying);
        // Before, so that nothing is repaired in an index that is another one by now.
        ended = prepare::check_uuid(job, uuid.as_deref()).await;
    }
    if ended.is_ok() {
        run.confirm().await;
        ended = prepare::check_uuid(job, uuid.as_deref()).await;
    }
    if ended.is_err() {
        run.report.verified = false;
    }
    if run.report.verified {
        loading::end_remarking(job, existing).await;
    }
    let closed = run.close(ended).await;
    drop(run);
    note_ignored(job, report, &closed).await;
    closed
}

/// Reports the documents whose values the index does not hold, where this sync may have written some. What can't be asked is
/// logged.
async fn note_ignored(job: &Job<'_>, report: &mut Report, ended: &Result<()>) {
    let wrote = report.sent() + report.repaired + report.mended.count > 0;
    if !wrote || is_gone(ended) || job.cancel.is_cancelled() {
        return;
    }
    match ignored(job.client, job.index).await {
        Ok(found) => {
            if found.documents > 0 {
                let fields: Vec<&str> = found.fields.iter().map(|field| field.field.as_str()).collect();
                let (documents, fields) = (found.documents, fields.join(", "));
                let what = "the index does not hold all values of some documents; `connectors check --index` says why";
                tracing::warn!(index = job.index, documents, fields, "{what}");
            }
            report.ignored = found;
        }
        Err(error) => {
            tracing::warn!(index = job.index, %error, "documents with ignored fields could not be counted")
        }
    }
}

/// True after an error that outlasted every try: the server may be gone, and is asked nothing more.
fn is_gone(ended: &Result<()>) -> bool {
    ended.as_ref().is_err_and(|error| error.kind().is_passing())
}
