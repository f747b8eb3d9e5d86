//! Before a sync: both ends are reached, the index is created or claimed, and what it holds is read.

use std::collections::HashMap;

use super::cursor::{self, Place};
use super::dropped::Dropped;
use super::failures::{self, FailedBefore};
use super::fingerprint::hash_numbers;
use super::owner::{Refusal, check_owner, claim};
use super::pipeline::{ActivePipelines, active_pipelines, check_mend};
use super::snapshot::IndexSnapshot;
use crate::document::hash;
use crate::elastic::index::{self, Existing, Facts, SYNC_VERSION, Wanted};
use crate::sync::accounts::{Phase, Report};
use crate::sync::job::{Job, Pipeline};
use crate::sync::patience::within;
use crate::{Cursor, Error, FieldSpec, Incremental, Result, Source};

/// What a sync starts from.
pub(crate) struct Prepared {
    /// The index, and what its `_meta` says from this sync on.
    pub(crate) existing: Existing,
    /// Its uuid.
    pub(crate) uuid: Option<String>,
    /// What the index holds.
    pub(crate) snapshot: IndexSnapshot,
    /// What failed in earlier syncs, by id.
    pub(crate) failed_before: HashMap<String, FailedBefore>,
    /// The pipelines that documents go through.
    pub(crate) pipeline: Option<ActivePipelines>,
}

/// Makes everything ready for a full sync; none where nothing changed since the last one.
pub(crate) async fn prepare(job: &Job<'_>, report: &mut Report) -> Result<Option<Prepared>, Refusal> {
    let found = index::find(job.client, job.index).await?;
    if is_unchanged(job, found.as_ref()).await? {
        report.basis = job.options.skip_unchanged;
        return Ok(None);
    }
    within(job.context, "an answer to its first question", job.source.ping()).await?;
    let fields = declared(job, job.source).await?;
    let pipeline = job.pipeline.map(Pipeline::recorded);
    let wanted = Wanted { pipeline: pipeline.as_ref(), ..wanted(job, &fields) };
    job.may_write().await?;
    let made = match &found {
        None => index::create(job.client, job.index, &wanted).await?,
        Some(_) => None,
    };
    let is_new = made.is_some();
    let (existing, foreign) = match made {
        Some(made) => (made, 0),
        None => claimed(job, found, &wanted).await?,
    };
    check_access(job, &existing)?;
    report.mapping = existing.meta.preset;
    report.mismatched = existing.differences(&fields);
    job.counters.enter(Phase::Comparing);
    let failed_before = failures::before(job, report).await?;
    let facts = index::facts(job.client, job.index).await?;
    let pipeline = active_pipelines(job, &facts).await?;
    check_mend(job, pipeline.as_ref().map_or(&[], |pipeline| &pipeline.names[..]))?;
    report.uuid.clone_from(&facts.uuid);
    report.basis = basis(job, &facts, pipeline.as_ref());
    let dropped = Dropped::before(job, &facts, pipeline.as_ref()).await;
    let read =
        if is_new { IndexSnapshot::empty(job, &facts) } else { IndexSnapshot::read(job, &facts).await? };
    let snapshot = IndexSnapshot { foreign, is_remarking: existing.meta.is_remarking, dropped, ..read };
    Ok(Some(Prepared { existing, uuid: facts.uuid, snapshot, failed_before, pipeline }))
}

/// Makes everything ready for an incremental sync, and returns where it goes on.
pub(crate) async fn prepare_changes(
    job: &Job<'_>,
    source: &dyn Incremental,
    report: &mut Report,
) -> Result<(Prepared, Place, Cursor), Refusal> {
    let (existing, facts) = synced_before(job, source, report).await?;
    let place = Place {
        uuid: facts.uuid.clone(),
        backend: within(job.context, "what it is", source.backend()).await?,
    };
    let from = cursor::load(job, &place).await?;
    let failed_before = failures::before(job, report).await?;
    let pipeline = active_pipelines(job, &facts).await?;
    let snapshot = IndexSnapshot::unread();
    Ok((Prepared { existing, uuid: facts.uuid, snapshot, failed_before, pipeline }, place, from))
}

/// Checks that an incremental sync may write into the index, which a full one must have filled.
async fn synced_before(
    job: &Job<'_>,
    source: &(impl Source + ?Sized),
    report: &mut Report,
) -> Result<(Existing, Facts), Refusal> {
    let needs_full =
        |what: &str| Error::config(format!("{what}; run a full sync first")).with("index", job.index);
    let found = index::find(job.client, job.index).await?;
    let existing = found.ok_or_else(|| needs_full("there is no such index"))?;
    check_owner(job, &existing)?;
    if !existing.meta.is_current() || existing.meta.is_remarking {
        return Err(needs_full("an earlier version marked the documents of this index").into());
    }
    index::report_preset(job.index, existing.meta.preset, job.options.mapping);
    let meta = existing.meta.clone();
    let fields = declared(job, source).await?;
    job.may_write().await?;
    let existing = index::complete(job.client, job.index, existing, (&wanted(job, &fields), meta)).await?;
    check_access(job, &existing)?;
    report.mapping = existing.meta.preset;
    report.mismatched = existing.differences(&fields);
    let facts = index::facts(job.client, job.index).await?;
    Ok((existing, facts))
}

fn wanted<'a>(job: &Job<'a>, fields: &'a [FieldSpec]) -> Wanted<'a> {
    Wanted { preset: job.options.mapping, fields, owner: job.owner, pipeline: None }
}

/// The size up to which contents are read: zero where none are.
fn max_content(job: &Job<'_>) -> u64 {
    if job.reads_contents() { job.context.limits.max_content } else { 0 }
}

/// What the source declares of its fields.
async fn declared(job: &Job<'_>, source: &(impl Source + ?Sized)) -> Result<Vec<FieldSpec>> {
    within(job.context, "what its fields are", source.declared_fields()).await
}

/// An index that exists, or that another worker created in the meantime, once this sync may write into it.
async fn claimed(
    job: &Job<'_>,
    found: Option<Existing>,
    wanted: &Wanted<'_>,
) -> Result<(Existing, u64), Refusal> {
    let existing = match found {
        Some(existing) => existing,
        None => index::find(job.client, job.index).await?.ok_or_else(|| index::gone(job.index))?,
    };
    let (meta, foreign) = claim(job, &existing).await?;
    index::report_preset(job.index, existing.meta.preset, job.options.mapping);
    let has_new_key = existing.meta.key != meta.key;
    let completed = index::complete(job.client, job.index, existing, (wanted, meta)).await?;
    if !has_new_key {
        return Ok((completed, foreign));
    }
    // Of two syncs that gave it a key at once, the later one counts.
    let current = index::find(job.client, job.index).await?.ok_or_else(|| index::gone(job.index))?;
    Ok((current, foreign))
}

fn check_access(job: &Job<'_>, existing: &Existing) -> Result<()> {
    if job.options.document_level_security { existing.check_access(job.index) } else { Ok(()) }
}

/// True when the last sync was into this very index, by the same rules, pipelines and permissions, and the source is certain
/// that nothing changed since.
async fn is_unchanged(job: &Job<'_>, found: Option<&Existing>) -> Result<bool, Refusal> {
    let (Some(last), Some(existing)) = (job.options.skip_unchanged, found) else { return Ok(false) };
    if job.options.retry_failed || check_owner(job, existing).is_err() || !existing.meta.is_current() {
        return Ok(false);
    }
    let facts = index::facts(job.client, job.index).await?;
    let pipeline = active_pipelines(job, &facts).await?;
    if basis(job, &facts, pipeline.as_ref()) != Some(last) {
        return Ok(false);
    }
    let changed = within(job.context, "whether anything changed", job.source.changed()).await;
    Ok(!changed.unwrap_or(true))
}

/// A number that changes with everything that a sync depends on besides its source.
fn basis(job: &Job<'_>, facts: &Facts, pipeline: Option<&ActivePipelines>) -> Option<u64> {
    let uuid = hash(facts.uuid.as_deref()?.as_bytes());
    let pipeline = pipeline.map_or(0, |pipeline| pipeline.fingerprint);
    let max_text = job.context.limits.max_text.unwrap_or(u64::MAX);
    let is_closed = u64::from(job.options.document_level_security);
    let limits = [is_closed, max_content(job), max_text, SYNC_VERSION];
    Some(hash_numbers(&[uuid, job.rules.fingerprint(), pipeline, hash_numbers(&limits)]))
}
