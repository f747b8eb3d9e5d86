//! Points in time: views that stay as they were.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::failure::{Failure, Result};
use crate::identity;
use crate::store::{View, duration};

/// The points in time that are open.
#[derive(Default)]
pub(crate) struct Pits(Mutex<HashMap<String, Pit>>);

struct Pit {
    views: Vec<View>,
    keep_alive: Duration,
    until: Instant,
}

impl Pits {
    /// Keeps views under a new id.
    pub(crate) fn open(&self, views: Vec<View>, keep_alive: Duration) -> String {
        let id = identity::unique();
        self.lock().insert(id.clone(), Pit { views, keep_alive, until: Instant::now() + keep_alive });
        id
    }

    /// The views of a point in time, which lives on from now.
    ///
    /// # Errors
    /// 404 if it was closed, or was not used for too long.
    pub(crate) fn views(&self, id: &str, keep_alive: Option<Duration>) -> Result<Vec<View>> {
        let mut pits = self.lock();
        let Some(pit) = pits.get_mut(id) else {
            let missing = Failure::new(
                404,
                "search_context_missing_exception",
                format!("No search context found for id [{id}]"),
            );
            let shard = json!([{"shard": 0, "reason": missing.object()}]);
            return Err(Failure::new(404, "search_phase_execution_exception", "all shards failed")
                .with("phase", "query")
                .with("grouped", true)
                .with("failed_shards", shard)
                .caused_by(missing));
        };
        pit.keep_alive = keep_alive.unwrap_or(pit.keep_alive);
        pit.until = Instant::now() + pit.keep_alive;
        Ok(pit.views.clone())
    }

    /// Closes a point in time; false if there is none of that id.
    pub(crate) fn close(&self, id: &str) -> bool {
        self.lock().remove(id).is_some()
    }

    /// Locks after throwing away what has expired.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pit>> {
        let mut pits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        pits.retain(|_, pit| pit.until > now);
        pits
    }
}

/// Reads a `keep_alive`, at most a day.
pub(crate) fn keep_alive(text: &str) -> Result<Duration> {
    const MOST: Duration = Duration::from_secs(24 * 3600);
    match duration(text) {
        Some(time) if time <= MOST => Ok(time),
        Some(_) => Err(Failure::argument(format!(
            "Keep alive for request ({text}) is too large. It must be less than (1d). This limit can be set by changing \
             the [search.max_keep_alive] cluster level setting."
        ))),
        None => Err(Failure::argument(format!(
            "failed to parse setting [keep_alive] with value [{text}] as a time value: unit is missing or unrecognized"
        ))),
    }
}
