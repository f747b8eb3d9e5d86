//! Whether an index is still the one that the sync began with.

use crate::elastic::index;
use crate::sync::job::Job;
use crate::{Error, Result};

/// Fails where the index is no longer the one that the sync began with.
///
/// # Errors
/// `Unexpected` for an index that was deleted, or replaced by another one of its name.
pub(crate) async fn check(job: &Job<'_>, uuid: Option<&str>) -> Result<()> {
    let current = index::uuid(job.client, job.index).await?;
    if current.as_deref() == uuid {
        return Ok(());
    }
    let what = if current.is_some() { "the index was replaced" } else { "the index was deleted" };
    Err(Error::unexpected(format!("{what} while the sync ran; nothing more is written, run it again"))
        .with("index", job.index))
}
