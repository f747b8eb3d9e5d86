//! Before a sync: both ends are reached, the index is made or claimed, and what it holds is learnt.

use std::collections::HashMap;

use crate::document::hash;
use crate::elastic::index::{self, Existing, Facts, SYNC_VERSION, Wanted};
use crate::{Error, FieldSpec, Result, Source};

use super::dropped::Dropped;
use super::failures::Before;
use super::learn::{Learnt, learn};
use super::mark::hash_of;
use super::marks::MarkFile;
use super::owner::{Refusal, check_owner, claim};
use super::patience::within;
use super::pipeline::{InForce, check_mend, in_force};
use super::report::{Phase, Report};
use super::{Job, failures};

/// What a sync goes by.
pub(super) struct Prepared {
    /// The index, and what its `_meta` says from this sync on.
    pub(super) existing: Existing,
    /// What the server called it when it was made.
    pub(super) uuid: Option<String>,
    /// What the index holds.
    pub(super) learnt: Learnt,
    /// Documents in it that no sync of ours wrote.
    pub(super) foreign: u64,
    /// What failed in earlier syncs, by id.
    pub(super) failed_before: HashMap<String, Before>,
    /// The pipelines that documents go through.
    pub(super) pipeline: Option<InForce>,
    /// What they drop.
    pub(super) dropped: Dropped,
}

/// Makes everything ready for a full sync; none where nothing changed since the last one.
pub(super) async fn prepare(job: &Job<'_>, report: &mut Report) -> Result<Option<Prepared>, Refusal> {
    let found = index::find(job.client, job.index).await?;
    if is_unchanged(job, found.as_ref()).await? {
        report.basis = job.options.skip_unchanged;
        return Ok(None);
    }
    within(job.context, "an answer to its first question", job.source.ping()).await?;
    let fields = declared(job, job.source).await?;
    let wanted = wanted(job, &fields);
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
    report.mismatched = existing.mismatched(&fields);
    job.counters.enter(Phase::Comparing);
    let failed_before = failures::before(job, report).await?;
    let facts = index::facts(job.client, job.index).await?;
    let pipeline = in_force(job, &facts).await?;
    check_mend(job, pipeline.as_ref().map_or(&[], |pipeline| &pipeline.names[..]))?;
    report.uuid.clone_from(&facts.uuid);
    report.basis = basis(job, &facts, pipeline.as_ref());
    let dropped = dropped(job, &facts, pipeline.as_ref()).await;
    let learnt = if is_new { Learnt::empty(job, &facts) } else { learn(job, &facts).await? };
    Ok(Some(Prepared { existing, uuid: facts.uuid, learnt, foreign, failed_before, pipeline, dropped }))
}

/// Checks that a sync of changes may write into the index, which must be there and have been synced whole.
pub(super) async fn prepare_changes(
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
    let existing = index::complete(job.client, job.index, existing, (&wanted(job, &fields), meta)).await?;
    check_access(job, &existing)?;
    report.mapping = existing.meta.preset;
    report.mismatched = existing.mismatched(&fields);
    let facts = index::facts(job.client, job.index).await?;
    Ok((existing, facts))
}

fn wanted<'a>(job: &Job<'a>, fields: &'a [FieldSpec]) -> Wanted<'a> {
    Wanted { preset: job.options.mapping, fields, owner: job.owner }
}

/// What the source declares of its fields.
async fn declared(job: &Job<'_>, source: &(impl Source + ?Sized)) -> Result<Vec<FieldSpec>> {
    within(job.context, "what its fields are", source.declared_fields()).await
}

/// An index that was there, or that somebody else made in the meantime, once this sync may write into it.
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
    let pipeline = in_force(job, &facts).await?;
    if basis(job, &facts, pipeline.as_ref()) != Some(last) {
        return Ok(false);
    }
    let changed = within(job.context, "whether anything changed", job.source.changed()).await;
    Ok(!changed.unwrap_or(true))
}

/// A number that changes with whatever a sync goes by besides its source.
fn basis(job: &Job<'_>, facts: &Facts, pipeline: Option<&InForce>) -> Option<u64> {
    let uuid = hash(facts.uuid.as_deref()?.as_bytes());
    let pipeline = pipeline.map_or(0, |pipeline| pipeline.print);
    let limits =
        [u64::from(job.options.document_level_security), job.context.limits.max_content, SYNC_VERSION];
    Some(hash_of(&[uuid, job.rules.fingerprint(), pipeline, hash_of(&limits)]))
}

/// What the pipelines dropped in the last sync.
pub(super) async fn dropped(job: &Job<'_>, facts: &Facts, pipeline: Option<&InForce>) -> Dropped {
    let named = job.marks.zip(facts.uuid.as_deref()).filter(|_| pipeline.is_some());
    Dropped::read(named.and_then(|(folder, uuid)| MarkFile::dropped(folder, uuid)), job.context).await
}

/// Fails where the index is no longer the one that the sync began with.
///
/// # Errors
/// `Unexpected` for an index that was deleted, or replaced by another one of its name.
pub(super) async fn check_uuid(job: &Job<'_>, uuid: Option<&str>) -> Result<()> {
    let current = index::uuid(job.client, job.index).await?;
    if current.as_deref() == uuid {
        return Ok(());
    }
    let what = if current.is_some() { "the index was replaced" } else { "the index was deleted" };
    Err(Error::unexpected(format!("{what} while the sync ran; nothing more is written, run it again"))
        .with("index", job.index))
}
