//! A connector's document: what is read from it, and what a new one holds.

use chrono::{DateTime, Utc};
use connectors_core::config::Field;
use connectors_core::sync::DEFAULT_PIPELINE;
use connectors_core::{Capabilities, Registered};
use serde_json::{Map, Value, json};

use super::configuration::masked;
use super::record::patch;
use super::{ConnectorStatus, JobStatus, JobType, Record, is_complete, missing_fields, timestamp};
use crate::registry::Registry;

/// When a schedule runs that nobody has set: at midnight.
const MIDNIGHT: &str = "0 0 0 * * ?";

/// A connector, as its document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Connector(pub(crate) Record);

/// When jobs of one type run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Whether they run by themselves.
    pub enabled: bool,
    /// A quartz expression.
    pub interval: String,
}

impl Connector {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its name, or its id where it has none.
    pub fn name(&self) -> &str {
        self.0.text("name").unwrap_or(&self.0.id)
    }

    /// The type of its source.
    pub fn service_type(&self) -> Option<&str> {
        self.0.text("service_type")
    }

    /// The index that it keeps.
    pub fn index_name(&self) -> Option<&str> {
        self.0.text("index_name")
    }

    /// Where it is in its life; none for a word of another version of the protocol.
    pub fn status(&self) -> Option<ConnectorStatus> {
        ConnectorStatus::of(self.0.text("status")?)
    }

    /// True for one that is marked as removed: its document stays, and nothing is done with it.
    pub fn is_removed(&self) -> bool {
        self.0.is_removed()
    }

    /// True for one of the hosted service of Elastic.
    pub(crate) fn is_native(&self) -> bool {
        self.0.value("is_native").as_bool() == Some(true)
    }

    /// Why this connector, of a source that can do so much, has no jobs of a type; none where it has.
    pub(crate) fn refuses(&self, job_type: JobType, can: Capabilities) -> Option<&'static str> {
        lack(job_type, can).or_else(|| self.switched_off(job_type))
    }

    /// Why the connector's features leave out jobs of a type; none where they do not.
    pub(crate) fn switched_off(&self, job_type: JobType) -> Option<&'static str> {
        let (feature, reason) = match job_type {
            JobType::Full => return None,
            JobType::Incremental => {
                ("incremental_sync.enabled", "incremental syncs are switched off in the connector's features")
            }
            JobType::AccessControl => (
                "document_level_security.enabled",
                "document-level security is switched off in the connector's features",
            ),
        };
        self.is_off(&[feature]).then_some(reason)
    }

    /// Whether basic and advanced rules count, by the features' names of today and of earlier versions.
    pub(crate) fn counted_rules(&self) -> (bool, bool) {
        (
            !self.is_off(&["sync_rules.basic.enabled", "filtering_rules"]),
            !self.is_off(&["sync_rules.advanced.enabled", "filtering_advanced_config"]),
        )
    }

    fn is_off(&self, features: &[&str]) -> bool {
        features.iter().any(|name| self.0.value(&format!("features.{name}")).as_bool() == Some(false))
    }

    pub(crate) fn configuration(&self) -> Map<String, Value> {
        self.0.object("configuration")
    }

    /// False while it waits for its form or for a person.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(self.status(), None | Some(ConnectorStatus::Created | ConnectorStatus::NeedsConfiguration))
    }

    /// When jobs of this type run; none where the document does not say.
    pub fn schedule(&self, job_type: JobType) -> Option<Schedule> {
        let path = format!("scheduling.{job_type}");
        let enabled = self.0.value(&format!("{path}.enabled")).as_bool()?;
        Some(Schedule { enabled, interval: self.0.text(&format!("{path}.interval"))?.to_owned() })
    }

    /// When a job of this type was last made by its schedule.
    pub(crate) fn last_scheduled(&self, job_type: JobType) -> Option<DateTime<Utc>> {
        self.0.date(last_scheduled_field(job_type))
    }

    /// How the last job that wrote documents, or who may read them, went; none before the first.
    pub(crate) fn last_sync(&self, job_type: JobType) -> Option<JobStatus> {
        JobStatus::of(self.0.text(last_sync_field(job_type))?)
    }

    /// A text of the document at a dotted path; none for an empty one.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.text(path)
    }

    /// The document with its id, as it may be shown: the values of sensitive settings masked.
    pub fn masked(&self, registry: &Registry) -> Value {
        let source = self.service_type().and_then(|name| registry.find(name));
        let fields = source.map(Registered::fields).unwrap_or_default();
        let mut shown = self.0.fields.clone();
        shown.insert("id".into(), self.id().into());
        shown.insert("configuration".into(), masked(&self.configuration(), &fields).into());
        shown.into()
    }

    /// The rules in force and the draft of others; null where the document has none.
    pub(crate) fn filtering(&self) -> &Value {
        self.0.first("filtering")
    }
}

/// Why a source that can do so much has no jobs of a type; none where it has.
pub(crate) fn lack(job_type: JobType, can: Capabilities) -> Option<&'static str> {
    match job_type {
        JobType::Incremental if !can.incremental => {
            Some("this source can't tell what changed, and has full syncs alone")
        }
        JobType::AccessControl if !can.access_control => {
            Some("this source does not know who may read its documents")
        }
        _ => None,
    }
}

/// Where the time of the last scheduled job of a type stands.
pub(crate) fn last_scheduled_field(job_type: JobType) -> &'static str {
    match job_type {
        JobType::Full => "last_sync_scheduled_at",
        JobType::Incremental => "last_incremental_sync_scheduled_at",
        JobType::AccessControl => "last_access_control_sync_scheduled_at",
    }
}

/// Where it stands how the last job went.
pub(super) fn last_sync_field(job_type: JobType) -> &'static str {
    match job_type {
        JobType::AccessControl => "last_access_control_sync_status",
        JobType::Full | JobType::Incremental => "last_sync_status",
    }
}

/// What a connector can do, as Kibana reads it from the document.
pub(crate) fn features(can: Capabilities) -> Value {
    json!({
        "sync_rules": { "basic": { "enabled": true }, "advanced": { "enabled": can.advanced_rules } },
        "document_level_security": { "enabled": can.access_control },
        "incremental_sync": { "enabled": can.incremental },
        "native_connector_api_keys": { "enabled": false },
    })
}

/// What somebody asks for who makes a connector.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewConnector {
    pub(crate) name: String,
    pub(crate) index_name: String,
    /// Given values by field.
    pub(crate) values: Map<String, Value>,
    pub(crate) language: Option<String>,
    pub(crate) pipeline: Option<String>,
    pub(crate) schedules: Vec<(JobType, Schedule)>,
}

impl NewConnector {
    /// The document, with the fields of the form, and the given values in them.
    pub(crate) fn document(&self, source: &dyn Registered, now: DateTime<Utc>) -> Map<String, Value> {
        let fields = source.fields();
        let configuration = self.configuration(&fields);
        let status = ConnectorStatus::after_edit(None, is_complete(&configuration, &fields));
        let mut document = self.bare(now);
        document["service_type"] = source.name().into();
        document["features"] = features(source.capabilities());
        document["configuration"] = configuration.into();
        document["status"] = status.word().into();
        patch(document)
    }

    fn configuration(&self, fields: &[Field]) -> Map<String, Value> {
        let mut configuration = missing_fields(&Map::new(), fields).unwrap_or_default();
        for (name, value) in &self.values {
            if let Some(field) = configuration.get_mut(name) {
                field["value"] = value.clone();
            }
        }
        configuration
    }

    fn bare(&self, now: DateTime<Utc>) -> Value {
        let now = timestamp(now);
        let asked = |job_type| self.schedules.iter().find(|(other, _)| *other == job_type);
        let scheduling = scheduling(|job_type| asked(job_type).map(|(_, asked)| asked.clone()));
        json!({
            "api_key_id": null, "api_key_secret_id": null, "configuration": {}, "custom_scheduling": {},
            "description": null, "error": null, "filtering": [no_rules(&now)],
            "index_name": self.index_name, "is_native": false, "language": self.language,
            "last_access_control_sync_error": null, "last_access_control_sync_scheduled_at": null,
            "last_access_control_sync_status": null, "last_deleted_document_count": 0,
            "last_incremental_sync_scheduled_at": null, "last_indexed_document_count": 0, "last_seen": null,
            "last_sync_error": null, "last_sync_scheduled_at": null, "last_sync_status": null,
            "last_synced": null, "name": self.name,
            "pipeline": {
                "name": self.pipeline.as_deref().unwrap_or(DEFAULT_PIPELINE), "extract_binary_content": true,
                "reduce_whitespace": true, "run_ml_inference": true,
            },
            "scheduling": scheduling, "sync_cursor": null, "created_at": now, "updated_at": now,
        })
    }
}

/// The schedules of a document: those that are asked for; the others do not run.
pub(crate) fn scheduling(asked: impl Fn(JobType) -> Option<Schedule>) -> Value {
    let off = || Schedule { enabled: false, interval: MIDNIGHT.into() };
    let each = JobType::ALL.iter().map(|job_type| {
        let Schedule { enabled, interval } = asked(*job_type).unwrap_or_else(off);
        (job_type.word().to_owned(), json!({ "enabled": enabled, "interval": interval }))
    });
    Value::Object(each.collect())
}

/// The rules of a connector that has none of its own: everything is wanted.
fn no_rules(now: &Value) -> Value {
    let rules = json!({
        "advanced_snippet": { "created_at": now, "updated_at": now, "value": {} },
        "rules": [{
            "id": "DEFAULT", "policy": "include", "field": "_", "rule": "regex", "value": ".*", "order": 0,
            "created_at": now, "updated_at": now,
        }],
        "validation": { "errors": [], "state": "valid" },
    });
    json!({ "domain": "DEFAULT", "active": rules, "draft": rules })
}

#[cfg(test)]
mod tests;
