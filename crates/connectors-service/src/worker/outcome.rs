//! How a job ends, as its document says.

use connectors_core::Error;
use connectors_core::sync::{Report, Status};

use super::running::Stop;
use crate::protocol::{Counts, JobStatus};
use crate::secrets::masked;

/// Why a job ends whose document is gone.
const DELETED: &str = "the job was deleted while it ran; start another sync to complete the index";

/// How a job ends: its status, and the cause where it is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: JobStatus,
    pub(super) error: Option<String>,
    pub(super) counts: Counts,
    /// True for an error that may pass.
    pub(super) outage: bool,
}

impl Outcome {
    /// A job that could not run, or was cut off.
    pub(super) fn aborted(stop: Option<Stop>, error: Option<String>, counts: Counts) -> Self {
        let (status, error) = match stop {
            Some(Stop::Cancel) => (JobStatus::Canceled, None),
            Some(Stop::Deleted) => (JobStatus::Error, Some(DELETED.into())),
            Some(Stop::Suspend | Stop::Lost) => (JobStatus::Suspended, None),
            None => (JobStatus::Error, error.or_else(|| Some("the sync ended without a word".into()))),
        };
        Self { status, error: error.map(|error| masked(&error)), counts, outage: false }
    }

    /// A job that an error ended.
    pub(super) fn failed(stop: Option<Stop>, error: &Error, counts: Counts) -> Self {
        Self { outage: error.kind().is_passing(), ..Self::aborted(stop, Some(error.to_string()), counts) }
    }

    /// The cause that is written beside a status: that of a job which somebody cancelled is of no interest.
    pub(super) fn error_of(&self, status: JobStatus) -> Option<&str> {
        self.error.as_deref().filter(|_| status != JobStatus::Canceled)
    }

    /// A sync with accounts, after what was done before.
    pub(super) fn of_report(report: &Report, stop: Option<Stop>, before: Counts) -> Self {
        let counts = Counts {
            indexed: before.indexed.saturating_add(report.sent()),
            deleted: before.deleted.saturating_add(report.deleted),
            volume: before.volume.saturating_add(report.bytes_sent >> 20),
            total: report
                .complete
                .then_some(report.listed - report.failed - report.filtered - report.dropped),
            listed: report.listed,
            unchanged: report.unchanged,
            failed: report.failed + report.listing_errors,
        };
        match report.status {
            Status::Stopped => Self::aborted(stop, None, counts),
            Status::Completed | Status::Skipped => {
                Self { status: JobStatus::Completed, error: None, counts, outage: false }
            }
            Status::Partial | Status::Withheld | Status::Refused | Status::Failed => {
                let (status, error) = (JobStatus::Error, Some(masked(&reason(report))));
                Self { status, error, counts, outage: report.outage }
            }
        }
    }
}

fn reason(report: &Report) -> String {
    let failed = report.failed + report.contents.failed + report.undeleted;
    match (report.status, &report.error) {
        (Status::Withheld, _) => format!(
            "{} deletes are withheld: more than the set share of the index (`sync.delete_max_share`); everything else is written",
            report.withheld
        ),
        (Status::Failed | Status::Refused, Some(error)) => error.clone(),
        _ if failed > 0 => {
            format!(
                "done in part: {failed} failed, `connectors failures` lists them; everything else is written"
            )
        }
        _ if report.closed.count > 0 && report.complete => format!(
            "done in part: nobody may read {} documents, as the source could not tell who may: {}",
            report.closed.count,
            report.closed.first.join(", ")
        ),
        _ if report.complete && report.unconfirmed.count > 0 => format!(
            "done in part: the source could not be asked whether {} documents are gone, which stay until it can: {}",
            report.unconfirmed.count,
            report.unconfirmed.first.join(", ")
        ),
        _ if report.complete && report.foreign.count > 0 => format!(
            "done in part: {} documents are copies that somebody made inside the index: {}; delete them, or set \
             `sync.take_over: true`",
            report.foreign.count,
            report.foreign.first.join(", ")
        ),
        _ if report.differing.count > 0 => format!(
            "done in part: {} documents of the index differ from what was written; the next sync repairs them",
            report.differing.count
        ),
        _ => format!(
            "done in part: the listing was not complete, and what it may have missed was not deleted: {}",
            report.messages.join("; ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(change: impl FnOnce(&mut Report)) -> Report {
        let mut report = Report::new("docs");
        (report.listed, report.created, report.complete) = (10, 10, true);
        change(&mut report);
        report
    }

    #[test]
    fn only_a_sync_without_anything_left_undone_is_completed() {
        let before = Counts { indexed: 5, ..Counts::default() };
        let outcome = Outcome::of_report(&report(|_| ()), None, before);
        assert_eq!((outcome.status, outcome.error), (JobStatus::Completed, None));
        assert_eq!((outcome.counts.indexed, outcome.counts.total), (15, Some(10)));
        for (status, change, words) in [
            (Status::Withheld, 0, "7 deletes are withheld"),
            (Status::Partial, 2, "2 failed"),
            (Status::Partial, 0, "not complete"),
            (Status::Failed, 0, "boom"),
        ] {
            let report = report(|report| {
                (report.status, report.contents.failed, report.withheld) = (status, change, 7);
                report.error = Some("boom".into());
            });
            let outcome = Outcome::of_report(&report, None, before);
            assert_eq!(outcome.status, JobStatus::Error);
            assert!(outcome.error.as_ref().unwrap().contains(words), "{outcome:?}");
        }
    }

    #[test]
    fn a_stopped_sync_ends_as_it_was_asked_to() {
        let stopped = report(|report| report.status = Status::Stopped);
        for (stop, status) in [(Stop::Cancel, JobStatus::Canceled), (Stop::Suspend, JobStatus::Suspended)] {
            assert_eq!(Outcome::of_report(&stopped, Some(stop), Counts::default()).status, status);
            let done = report(|_| ());
            assert_eq!(Outcome::of_report(&done, Some(stop), Counts::default()).status, JobStatus::Completed);
        }
        let cut = Outcome::aborted(None, None, Counts::default());
        assert_eq!((cut.status, cut.error.is_some()), (JobStatus::Error, true));
    }
}
