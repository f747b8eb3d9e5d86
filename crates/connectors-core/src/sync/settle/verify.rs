//! Compares an index with its source without writing: by id and mark, or field by field.

pub(crate) mod deep;

use std::collections::HashSet;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde::Serialize;

use self::deep::Deep;
use crate::elastic::index::Existing;
use crate::elastic::scan::{LOOKUP, Located, Mark, Unmarked};
use crate::elastic::{IndexKey, Ownership, index, scan};
use crate::panics::caught_stream;
use crate::sync::access::permissions::restrict;
use crate::sync::accounts::{Difference, KnownBy};
use crate::sync::job::{Job, Pipeline};
use crate::sync::know::dropped::Dropped;
use crate::sync::know::inventory::{Inventory, Known};
use crate::sync::know::pipeline::active_pipelines;
use crate::sync::know::snapshot::IndexSnapshot;
use crate::sync::patience::within;
use crate::sync::take::bodies::with_bodies;
use crate::sync::take::content::withhold;
use crate::sync::take::render::Render;
use crate::{Document, Error, Result};

pub use self::deep::FieldDifferences;

/// How an index differs from its source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verification {
    /// The index.
    pub index: String,
    /// Documents that the source listed, without those that the rules leave out.
    pub listed: u64,
    /// Documents that the rules leave out.
    pub filtered: u64,
    /// Documents that an ingest pipeline dropped in the last sync.
    pub dropped: u64,
    /// Documents that the index holds as they are.
    pub equal: u64,
    /// Documents that the index lacks.
    pub missing: Difference,
    /// Documents that the index holds in another version.
    pub stale: Difference,
    /// Documents that the index holds without their content, which could not be read when they were written.
    pub without_content: Difference,
    /// Documents of the index that the source does not have.
    pub left_over: Difference,
    /// How the index was read.
    pub known_by: Option<KnownBy>,
    /// Documents whose fields were compared one by one; none without `--deep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<u64>,
    /// Documents that carry the mark of what the source has, and hold something else.
    pub differing: FieldDifferences,
    /// Documents whose fields could not be compared: the index does not hand out their source, or their content could not be
    /// read now.
    pub not_comparable: Difference,
    /// Errors of the listing; without a whole one, `left_over` says nothing.
    pub listing_errors: u64,
    /// The first error of the listing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Verification {
    /// True when nothing differs and all was listed.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let differences = [
            self.missing.count,
            self.stale.count,
            self.without_content.count,
            self.left_over.count,
            self.differing.count,
            self.not_comparable.count,
        ];
        self.listing_errors == 0 && differences.iter().all(|count| *count == 0)
    }
}

/// Lists the source once more and compares ids and marks.
///
/// # Errors
/// When one of the two can't be read at all.
pub async fn verify(job: &Job<'_>) -> Result<Verification> {
    let existing = existing(job).await?;
    let pipeline = pipeline(job, existing.as_ref());
    compare(&Job { pipeline: pipeline.as_ref(), ..*job }, existing, None).await
}

/// As [`verify`], and compares each field of the source's documents, contents included, with what the index
/// holds.
///
/// # Errors
/// When one of the two can't be read at all.
pub async fn verify_deep(job: &Job<'_>) -> Result<Verification> {
    let existing = existing(job).await?;
    let pipeline = pipeline(job, existing.as_ref());
    let job = Job { pipeline: pipeline.as_ref(), ..*job };
    compare(&job, existing, Some(Deep::new(&job))).await
}

/// The index, where there is one.
async fn existing(job: &Job<'_>) -> Result<Option<Existing>> {
    index::check_content_name(job.index)?;
    index::find(job.client, job.index).await
}

/// The pipeline that documents are marked by: that of the job, or the one that the last full sync of the index recorded.
fn pipeline(job: &Job<'_>, existing: Option<&Existing>) -> Option<Pipeline> {
    let recorded = || Pipeline::of_record(existing?.meta.pipeline.as_ref()?);
    job.pipeline.cloned().or_else(recorded)
}

/// As [`verify`]; where there is no index yet, every document of the source is missing from it.
///
/// # Errors
/// When one of the two can't be read at all.
pub async fn preview(job: &Job<'_>) -> Result<Verification> {
    let existing = existing(job).await?;
    if existing.is_some() {
        return compare(job, existing, None).await;
    }
    within(job.context, "an answer to its first question", job.source.ping()).await?;
    let mut found = Verification { index: job.index.to_owned(), ..Verification::default() };
    let mut documents = documents(job, !job.rules.basic.is_empty());
    loop {
        let next =
            within(job.context, "the next document of the listing", async { Ok(documents.next().await) });
        match next.await? {
            None => return Ok(found),
            Some(Ok(document)) => match job.rules.basic.filter(document) {
                Ok(document) => {
                    found.listed += 1;
                    found.missing.add(document.id().as_str());
                }
                Err(_) => found.filtered += 1,
            },
            Some(Err(error)) => {
                found.listing_errors += 1;
                found.error.get_or_insert_with(|| error.to_string());
            }
        }
    }
}

async fn compare(job: &Job<'_>, existing: Option<Existing>, deep: Option<Deep<'_>>) -> Result<Verification> {
    within(job.context, "an answer to its first question", job.source.ping()).await?;
    let Some(existing) = existing else {
        let hint = "there is no such index; `connectors sync … --index NAME` makes one";
        return Err(Error::config(hint).with("index", job.index));
    };
    let key = key_of(&existing, job.index)?;
    let facts = index::facts(job.client, job.index).await?;
    let pipeline = active_pipelines(job, &facts).await?;
    if let Some(pipeline) = pipeline.as_ref().filter(|_| deep.is_some()) {
        let message = "fields can't be compared behind an ingest pipeline, which may change any of them: leave `--deep` out";
        return Err(Error::config(message).with("pipeline", pipeline.names.join(", ")));
    }
    let dropped = Dropped::before(job, &facts, pipeline.as_ref()).await;
    index::refresh(job.client, job.index).await?;
    let snapshot = IndexSnapshot::read(job, &facts).await?;
    let found =
        Verification { index: job.index.to_owned(), known_by: snapshot.known_by, ..Verification::default() };
    let (render, unread) = (Render::new(job, key, pipeline.as_ref()), HashSet::new());
    let mut comparison = Comparison { inventory: snapshot.inventory, dropped, render, unread, deep, found };
    let mut documents = documents(job, comparison.deep.is_some() || !job.rules.basic.is_empty());
    loop {
        let next =
            within(job.context, "the next document of the listing", async { Ok(documents.next().await) });
        let Some(listed) = next.await? else { break };
        match listed {
            Ok(mut document) => {
                restrict(&mut document, &job.options);
                withhold(&mut document, job);
                match job.rules.basic.filter(document) {
                    Ok(document) => comparison.document(document).await?,
                    Err(_) => comparison.found.filtered += 1,
                }
            }
            Err(error) => comparison.error(&error),
        }
    }
    comparison.finish(job).await
}

/// The listing of the source, with the bodies of all documents where they are needed.
fn documents<'a>(job: &'a Job<'a>, are_needed: bool) -> BoxStream<'a, Result<Document>> {
    let listing = caught_stream(|| job.source.documents(job.rules));
    if are_needed { with_bodies(job, listing, |_| true) } else { listing }
}

/// What the marks of an index are made by.
fn key_of(existing: &Existing, index: &str) -> Result<IndexKey> {
    let is_comparable = existing.meta.is_current() && !existing.meta.is_remarking;
    existing.meta.key.filter(|_| is_comparable).ok_or_else(|| {
        let hint = "the documents of this index carry no marks of this version; a full sync writes them";
        Error::config(hint).with("index", index)
    })
}

struct Comparison<'a> {
    inventory: Inventory,
    dropped: Dropped,
    render: Render,
    /// Ids that were listed, but can't be distinguished by a mark.
    unread: HashSet<String>,
    deep: Option<Deep<'a>>,
    found: Verification,
}

impl Comparison<'_> {
    async fn document(&mut self, document: Document) -> Result<()> {
        self.found.listed += 1;
        let id = document.id().as_str().to_owned();
        if self.deep.is_none() {
            let marks = self.render.marks(document).await;
            let without_content = marks.as_ref().ok().and_then(|marks| marks.without_content);
            if without_content.is_some_and(|mark| self.inventory.mark_if_unchanged(mark)) {
                self.found.without_content.add(&id);
            } else {
                self.note(id, marks.map(|marks| marks.whole));
            }
            return Ok(());
        }
        let whole = self.render.whole(document).await;
        let is_equal = self.note(id.clone(), whole.as_ref().map(|whole| whole.mark).map_err(Error::again));
        match (&mut self.deep, whole) {
            (Some(deep), Ok(whole)) if is_equal && !whole.lacks_content => {
                deep.add(&whole, (&mut self.found.differing, &mut self.found.not_comparable)).await
            }
            (Some(_), Ok(_)) if is_equal => {
                self.found.not_comparable.add(&id);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sorts a document in by its mark; true where the index holds it.
    fn note(&mut self, id: String, mark: Result<Mark>) -> bool {
        if mark.as_ref().is_ok_and(|mark| self.dropped.contains(*mark)) {
            self.found.dropped += 1;
            return false;
        }
        let equal = self.found.equal;
        match mark.map(|mark| self.inventory.mark_listed(mark)) {
            Ok(Known::Unchanged) => self.found.equal += 1,
            Ok(Known::New) => self.found.missing.add(&id),
            Ok(Known::Changed) => self.found.stale.add(&id),
            Ok(Known::Ambiguous | Known::Unknown) | Err(_) => {
                self.found.stale.add(&id);
                self.unread.insert(id);
            }
        }
        self.found.equal > equal
    }

    fn error(&mut self, error: &Error) {
        self.found.listing_errors += 1;
        self.found.error.get_or_insert_with(|| error.to_string());
    }

    /// Names what was not listed.
    async fn finish(mut self, job: &Job<'_>) -> Result<Verification> {
        if let Some(deep) = &mut self.deep {
            deep.flush((&mut self.found.differing, &mut self.found.not_comparable)).await?;
            self.found.compared = Some(deep.compared());
        }
        let ownership = Ownership::by(self.render.shape.key, false);
        let mut from = 0;
        while let Some(unseen) = self.inventory.unseen(from, LOOKUP) {
            from = unseen.next;
            let located =
                scan::locate(job.client, job.index, (&unseen.marks, unseen.between), ownership).await?;
            let located = located.iter().filter(|found| !self.is_listed(found));
            let ids: Vec<&str> = located.map(|found| found.id.as_str()).collect();
            ids.into_iter().for_each(|id| self.left_over(id));
        }
        let mut unmarked = Unmarked::open(job.client, job.index).await?;
        while let Some(ids) = unmarked.next().await? {
            ids.iter().for_each(|id| self.left_over(id));
        }
        Ok(self.found)
    }

    /// True for the original of a copy, which was listed under the mark that both carry.
    fn is_listed(&self, found: &Located) -> bool {
        found.is_own && self.inventory.is_listed(found.mark.id)
    }

    fn left_over(&mut self, id: &str) {
        if !self.unread.contains(id) {
            self.found.left_over.add(id);
        }
    }
}
