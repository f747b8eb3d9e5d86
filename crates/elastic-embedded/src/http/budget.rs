//! The memory that requests may take, all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, Result};

/// What a body takes while it is worked on, in terms of its length: as text, as values, as what comes of it.
const PARSED: usize = 4;
const KIB: usize = 1 << 10;

/// How much there is.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    received: Arc<AtomicUsize>,
    worked_on: Arc<Semaphore>,
}

/// What one body takes of it; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    limit: usize,
    received: Arc<AtomicUsize>,
    own: usize,
}

impl Budget {
    /// Bodies may take so many bytes on their way in, and twice as many while they are worked on.
    pub(crate) fn new(limit: usize) -> Self {
        let kib = (limit.saturating_mul(2) / KIB).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Budget { limit, received: Arc::default(), worked_on: Arc::new(Semaphore::new(kib)) }
    }

    /// An empty share.
    pub(crate) fn share(&self) -> Share {
        Share { limit: self.limit, received: self.received.clone(), own: 0 }
    }

    /// Waits until a body of that length may be worked on. One that is larger than all there is gets all.
    pub(crate) async fn work(&self, length: usize) -> Result<OwnedSemaphorePermit> {
        let most = self.limit.saturating_mul(2) / KIB;
        let kib = u32::try_from((length.saturating_mul(PARSED) / KIB).clamp(1, most.max(1)));
        let permits = self.worked_on.clone().acquire_many_owned(kib.unwrap_or(u32::MAX));
        permits.await.map_err(Failure::internal)
    }
}

impl Share {
    /// Takes more.
    ///
    /// # Errors
    /// 429 if bodies would take more than there is, as the real one's circuit breaker.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        let taken = self.received.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.own += bytes;
        if taken <= self.limit {
            return Ok(());
        }
        let limit = self.limit;
        let reason = format!(
            "[in_flight_requests] Data too large, data for [<http_request>] would be [{taken}/{taken}b], which is larger than the limit of [{limit}/{limit}b]"
        );
        let failure = Failure::new(429, "circuit_breaking_exception", reason);
        Err(failure
            .with("bytes_wanted", taken)
            .with("bytes_limit", limit)
            .with("durability", json!("TRANSIENT")))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.received.fetch_sub(self.own, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_given_back() {
        let budget = Budget::new(100);
        let (mut first, mut second) = (budget.share(), budget.share());
        first.grow(60).unwrap();
        let refused = second.grow(60).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert!(
            refused.reason().contains("would be [120/120b], which is larger than the limit of [100/100b]")
        );
        drop(first);
        assert!(second.grow(60).is_err(), "what it asked for before counts");
        drop(second);
        assert!(budget.share().grow(100).is_ok());
    }

    #[tokio::test]
    async fn work_waits_for_room_and_one_that_is_larger_than_all_of_it_is_done() {
        let budget = Budget::new(1 << 20);
        let all = budget.work(usize::MAX).await.unwrap();
        let waits = budget.work(1);
        tokio::pin!(waits);
        assert!(futures::poll!(&mut waits).is_pending());
        drop(all);
        assert!(futures::poll!(&mut waits).is_ready());
    }
}
