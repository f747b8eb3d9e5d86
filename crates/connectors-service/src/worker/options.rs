//! How a worker works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use connectors_core::config::Secret;

use super::allow::Allow;
use crate::schedule::CatchUp;
use crate::secrets::Secrets;

/// The settings of a worker.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name, which no other worker has.
    pub worker: String,
    /// Between two ticks, which look at all connectors.
    pub idling: Duration,
    /// Between two looks whether somebody made a job: one that did is not kept waiting for a tick.
    pub arrivals: Duration,
    /// Between two beats, which look at running jobs: how long a cancel waits at most.
    pub beat: Duration,
    /// Between two writes of a running job's progress, which renew its lease.
    pub progress: Duration,
    /// Between two writes of when connectors were last seen.
    pub heartbeat: Duration,
    /// A job whose lease was not renewed for so long may be taken over.
    pub lease: Duration,
    /// Between two checks of a configuration that did not change.
    pub check: Duration,
    /// A job that made no progress for so long is logged.
    pub stalled_after: Duration,
    /// How long a sync that is asked to stop may go on.
    pub grace: Duration,
    /// Between two tries to write how a job ended.
    pub retry_pause: Duration,
    /// Jobs at once that write documents.
    pub content_slots: usize,
    /// Jobs at once that write who may read what.
    pub access_slots: usize,
    /// What is done about missed runs.
    pub missed: CatchUp,
    /// How long the documents of jobs that are over are kept.
    pub retention: Retention,
    /// The time zone of schedules.
    pub zone: Tz,
    /// What references in configurations lead to.
    pub secrets: Secrets,
    /// What connectors may use.
    pub allow: Allow,
    /// The folder of the marks of each index.
    pub marks: Option<PathBuf>,
    /// The connectors that this worker serves; all whose type it has, where none are named.
    pub only: BTreeMap<String, Served>,
    /// Whether connectors of the hosted service (`is_native`) are served.
    pub native: bool,
}

/// Which documents of jobs that are over are kept; all of them without limits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// Older ones go.
    pub days: Option<u32>,
    /// So many of each connector stay.
    pub count: Option<u32>,
}

/// A connector that the settings name.
#[derive(Debug, Clone, Default)]
pub struct Served {
    /// Its type, for a document that has none yet.
    pub service_type: Option<String>,
    /// The key with which its documents are written.
    pub api_key: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            worker: "worker".into(),
            idling: Duration::from_secs(30),
            arrivals: Duration::from_secs(1),
            beat: Duration::from_secs(1),
            progress: Duration::from_secs(10),
            heartbeat: Duration::from_secs(300),
            lease: Duration::from_secs(300),
            check: Duration::from_secs(3600),
            stalled_after: Duration::from_secs(600),
            grace: Duration::from_secs(3),
            retry_pause: Duration::from_secs(2),
            content_slots: 4,
            access_slots: 1,
            missed: CatchUp::Once,
            retention: Retention::default(),
            zone: Tz::UTC,
            secrets: Secrets::new(None),
            allow: Allow::default(),
            marks: None,
            only: BTreeMap::new(),
            native: false,
        }
    }
}
