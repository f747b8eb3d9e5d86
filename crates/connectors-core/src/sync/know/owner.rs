//! The owner of an index: a sync writes only into an index that is its own, empty, or explicitly taken over.

use serde_json::json;

use crate::elastic::index::{self, Existing, Meta, Owner, SYNC_VERSION};
use crate::elastic::{Client, IndexKey, scan};
use crate::sync::job::{Job, Pipeline, TakeOver};
use crate::{Error, Result};

/// What an index holds, as shown before it is taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its owner, if it has one.
    pub owner: Option<Owner>,
    /// The documents in it.
    pub documents: u64,
    /// Those of them that no sync of ours wrote.
    pub foreign: u64,
}

/// What an index holds, and whose it is; none where there is no index.
///
/// # Errors
/// `Config` for a name that can't be used; when the server can't be asked.
pub async fn holding(client: &Client, index: &str) -> Result<Option<Holding>> {
    let Some(existing) = index::find(client, index).await? else { return Ok(None) };
    index::refresh(client, index).await?;
    let documents = index::count(client, index, &json!({ "match_all": {} })).await?;
    let foreign = scan::count_unmarked(client, index).await?;
    Ok(Some(Holding { owner: existing.meta.owner, documents, foreign }))
}

/// Gives an index to an owner, whether it had another one or not; none where there is no index.
///
/// # Errors
/// When the server can't be asked, or refuses.
pub async fn give(client: &Client, index: &str, owner: &Owner) -> Result<Option<()>> {
    let Some(existing) = index::find(client, index).await? else { return Ok(None) };
    let meta = Meta { owner: Some(owner.clone()), ..existing.meta.clone() };
    let wanted = index::Wanted {
        preset: existing.meta.preset.unwrap_or_default(),
        fields: &[],
        owner: None,
        pipeline: None,
    };
    index::complete(client, index, existing, (&wanted, meta)).await.map(|_| Some(()))
}

/// Why a sync does not write into an index.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It has another owner, or holds documents of others.
    NotOurs(String),
    /// It could not be asked.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What `_meta.sync` of an index is to say from this sync on, if the sync may write there; and how many documents in it no
/// sync of ours wrote.
pub(crate) async fn claim(job: &Job<'_>, existing: &Existing) -> Result<(Meta, u64), Refusal> {
    let take_over = job.options.take_over;
    check_owner(job, existing)?;
    index::refresh(job.client, job.index).await?;
    let foreign = scan::count_unmarked(job.client, job.index).await?;
    if foreign > 0 && take_over == TakeOver::Never {
        return Err(Refusal::NotOurs(format!(
            "the index `{}` holds {foreign} documents that no sync of ours wrote: name another index, or take this one over \
             with `--take-over`, which deletes those that the source does not have (`sync.take_over: true` for the service)",
            job.index
        )));
    }
    Ok((claimed(job, existing)?, foreign))
}

/// Refuses an index of another owner, without reading its documents: enough for an incremental sync, which deletes
/// nothing that its source does not name.
pub(crate) fn check_owner(job: &Job<'_>, existing: &Existing) -> Result<(), Refusal> {
    let (Some(theirs), Some(ours)) = (&existing.meta.owner, job.owner) else { return Ok(()) };
    if theirs == ours || job.options.take_over == TakeOver::Any {
        return Ok(());
    }
    Err(Refusal::NotOurs(format!(
        "the index `{}` belongs to {theirs}, and {ours} would delete its documents: name another index, or take this one \
         over with `--take-over`",
        job.index
    )))
}

/// The same `_meta.sync` in today's format, with the owner of the job.
fn claimed(job: &Job<'_>, existing: &Existing) -> Result<Meta> {
    let before = &existing.meta;
    let mut meta = before.clone();
    if let Some(owner) = job.owner {
        meta.owner = Some(owner.clone());
    }
    meta.pipeline = job.pipeline.map(Pipeline::recorded);
    if !before.is_current() {
        meta.key = Some(IndexKey::random()?);
        meta.version = SYNC_VERSION;
        meta.is_remarking = existing.has_marks();
    }
    if before.version > 0 && !before.is_current() {
        tracing::warn!(
            index = job.index,
            "an earlier version marked the documents of this index: this sync sends each of them once more"
        );
    }
    Ok(meta)
}
