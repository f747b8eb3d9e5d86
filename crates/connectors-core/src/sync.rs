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
mod content;
mod deletes;
mod draft;
mod dropped;
pub mod failures;
mod identities;
mod incremental;
mod inventory;
mod learn;
mod mark;
mod marks;
mod pipeline;
mod render;
mod repair;
mod report;
mod run;
mod state;
mod system;
mod verify;

pub use identities::access_control;
pub use incremental::{full_resumable, incremental};
pub use pipeline::{DEFAULT_PIPELINE, Flags, Pipeline};
pub use report::{Contents, Counters, Difference, Failure, KnownBy, Phase, Report, Stage, Status};
pub use verify::{Differing, Verification, verify, verify_deep};

use std::collections::HashSet;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use crate::elastic::index::Facts;
use crate::elastic::{Client, Preset, index};
use crate::{Context, Result, Rules, Source};

use self::dropped::Dropped;
use self::learn::{Learnt, learn};
use self::marks::MarkFile;
use self::pipeline::{InForce, in_force};
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
    /// True ends at once when the source is certain that nothing changed. Only for a source whose last
    /// sync completed.
    pub skip_unchanged: bool,
    /// The sync fails when more documents than this do.
    pub max_failures: usize,
    /// True lets documents be read only by those whom their permissions name.
    pub document_level_security: bool,
    /// How an index is mapped that has to be made.
    pub mapping: Preset,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delete_share: 0.5,
            delete_floor: 10,
            allow_deletes: false,
            retry_failed: false,
            skip_unchanged: false,
            max_failures: 10_000,
            document_level_security: false,
            mapping: Preset::default(),
        }
    }
}

/// Lists everything and makes the index equal to it.
///
/// Never fails without accounts: what ended it early stands in [`Report::error`].
pub async fn full(job: &Job<'_>) -> Report {
    accounted(job, async |report| run(job, report).await).await
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
    index::check_name(job.index)?;
    let may_skip = job.options.skip_unchanged && !job.options.retry_failed;
    if may_skip && !job.source.changed().await.unwrap_or(true) {
        report.status = Status::Skipped;
        return Ok(());
    }
    let (prepared, is_loading) = tokio::select! {
        prepared = prepare(job, &mut report.mapping) => prepared?,
        () = job.cancel.cancelled() => {
            report.status = Status::Stopped;
            return Ok(());
        }
    };
    let mut run = Run::new(job, prepared, report);
    job.counters.enter(Phase::Listing);
    let listed = run.listing().await;
    job.counters.enter(Phase::Writing);
    let ends_loading = is_loading && !is_gone(&listed);
    let (written, ()) = tokio::join!(run.finish_writes(), end_loading(job, ends_loading));
    let mut ended = listed.and(written);
    if ended.is_ok() {
        job.counters.enter(Phase::Deleting);
        ended = run.deletes().await;
    }
    if ended.is_ok() {
        job.counters.enter(Phase::Verifying);
        run.confirm().await;
    }
    run.close(ended).await
}

/// True after an error that outlasted every try: the server may be gone, and is asked nothing more.
fn is_gone(ended: &Result<()>) -> bool {
    ended.as_ref().is_err_and(|error| error.kind().is_passing())
}

/// What a sync goes by.
struct Prepared {
    /// What the index holds.
    learnt: Learnt,
    /// The ids that failed in earlier syncs.
    failed_before: HashSet<String>,
    /// The pipelines that documents go through.
    pipeline: Option<InForce>,
    /// What they drop.
    dropped: Dropped,
}

/// Reaches both ends, makes the index where it is not there, and learns what it holds; true where it is loaded for the
/// first time.
async fn prepare(job: &Job<'_>, mapping: &mut Option<Preset>) -> Result<(Prepared, bool)> {
    job.source.ping().await?;
    let ready = map(job, job.source).await?;
    *mapping = ready.preset;
    job.counters.enter(Phase::Comparing);
    let failed_before = failures::ids(job.client, job.index).await?;
    let facts = index::facts(job.client, job.index).await?;
    let pipeline = in_force(job, &facts).await?;
    let dropped = dropped(job, &facts, pipeline.as_ref()).await;
    let learnt = if ready.is_new { Learnt::empty(job, &facts) } else { learn(job, &facts).await? };
    Ok((Prepared { learnt, failed_before, pipeline, dropped }, facts.is_loading))
}

/// What the pipelines dropped in the last sync.
async fn dropped(job: &Job<'_>, facts: &Facts, pipeline: Option<&InForce>) -> Dropped {
    let named = job.marks.zip(facts.uuid.as_deref()).filter(|_| pipeline.is_some());
    Dropped::read(named.and_then(|(folder, uuid)| MarkFile::dropped(folder, uuid)), job.context).await
}

/// Lets the server refresh the index by itself from now on, and begin with it: what it holds becomes searchable while the last
/// bulks are on their way, and what is left to do behind them is little. Not where the server is gone: the next sync does.
async fn end_loading(job: &Job<'_>, ends: bool) {
    if !ends {
        return;
    }
    // The end of the sync refreshes again, and tells why it can't.
    let (_, ended) =
        tokio::join!(index::refresh(job.client, job.index), index::end_loading(job.client, job.index));
    if let Err(error) = ended {
        let told = "until a sync may change its settings, the index is refreshed only when it is searched";
        tracing::warn!(index = job.index, %error, "{told}");
    }
}

/// Makes the index where it is not there.
async fn map(job: &Job<'_>, source: &(impl Source + ?Sized)) -> Result<index::Ready> {
    let ready = index::prepare(job.client, job.index, job.options.mapping, source.fields()).await?;
    if job.options.document_level_security {
        index::check_access(job.client, job.index).await?;
    }
    Ok(ready)
}
