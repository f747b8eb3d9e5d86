//! Documents of connectors and jobs in any shape: what is read from them, and what is written of them, is never a fault.

use chrono::{DateTime, Utc};
use connectors_core::rules::{Filtering, RuleSet};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::configuration::masked;
use super::*;

/// Any JSON, with numbers and dates at the ends of their ranges.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(u64::MAX)),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("0000-01-01T00:00:00Z")),
        Just(json!("0 0 2 * * ?")),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

const NAMES: [&str; 26] = [
    "name",
    "service_type",
    "index_name",
    "status",
    "configuration",
    "scheduling",
    "filtering",
    "pipeline",
    "error",
    "last_seen",
    "last_synced",
    "last_sync_status",
    "last_sync_scheduled_at",
    "connector",
    "job_type",
    "trigger_method",
    "created_at",
    "started_at",
    "indexed_document_count",
    "deleted_document_count",
    "indexed_document_volume",
    "metadata",
    "metadata.tries",
    "metadata.try_at",
    "metadata.takeovers",
    "connector.index_name",
];

fn record() -> impl Strategy<Value = Record> {
    let field = (proptest::sample::select(NAMES.to_vec()), value());
    proptest::collection::vec(field, 0..9).prop_map(|fields| {
        let fields: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Record { id: "x".into(), version: (0, 0), fields }
    })
}

proptest! {
    #[test]
    fn a_connector_of_any_shape_is_read(record in record()) {
        let connector = Connector(record);
        let now = "2026-11-30T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let _ = (connector.name(), connector.service_type(), connector.index_name(), connector.status());
        for job_type in JobType::ALL.iter().copied() {
            let _ = (connector.schedule(job_type), connector.last_scheduled(job_type), connector.last_sync(job_type));
            let document = SyncJob::document(&connector, (job_type, Trigger::OnDemand), now);
            prop_assert_eq!(document["status"].as_str(), Some("pending"));
        }
        let stored = connector.configuration();
        let (shown, laid) = (masked(&stored, &[]), overlay(&stored, &stored));
        prop_assert_eq!(shown.len(), laid.len());
        let _ = (values(&stored, &[]), is_complete(&stored, &[]), missing_fields(&stored, &[]));
        let _ = Filtering::read(connector.0.value("filtering"));
    }

    #[test]
    fn a_job_of_any_shape_is_read_and_goes_on(record in record()) {
        let (job, now) = (SyncJob(record), "2026-11-30T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let _ = (job.connector_id(), job.status(), job.worker(), job.created_at(), job.last_seen(), job.pipeline());
        let _ = (job.counts(), job.takeovers(), job.waits_for_retry(now), job.cancel_requested(now), RuleSet::of_job(job.filtering()));
        if let Some(next) = job.next_retry(now) {
            prop_assert!(next.1 > now);
            SyncJob::suspended_until(next, "later", job.counts(), now);
        }
        let claimed = job.claimed("w", now);
        prop_assert_eq!(claimed["worker_hostname"].as_str(), Some("w"));
        let ended = patch_of_end(job.job_type(), (JobStatus::Error, Some("e")), job.counts(), now);
        prop_assert_eq!(ended["status"].as_str(), Some("error"));
    }
}
