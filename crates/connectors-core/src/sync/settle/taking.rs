//! What taking over an index of another tool would do, found out without writing.

use std::collections::HashSet;

use futures::StreamExt;

use crate::document::hash;
use crate::elastic::scan::Unmarked;
use crate::panics::caught_stream;
use crate::sync::job::Job;
use crate::sync::patience::within;
use crate::{DocumentId, Result};

/// How the documents of another tool compare with those of the source, by their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Documents that both have: each is written once more, as it carries no mark yet.
    pub kept: u64,
    /// Documents that the source alone has.
    pub created: u64,
    /// Documents that the source does not have.
    pub deleted: u64,
    /// Errors of the listing; while there are any, nothing is deleted.
    pub listing_errors: u64,
}

/// Lists the source and compares ids with those of the documents that no sync of ours wrote. Holds 8 bytes a document.
///
/// # Errors
/// When one of the two can't be read at all.
pub async fn overlap(job: &Job<'_>) -> Result<Overlap> {
    within(job.context, "an answer to its first question", job.source.ping()).await?;
    let mut found = Overlap::default();
    let listed = listed(job, &mut found).await?;
    let mut unmarked = Unmarked::open(job.client, job.index).await?;
    while let Some(ids) = unmarked.next().await? {
        let kept = ids.iter().filter(|id| listed.contains(&hash(id.as_bytes()))).count() as u64;
        found.kept += kept;
        found.deleted += ids.len() as u64 - kept;
    }
    found.created = (listed.len() as u64).saturating_sub(found.kept);
    Ok(found)
}

/// Hashes of the ids that the source lists and the rules take.
async fn listed(job: &Job<'_>, found: &mut Overlap) -> Result<HashSet<u64>> {
    let of_id = |id: &DocumentId| hash(id.as_str().as_bytes());
    let mut listed = HashSet::new();
    let mut documents = caught_stream(|| job.source.documents(job.rules));
    loop {
        let next =
            within(job.context, "the next document of the listing", async { Ok(documents.next().await) });
        match next.await? {
            None => return Ok(listed),
            Some(Err(_)) => found.listing_errors += 1,
            Some(Ok(document)) => {
                listed.extend(job.rules.basic.filter(document).ok().map(|document| of_id(document.id())));
            }
        }
    }
}
