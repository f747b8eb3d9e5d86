//! A sync job's document: what is read from it, and what each step of its life writes.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::elastic::index::IDENTITIES;
use connectors_core::sync::{Flags, Pipeline};
use serde_json::{Map, Value, json};

use super::configuration::masked;
use super::record::patch;
use super::{Connector, ConnectorStatus, JobStatus, JobType, Record, Trigger, timestamp};

/// Retries of a job that an outage ended.
const TRIES: u64 = 5;
/// Seconds before the first of them; each further wait is twice as long.
const FIRST_WAIT: u64 = 60;

/// A sync job, as its document says.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncJob(pub(crate) Record);

/// What a job has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents that were created or updated.
    pub indexed: u64,
    /// Documents that were deleted.
    pub deleted: u64,
    /// MiB sent.
    pub volume: u64,
    /// Documents of the index, once it is known.
    pub total: Option<u64>,
    /// Documents that the worker which has it, or had it last, listed.
    pub listed: u64,
    /// Those of them that the index held just so.
    pub unchanged: u64,
    /// Those of them that failed, and errors of the listing.
    pub failed: u64,
}

impl SyncJob {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The connector that it is for.
    pub fn connector_id(&self) -> Option<&str> {
        self.0.text("connector.id")
    }

    pub(crate) fn index_name(&self) -> Option<&str> {
        self.0.text("connector.index_name")
    }

    /// Where it is in its life; none for a word of another version of the protocol.
    pub fn status(&self) -> Option<JobStatus> {
        JobStatus::of(self.0.text("status")?)
    }

    /// What it does; a job that does not say so lists everything.
    pub fn job_type(&self) -> JobType {
        self.0.text("job_type").and_then(JobType::of).unwrap_or(JobType::Full)
    }

    pub(crate) fn worker(&self) -> Option<&str> {
        self.0.text("worker_hostname")
    }

    pub(crate) fn created_at(&self) -> Option<DateTime<Utc>> {
        self.0.date("created_at")
    }

    /// When its worker last renewed its lease.
    pub(crate) fn last_seen(&self) -> Option<DateTime<Utc>> {
        self.0.date("last_seen")
    }

    /// The value of the document at a dotted path; null where there is none.
    pub fn value(&self, path: &str) -> &Value {
        self.0.value(path)
    }

    /// A text of the document at a dotted path; none for an empty one.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.text(path)
    }

    /// The document with its id, as it may be shown: the values of sensitive settings masked.
    pub fn masked(&self) -> Value {
        let mut shown = Value::from(self.0.fields.clone());
        shown["id"] = self.id().into();
        let configuration = masked(&self.0.object("connector.configuration"), &[]);
        if shown["connector"].is_object() {
            shown["connector"]["configuration"] = configuration.into();
        }
        shown
    }

    /// The rules as they were when it was made: one object, or a list of one.
    pub(crate) fn filtering(&self) -> &Value {
        self.0.first("connector.filtering")
    }

    /// The ingest pipeline that its documents go through; what is to be done is done unless it says otherwise. One without a
    /// name counts where it says that no text is to be extracted, which the program itself does.
    pub(crate) fn pipeline(&self) -> Option<Pipeline> {
        let asked = self.0.value("connector.pipeline");
        let is_set = |flag: &str| asked[flag].as_bool().unwrap_or(true);
        let flags = Flags {
            extract_binary_content: is_set("extract_binary_content"),
            reduce_whitespace: is_set("reduce_whitespace"),
            run_ml_inference: is_set("run_ml_inference"),
        };
        let name = asked["name"].as_str().unwrap_or_default().to_owned();
        (!name.is_empty() || !flags.extract_binary_content).then_some(Pipeline { name, flags })
    }

    /// What it had done before it was suspended or its worker went away.
    pub fn counts(&self) -> Counts {
        Counts {
            indexed: self.0.count("indexed_document_count"),
            deleted: self.0.count("deleted_document_count"),
            volume: self.0.count("indexed_document_volume"),
            total: None,
            listed: self.0.count("metadata.listed"),
            unchanged: self.0.count("metadata.unchanged"),
            failed: self.0.count("metadata.failed"),
        }
    }

    /// How often it was taken over from a worker that went away.
    pub(crate) fn takeovers(&self) -> u64 {
        self.0.count("metadata.takeovers")
    }

    /// How often it was retried after an outage, and when it is retried next.
    pub(crate) fn retries(&self) -> (u64, Option<DateTime<Utc>>) {
        (self.0.count("metadata.tries"), self.0.date("metadata.try_at"))
    }

    /// The next retry of a job that an outage ended, and its time: only of one that somebody asked for, as another run
    /// of a schedule comes by itself; none after the last.
    pub(crate) fn next_retry(&self, now: DateTime<Utc>) -> Option<(u64, DateTime<Utc>)> {
        let number = self.retries().0.saturating_add(1);
        let is_asked_for = self.0.text("trigger_method") == Some(Trigger::OnDemand.word());
        let wait = Duration::from_secs(FIRST_WAIT << number.saturating_sub(1).min(TRIES));
        (is_asked_for && number <= TRIES).then(|| (number, now + wait))
    }

    /// True while a job that an outage ended is not to be retried yet. A time further ahead than the longest wait was
    /// written by a wrong clock.
    pub(crate) fn waits_for_retry(&self, now: DateTime<Utc>) -> bool {
        let longest = TimeDelta::seconds((FIRST_WAIT << TRIES) as i64);
        self.retries().1.is_some_and(|at| at > now && at - now <= longest)
    }

    /// A new job with a snapshot of its connector.
    pub(crate) fn document(
        connector: &Connector,
        (job_type, trigger): (JobType, Trigger),
        now: DateTime<Utc>,
    ) -> Map<String, Value> {
        let (record, now) = (&connector.0, timestamp(now));
        let index = connector.index_name().unwrap_or_default();
        let index = match job_type {
            JobType::AccessControl => identity_index(index),
            _ => index.to_owned(),
        };
        patch(json!({
            "connector": {
                "id": record.id, "configuration": record.value("configuration"),
                "filtering": connector.filtering()["active"], "index_name": index,
                "language": record.value("language"), "pipeline": record.value("pipeline"),
                "service_type": record.value("service_type"), "sync_cursor": record.value("sync_cursor"),
            },
            "job_type": job_type.word(), "trigger_method": trigger.word(), "status": JobStatus::Pending.word(),
            "created_at": now, "last_seen": now, "started_at": null, "completed_at": null, "canceled_at": null,
            "cancelation_requested_at": null, "error": null, "indexed_document_count": 0,
            "indexed_document_volume": 0, "deleted_document_count": 0, "total_document_count": null,
            "metadata": {}, "worker_hostname": null,
        }))
    }

    /// A worker takes it: from the queue, or over from a worker that went away.
    pub(crate) fn claimed(&self, worker: &str, now: DateTime<Utc>) -> Map<String, Value> {
        let mut patch = patch(json!({
            "status": JobStatus::InProgress.word(), "worker_hostname": worker, "last_seen": timestamp(now),
            "error": null,
        }));
        if self.0.date("started_at").is_none() {
            patch.insert("started_at".into(), timestamp(now));
        }
        if self.status() == Some(JobStatus::InProgress) {
            patch.insert("metadata".into(), json!({ "takeovers": self.takeovers().saturating_add(1) }));
        }
        patch
    }

    /// Its worker renews its lease, and has done so much.
    pub(crate) fn renewed(counts: Counts, stage: &str, now: DateTime<Utc>) -> Map<String, Value> {
        let mut patch = counts.fields();
        patch.insert("last_seen".into(), timestamp(now));
        let seen = json!({
            "stage": stage, "listed": counts.listed, "unchanged": counts.unchanged, "failed": counts.failed,
        });
        patch.insert("metadata".into(), seen);
        patch
    }

    /// A worker found that another service has it.
    pub(crate) fn lost_claim(worker: &str, counts: Counts) -> Map<String, Value> {
        let lost =
            json!({ "lost_claim": { "worker": worker, "listed": counts.listed, "indexed": counts.indexed } });
        Map::from_iter([("metadata".to_owned(), lost)])
    }

    /// It is over, or suspended until a worker goes on.
    pub(crate) fn ended(
        status: JobStatus,
        error: Option<&str>,
        counts: Counts,
        now: DateTime<Utc>,
    ) -> Map<String, Value> {
        let mut patch = Self::renewed(counts, status.word(), now);
        patch.insert("status".into(), status.word().into());
        patch.insert("error".into(), error.into());
        if status.is_final() {
            patch.insert("completed_at".into(), timestamp(now));
        }
        if status == JobStatus::Canceled {
            patch.insert("canceled_at".into(), timestamp(now));
        }
        patch
    }

    /// An outage ended it, and it is suspended until its next retry.
    pub(crate) fn suspended_until(
        (number, at): (u64, DateTime<Utc>),
        error: &str,
        counts: Counts,
        now: DateTime<Utc>,
    ) -> Map<String, Value> {
        let mut patch = Self::ended(JobStatus::Suspended, Some(error), counts, now);
        patch["metadata"]["tries"] = number.into();
        patch["metadata"]["try_at"] = timestamp(at);
        patch
    }

    /// Somebody wants it to stop; none where that can't be asked any more.
    pub(crate) fn cancel_requested(&self, now: DateTime<Utc>) -> Option<Map<String, Value>> {
        let status = self.status()?;
        let mut patch = if status.may_become(JobStatus::Canceling) {
            patch(json!({ "status": JobStatus::Canceling.word() }))
        } else if status.may_become(JobStatus::Canceled) && status != JobStatus::Canceling {
            patch(json!({
                "status": JobStatus::Canceled.word(), "canceled_at": timestamp(now),
                "completed_at": timestamp(now),
            }))
        } else {
            return None;
        };
        patch.insert("cancelation_requested_at".into(), timestamp(now));
        Some(patch)
    }
}

impl Counts {
    fn fields(self) -> Map<String, Value> {
        let mut fields = patch(json!({
            "indexed_document_count": self.indexed, "deleted_document_count": self.deleted,
            "indexed_document_volume": self.volume,
        }));
        if let Some(total) = self.total {
            fields.insert("total_document_count".into(), total.into());
        }
        fields
    }
}

/// Where the identities of a content index stand.
pub fn identity_index(content: &str) -> String {
    format!("{IDENTITIES}{content}")
}

/// What is written into the connector when one of its jobs starts.
pub(crate) fn patch_of_start(job_type: JobType, now: DateTime<Utc>) -> Map<String, Value> {
    let mut patch = last_sync(job_type, JobStatus::InProgress, None);
    patch.insert("status".into(), ConnectorStatus::Connected.word().into());
    patch.insert("error".into(), Value::Null);
    patch.insert("last_seen".into(), timestamp(now));
    patch
}

/// What is written into the connector when one of its jobs ends or is suspended.
pub(crate) fn patch_of_end(
    job_type: JobType,
    (status, error): (JobStatus, Option<&str>),
    counts: Counts,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let mut patch = last_sync(job_type, status, error);
    patch.insert("last_seen".into(), timestamp(now));
    if status.is_final() {
        patch.insert("last_synced".into(), timestamp(now));
    }
    if job_type != JobType::AccessControl {
        patch.insert("last_indexed_document_count".into(), counts.indexed.into());
        patch.insert("last_deleted_document_count".into(), counts.deleted.into());
    }
    if job_type != JobType::AccessControl && status == JobStatus::Completed {
        // Our cursors are kept with the index; one of another service does not hold any more.
        patch.insert("sync_cursor".into(), Value::Null);
    }
    if status == JobStatus::Error {
        patch.insert("status".into(), ConnectorStatus::Error.word().into());
        patch.insert("error".into(), error.into());
    }
    patch
}

fn last_sync(job_type: JobType, status: JobStatus, error: Option<&str>) -> Map<String, Value> {
    match job_type {
        JobType::AccessControl => patch(json!({
            "last_access_control_sync_status": status.word(), "last_access_control_sync_error": error,
        })),
        _ => patch(json!({ "last_sync_status": status.word(), "last_sync_error": error })),
    }
}

#[cfg(test)]
mod tests;
