//! Jobs that somebody made since the last look.

use std::sync::Mutex;

use connectors_core::Result;

use crate::lock::lock;
use crate::protocol::{JobStatus, Store};

/// The newest job that waits, as of the last look.
#[derive(Debug, Default)]
pub(super) struct Arrivals(Mutex<Option<String>>);

impl Arrivals {
    /// Whether the newest job that waits is another one than before.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(super) async fn has_new(&self, store: &Store) -> Result<bool> {
        let waiting = store.jobs(&JobStatus::among(&[JobStatus::Pending]), Some(1)).await?;
        let Some(newest) = waiting.last().map(|job| job.id().to_owned()) else { return Ok(false) };
        let before = lock(&self.0).replace(newest.clone());
        Ok(before != Some(newest))
    }
}
