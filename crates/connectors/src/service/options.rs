//! How a worker works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use connectors_core::config::Secret;

use super::Allow;
use crate::schedule::CatchUp;
use crate::secrets::Secrets;

/// The settings of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Its name, which no other worker has.
    pub(crate) worker: String,
    /// Between two looks at all connectors.
    pub(crate) idling: Duration,
    /// Between two looks at running jobs: what a cancel waits for at the most.
    pub(crate) beat: Duration,
    /// Between two writes of a running job's progress, which renew its lease.
    pub(crate) progress: Duration,
    /// Between two signs of life of connectors.
    pub(crate) heartbeat: Duration,
    /// A job whose worker was not heard of for so long may be taken over.
    pub(crate) lease: Duration,
    /// Between two checks of a configuration that did not change.
    pub(crate) check: Duration,
    /// A job that made no progress for so long is told of.
    pub(crate) still: Duration,
    /// How long a sync that is asked to stop may go on.
    pub(crate) grace: Duration,
    /// Between two tries to write how a job ended.
    pub(crate) again: Duration,
    /// Jobs at once that write documents.
    pub(crate) content_slots: usize,
    /// Jobs at once that write who may read what.
    pub(crate) access_slots: usize,
    /// What becomes of runs whose time passed by.
    pub(crate) missed: CatchUp,
    /// How long the documents of jobs that are over are kept.
    pub(crate) retention: Retention,
    /// The time zone of schedules.
    pub(crate) zone: Tz,
    /// What references in configurations lead to.
    pub(crate) secrets: Secrets,
    /// What connectors may use.
    pub(crate) allow: Allow,
    /// The folder of the marks of each index.
    pub(crate) marks: Option<PathBuf>,
    /// The connectors that this worker serves; all whose type it has, where none are named.
    pub(crate) only: BTreeMap<String, Served>,
}

/// Which documents of jobs that are over are kept; all of them without limits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retention {
    /// Older ones go.
    pub(crate) days: Option<u32>,
    /// So many of each connector stay.
    pub(crate) count: Option<u32>,
}

/// A connector that the settings name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    /// Its type, for a document that has none yet.
    pub(crate) service_type: Option<String>,
    /// The key with which its documents are written.
    pub(crate) api_key: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            worker: "worker".into(),
            idling: Duration::from_secs(30),
            beat: Duration::from_secs(1),
            progress: Duration::from_secs(10),
            heartbeat: Duration::from_secs(300),
            lease: Duration::from_secs(300),
            check: Duration::from_secs(3600),
            still: Duration::from_secs(600),
            grace: Duration::from_secs(3),
            again: Duration::from_secs(2),
            content_slots: 4,
            access_slots: 1,
            missed: CatchUp::Once,
            retention: Retention::default(),
            zone: Tz::UTC,
            secrets: Secrets::new(None),
            allow: Allow::default(),
            marks: None,
            only: BTreeMap::new(),
        }
    }
}
