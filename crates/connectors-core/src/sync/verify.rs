//! Compares an index with its source, by id and mark, without writing.

use std::collections::HashSet;

use futures::StreamExt;
use serde::Serialize;

use crate::elastic::{index, scan};
use crate::{Document, Error, Result};

use super::Job;
use super::content::{Fetched, Reader};
use super::draft::Draft;
use super::inventory::{Inventory, Known};
use super::mark::{Shape, mark, without_content};

/// Ids that are shown for each kind of difference.
const SHOWN: usize = 10;

/// How an index differs from its source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verification {
    /// The index.
    pub index: String,
    /// Documents that the source listed.
    pub listed: u64,
    /// Documents that the index holds as they are.
    pub equal: u64,
    /// Documents that the index lacks.
    pub missing: Difference,
    /// Documents that the index holds in another version.
    pub stale: Difference,
    /// Documents of the index that the source does not have.
    pub left_over: Difference,
    /// Errors of the listing; without a whole one, `left_over` says nothing.
    pub listing_errors: u64,
    /// The first error of the listing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How many.
    pub count: u64,
    /// Ids of the first.
    pub first: Vec<String>,
}

impl Difference {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(id.to_owned());
        }
    }
}

impl Verification {
    /// True when nothing differs and all was listed.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let differences = [&self.missing, &self.stale, &self.left_over];
        self.listing_errors == 0 && differences.iter().all(|difference| difference.count == 0)
    }
}

/// Lists the source once more and compares.
///
/// # Errors
/// When one of the two can't be read at all.
pub async fn verify(job: &Job<'_>) -> Result<Verification> {
    job.source.ping().await?;
    index::check_name(job.index)?;
    if !index::exists(job.client, job.index).await? {
        let hint = "there is no such index; `connectors sync … --index NAME` makes one";
        return Err(Error::config(hint).with("index", job.index));
    }
    let mut inventory = Inventory::new(scan::marks(job.client, job.index).await?);
    let mut found = Verification { index: job.index.to_owned(), ..Verification::default() };
    let mut comparison = Comparison::new(job);
    let mut documents = job.source.documents(job.rules);
    while let Some(listed) = documents.next().await {
        match listed {
            Ok(document) => comparison.document(document, &mut inventory, &mut found).await,
            Err(error) => {
                found.listing_errors += 1;
                found.error.get_or_insert_with(|| error.to_string());
            }
        }
    }
    let marked = scan::locate(job.client, job.index, &inventory.unseen()).await?;
    let unmarked = scan::unmarked(job.client, job.index).await?;
    let left_over = marked.into_iter().map(|located| located.id).chain(unmarked);
    left_over.filter(|id| !comparison.unread.contains(id)).for_each(|id| found.left_over.add(&id));
    Ok(found)
}

struct Comparison {
    shape: Shape,
    reader: Reader,
    /// Ids that were listed, but can't be told apart by a mark.
    unread: HashSet<String>,
}

impl Comparison {
    fn new(job: &Job<'_>) -> Self {
        let max_content = job.context.limits.max_content;
        Self {
            shape: Shape::new(job.rules.fingerprint(), max_content),
            reader: Reader::new(max_content, job.client.settings().bulk.queue_bytes),
            unread: HashSet::new(),
        }
    }

    async fn document(&mut self, document: Document, inventory: &mut Inventory, found: &mut Verification) {
        found.listed += 1;
        let id = document.id().as_str().to_owned();
        let known = self.fingerprint(document).await.map(|print| inventory.look(mark(&id, print)));
        match known {
            Ok(Known::Unchanged) => found.equal += 1,
            Ok(Known::New) => found.missing.add(&id),
            Ok(Known::Changed) => found.stale.add(&id),
            Ok(Known::Contested | Known::Unknown) | Err(_) => {
                found.stale.add(&id);
                self.unread.insert(id);
            }
        }
    }

    /// From the version alone where there is one; else from what would be sent.
    async fn fingerprint(&self, document: Document) -> Result<u64> {
        if let Some(version) = document.version {
            let scope = document.scope.as_deref();
            return Ok(self.shape.fingerprint(version, document.content.is_some(), scope));
        }
        let (mut draft, content) = Draft::new(document)?;
        let print = |draft: &Draft| {
            self.shape.fingerprint(draft.version(), draft.has_content, draft.scope.as_deref())
        };
        let Some(content) = content else { return Ok(print(&draft)) };
        match self.reader.fetch(&content).await {
            Fetched::Text(text) => draft.text = Some(text),
            Fetched::Skipped(_) => {}
            Fetched::Failed(_) => return Ok(without_content(print(&draft))),
        }
        Ok(print(&draft))
    }
}
