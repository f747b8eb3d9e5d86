//! The report of a sync: what it listed, wrote and skipped, and what it cost.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::Error;
use crate::elastic::{Ignored, MappingDifference, Preset};
use crate::names::Renames;

/// Messages of a listing that are kept verbatim.
const KEPT_MESSAGES: usize = 20;
/// Ids that are shown for each kind of difference.
const SHOWN: usize = 10;

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The listing was complete, and the index holds it.
    #[default]
    Completed,
    /// The source was certain that nothing changed.
    Skipped,
    /// Some documents failed or differ, or the listing was not complete.
    Partial,
    /// Everything is written, but the deletes exceed the guard and need to be allowed.
    Withheld,
    /// Ended early on request.
    Stopped,
    /// Nothing was written: the index has another owner, or holds documents of others.
    Refused,
    /// Ended early by an error.
    Failed,
}

/// How a sync read what the index held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// By a digest of the index: what agreed with the saved marks of the last sync was not read.
    Digest,
    /// Every mark was read.
    Listing,
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
    pub(crate) fn add(&mut self, id: &str) {
        self.count += 1;
        if self.has_room() {
            self.first.push(id.to_owned());
        }
    }

    /// True while another id would be shown.
    pub(crate) fn has_room(&self) -> bool {
        self.first.len() < SHOWN
    }
}

/// The accounts of one sync: `listed = created + updated + unchanged + filtered + dropped + failed`, `deleted` apart.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// How it ended.
    pub status: Status,
    /// What ended it early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// True when what ended it early, or kept its listing from being complete, may pass: another sync may succeed.
    #[serde(skip)]
    pub outage: bool,
    /// The index.
    pub index: String,
    /// Documents that the source listed.
    pub listed: u64,
    /// Documents that the index did not hold.
    pub created: u64,
    /// Documents that the index held in another version.
    pub updated: u64,
    /// Documents that the index held as they are.
    pub unchanged: u64,
    /// Documents that the rules left out.
    pub filtered: u64,
    /// Documents that an ingest pipeline dropped, now or before.
    pub dropped: u64,
    /// Documents that could not be written.
    pub failed: u64,
    /// Documents removed from the index.
    pub deleted: u64,
    /// Documents that the server refused to remove.
    pub undeleted: u64,
    /// True when everything of the source was listed.
    pub complete: bool,
    /// Documents that the guard kept from being deleted.
    pub withheld: u64,
    /// Documents that nobody may read, as the source could not say who may; only under document level security.
    pub closed: Difference,
    /// Unlisted documents that stay because they may lie where the listing failed.
    pub kept: u64,
    /// Unlisted documents that stay because the source could not be asked whether they are gone.
    pub unconfirmed: Difference,
    /// Copies of documents that were made inside the index, which stay unless the index is taken over.
    pub foreign: Difference,
    /// Listings of an id after its first.
    pub repeated: u64,
    /// The contents of documents.
    pub contents: Contents,
    /// Fields of the documents that were sent which have another name in the index, as theirs is reserved, empty, too
    /// long or taken.
    pub renamed: Renames,
    /// The ingest pipelines that documents went through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<String>,
    /// The preset that the index is mapped by; none for an index of another tool.
    pub mapping: Option<Preset>,
    /// Fields that the index maps as something else than the source declares.
    pub mismatched: Vec<MappingDifference>,
    /// Documents with values that the index does not hold; asked for after a sync that wrote something.
    pub ignored: Ignored,
    /// How the index was read; none where it was not.
    pub known_by: Option<KnownBy>,
    /// Marks that had to be read one by one.
    pub marks_read: u64,
    /// True when the index was read at the end, and holds exactly what this report says.
    pub verified: bool,
    /// A number for everything that the sync depended on besides its source; only where it completed and is verified, so
    /// that the next one may be skipped while nothing of it changed. See
    /// [`Options::skip_unchanged`](crate::sync::Options::skip_unchanged).
    #[serde(skip)]
    pub basis: Option<u64>,
    /// Why it is not verified, other than by a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
    /// Documents whose marks were equal and whose fields were not, and that were written again.
    pub mended: Difference,
    /// Documents that differed at the end, and were written or removed again.
    pub repaired: u64,
    /// Documents that still differ.
    pub differing: Difference,
    /// Errors of the listing.
    pub listing_errors: u64,
    /// The first of them, verbatim.
    pub messages: Vec<String>,
    /// Problems beside the sync, and what to do about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Bytes of request bodies, compressed where they are.
    pub bytes_sent: u64,
    /// Bytes of response bodies, after decompression.
    pub bytes_received: u64,
    /// Requests to Elasticsearch.
    pub requests: u64,
    /// Wall time.
    pub seconds: f64,
    /// The uuid of the index.
    #[serde(skip)]
    pub uuid: Option<String>,
}

/// The contents of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Files whose text is indexed.
    pub extracted: u64,
    /// Those of them of which the text was cut.
    pub cut: u64,
    /// Files indexed by their metadata alone: reason → number.
    pub skipped: BTreeMap<String, u64>,
    /// Files that could not be read; their documents are indexed without text.
    pub failed: u64,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(index: &str) -> Self {
        Self { index: index.to_owned(), ..Self::default() }
    }

    /// True when every listed document has its place in the accounts.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let written = self.created + self.updated;
        self.listed == written + self.unchanged + self.filtered + self.dropped + self.failed
    }

    /// Documents written.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.created + self.updated
    }

    pub(crate) fn listing_error(&mut self, error: &Error) {
        self.listing_errors += 1;
        self.outage |= error.kind().is_passing();
        self.note(error);
    }

    /// Keeps the message of an error, unless there are many.
    pub(crate) fn note(&mut self, error: &Error) {
        if self.messages.len() < KEPT_MESSAGES {
            self.messages.push(error.to_string());
        }
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.status = Status::Failed;
        self.error = Some(error.to_string());
        self.outage = error.kind().is_passing();
    }

    /// Records why nothing is written.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.status = Status::Refused;
        self.error = Some(reason);
    }

    /// Sets how the sync ended and what it cost.
    pub(crate) fn close(&mut self, [requests, sent, received]: [u64; 3], took: Duration) {
        if !self.adds_up() && self.status != Status::Failed {
            self.fail(&Error::unexpected("the accounts do not add up: this is a fault of the program"));
        }
        let failed = self.failed + self.contents.failed + self.undeleted;
        let undone = [&self.closed, &self.differing, &self.unconfirmed, &self.foreign];
        let unfinished = failed > 0 || !self.complete || undone.iter().any(|difference| difference.count > 0);
        self.status = match self.status {
            Status::Completed if self.withheld > 0 => Status::Withheld,
            Status::Completed if unfinished => Status::Partial,
            status => status,
        };
        let is_whole = self.status == Status::Skipped || (self.status == Status::Completed && self.verified);
        self.basis = self.basis.filter(|_| is_whole);
        (self.requests, self.bytes_sent, self.bytes_received) = (requests, sent, received);
        self.seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(change: impl FnOnce(&mut Report)) -> Report {
        let mut report = Report { complete: true, ..Report::new("docs") };
        change(&mut report);
        report.close([0; 3], Duration::from_millis(1500));
        report
    }

    #[test]
    fn a_sync_is_completed_only_when_everything_is_done() {
        assert_eq!(closed(|_| ()).status, Status::Completed);
        assert_eq!(closed(|report| report.complete = false).status, Status::Partial);
        assert_eq!(closed(|report| report.contents.failed = 1).status, Status::Partial);
        assert_eq!(closed(|report| report.undeleted = 1).status, Status::Partial);
        assert_eq!(closed(|report| report.differing.add("a")).status, Status::Partial);
        assert_eq!(closed(|report| report.closed.add("a")).status, Status::Partial);
        assert_eq!(closed(|report| report.withheld = 11).status, Status::Withheld);
        assert_eq!(closed(|report| (report.listed, report.failed) = (1, 1)).status, Status::Partial);
        assert_eq!(closed(|report| report.status = Status::Stopped).status, Status::Stopped);
    }

    #[test]
    fn accounts_that_do_not_add_up_are_a_failure() {
        let report = closed(|report| report.listed = 1);
        assert_eq!(report.status, Status::Failed);
        assert!(report.error.unwrap().contains("do not add up"));
    }

    #[test]
    fn an_outage_is_distinguished_from_what_does_not_pass() {
        let (passing, lasting) = (Error::transient("away"), Error::denied("no"));
        assert!(closed(|report| report.fail(&passing)).outage);
        assert!(!closed(|report| report.fail(&lasting)).outage);
        assert!(closed(|report| report.listing_error(&passing)).outage);
        assert!(!closed(|report| report.listing_error(&lasting)).outage);
        assert!(!closed(|report| report.contents.failed = 1).outage);
    }

    #[test]
    fn the_report_is_one_json_object() {
        let json = serde_json::to_value(closed(|_| ())).unwrap();
        for key in ["listed", "created", "updated", "unchanged", "filtered", "failed", "deleted", "complete"]
        {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!((json["seconds"].as_f64(), json["status"].as_str()), (Some(1.5), Some("completed")));
    }

    #[test]
    fn only_the_first_messages_are_kept() {
        let mut report = Report::new("docs");
        (0..100).for_each(|number| report.listing_error(&Error::missing(format!("no {number}"))));
        assert_eq!((report.listing_errors, report.messages.len()), (100, KEPT_MESSAGES));
    }
}
