//! What ends with the first whole sync of an index: its settings for loading, and marks of an older version.

use crate::Result;
use crate::elastic::index::{self, Existing, Meta, Wanted};
use crate::sync::job::Job;

/// Lets the server refresh the index by itself from now on, and begin with it: what it holds becomes searchable while the last
/// bulks are on their way, and what is left to do behind them is little. Not where the server is gone: the next sync does.
pub(crate) async fn end(job: &Job<'_>, existing: Existing, ends: bool) -> Existing {
    if !ends {
        return existing;
    }
    // The end of the sync refreshes again, and reports why it can't.
    let (_, ended) =
        tokio::join!(index::refresh(job.client, job.index), index::end_loading(job.client, job.index));
    if let Err(error) = ended {
        let what = "until a sync may change its settings, the index is refreshed only when it is searched; remove the setting by \
                    PUT /INDEX/_settings {\"index.search.idle.after\": null}";
        tracing::warn!(index = job.index, %error, "{what}");
        return existing;
    }
    let meta = Meta { is_loading: false, ..existing.meta.clone() };
    noted(job, existing, meta).await
}

/// Records that the index no longer holds marks of an older version.
pub(crate) async fn end_remarking(job: &Job<'_>, existing: Existing) {
    if existing.meta.is_remarking {
        let meta = Meta { is_remarking: false, ..existing.meta.clone() };
        noted(job, existing, meta).await;
    }
}

/// Writes `_meta`; the next sync does where this one can't.
async fn noted(job: &Job<'_>, existing: Existing, meta: Meta) -> Existing {
    match write(job, existing.clone(), meta).await {
        Ok(existing) => existing,
        Err(error) => {
            tracing::warn!(index = job.index, %error, "the end of the first sync could not be noted in `_meta`");
            existing
        }
    }
}

async fn write(job: &Job<'_>, existing: Existing, meta: Meta) -> Result<Existing> {
    let wanted = Wanted { preset: job.options.mapping, fields: &[], owner: job.owner, pipeline: None };
    index::complete(job.client, job.index, existing, (&wanted, meta)).await
}
