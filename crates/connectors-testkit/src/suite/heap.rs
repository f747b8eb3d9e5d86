//! A large listing, and what it costs in memory.

use connectors_core::{Connection, Document, Rules};
use futures::StreamExt;

use super::stage::{Stage, list};
use super::{Broken, Outcome, Promise, always, ensure, promises};
use crate::Fixture;
use crate::heap::Growth;

/// Elasticsearch answers no more hits than this to one request.
const PAGE: usize = 10_000;
/// Always allowed, in bytes.
const FLOOR: usize = 1 << 20;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, a_large_listing_is_complete, a_large_listing_is_not_held_in_memory]
}

async fn a_large_listing_is_complete<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    if F::LARGE <= PAGE {
        return Err(Broken::Fixture(format!("LARGE must be above {PAGE}, not {}", F::LARGE).into()));
    }
    let connection = stage.loaded(F::LARGE).await?;
    let listing = list(&*connection).await?;
    ensure(listing.repeated.is_empty(), || format!("{} ids are listed twice", listing.repeated.len()))?;
    stage.is_whole(&listing)
}

/// Measured twice, with the documents kept and with each dropped as it comes: a source that holds them
/// itself costs the same both times.
async fn a_large_listing_is_not_held_in_memory<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::LARGE).await?;
    let kept = growth(&*connection, |document, kept| kept.push(document)).await?;
    let dropped = growth(&*connection, |document, _| drop(document.into_parts().body.into_bytes())).await?;
    let allowed = (kept / 4).max(FLOOR);
    ensure(dropped <= allowed, || {
        format!(
            "listing {} documents, each dropped as it came, held {dropped} bytes at a time; all of them \
             together weigh {kept}, so at most {allowed} are allowed",
            F::LARGE
        )
    })
}

/// The most that the heap grew during a listing, in bytes.
async fn growth(
    connection: &dyn Connection,
    take: fn(Document, &mut Vec<Document>),
) -> Result<usize, Broken> {
    let Some(growth) = Growth::begin() else {
        let text = "the program's allocator is not connectors_testkit::CountingAllocator (main! sets it)";
        return Err(Broken::Fixture(text.into()));
    };
    let rules = Rules::default();
    let mut documents = connection.source().documents(&rules);
    let mut kept = Vec::new();
    while let Some(listed) = documents.next().await {
        take(listed.map_err(|error| Broken::Source { doing: "listing", error })?, &mut kept);
    }
    Ok(growth.peak())
}
