//! How the worker of `connectors run` works.

use std::time::Duration;

use connectors_core::Result;
use connectors_service::schedule::{CatchUp, zone};
use connectors_service::worker::{Options, Retention};

use super::Settings;

impl Settings {
    /// Where the service answers operators; none where it does not.
    pub(crate) fn listen(&self) -> Option<&str> {
        self.keys.service_listen.as_deref()
    }

    /// How a worker works.
    pub(crate) fn service(&self) -> Result<Options> {
        let keys = &self.keys;
        let seconds = |number: u32| Duration::from_secs(number.into());
        Ok(Options {
            worker: keys.service_worker_name.clone().unwrap_or_else(own_name),
            idling: seconds(keys.service_idling),
            heartbeat: seconds(keys.service_heartbeat),
            check: seconds(keys.service_check_interval),
            content_slots: keys.service_max_concurrent_content_syncs as usize,
            access_slots: keys.service_max_concurrent_access_control_syncs as usize,
            missed: match keys.service_missed_runs.as_str() {
                "skip" => CatchUp::Skip,
                "all" => CatchUp::All,
                _ => CatchUp::Once,
            },
            retention: Retention {
                days: Some(keys.service_job_retention_days).filter(|days| *days > 0),
                count: Some(keys.service_job_retention_count).filter(|count| *count > 0),
            },
            zone: zone(&keys.service_timezone)?,
            secrets: self.secrets(),
            marks: self.marks(),
            allow: self.allow.clone(),
            only: self.served.clone(),
            native: keys.service_native,
            ..Options::default()
        })
    }
}

/// Host, process, and time of the start: no two workers share all of them.
fn own_name() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    let host = host.or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.as_deref().map_or("worker", str::trim);
    let started = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    format!("{host}-{}-{:x}", std::process::id(), started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_a_name_of_its_own() {
        assert!(own_name().contains(&std::process::id().to_string()));
    }
}
