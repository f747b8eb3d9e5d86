//! What a sync counts: its report, and the counters that others watch while it runs.

mod failure;
mod progress;
mod report;
pub(crate) mod tolerance;

pub use self::failure::{Failure, Stage};
pub use self::progress::{Counters, Phase};
pub use self::report::{Contents, Difference, KnownBy, Report, Status};
pub use self::tolerance::{Share, Tolerance};

use std::sync::atomic::Ordering::Relaxed;

use crate::elastic::Written;
use crate::{Document, Error, Permissions, Result};

/// The report of a sync that runs, and its counters.
pub(crate) struct Accounts<'a> {
    pub(crate) report: &'a mut Report,
    counters: &'a Counters,
}

impl<'a> Accounts<'a> {
    pub(crate) fn new(report: &'a mut Report, counters: &'a Counters) -> Self {
        Self { report, counters }
    }

    /// Counts a document that the source listed.
    pub(crate) fn listed(&mut self) {
        self.report.listed += 1;
        self.counters.listed.fetch_add(1, Relaxed);
    }

    /// Takes back the count of a document that was deleted after it was listed.
    pub(crate) fn unlisted(&mut self) {
        self.report.listed -= 1;
        self.counters.listed.fetch_sub(1, Relaxed);
    }

    /// Counts a document that the index holds as it is.
    pub(crate) fn unchanged(&mut self) {
        self.report.unchanged += 1;
        self.counters.unchanged.fetch_add(1, Relaxed);
    }

    /// Counts a document that nobody may read, as the source does not know who may.
    pub(crate) fn closed(&mut self, document: &Document) {
        if document.0.permissions == Some(Permissions::Unknown) {
            self.report.closed.add(document.0.id.as_str());
        }
    }

    /// Counts operations that the server carried out.
    pub(crate) fn written(&mut self, written: &Written) {
        self.report.created += written.created;
        self.report.updated += written.updated;
        self.report.deleted += written.deleted;
        self.counters.sent.fetch_add(written.created + written.updated, Relaxed);
        self.counters.deleted.fetch_add(written.deleted, Relaxed);
    }

    /// Counts what the source could not list, and returns its scope: empty where that may be anything.
    ///
    /// # Errors
    /// The same error, where it ends the sync.
    pub(crate) fn listing_error(&mut self, error: Error) -> Result<String> {
        tracing::warn!(%error, "the listing is not complete");
        self.counters.failed.fetch_add(1, Relaxed);
        self.report.listing_error(&error);
        if error.is_fatal() { Err(error) } else { Ok(error.scope().unwrap_or_default().to_owned()) }
    }
}
