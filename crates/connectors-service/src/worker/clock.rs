//! The server's time. Leases and schedules of all workers go by one clock, so that a worker whose own is wrong
//! takes no job that another one has, and makes no run early or late.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::{Clock, Result};

use crate::lock::lock;
use crate::protocol::Store;

/// A timestamp further ahead than this was written by a clock that is wrong.
pub(super) const MAX_AHEAD: TimeDelta = TimeDelta::seconds(60);
/// The server's time comes in whole seconds.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// The server's clock: this machine's, and how far the server's is ahead of it as far as that is known. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct ServerClock {
    machine: Clock,
    offset: Arc<Mutex<TimeDelta>>,
}

impl ServerClock {
    /// A clock that goes by this machine's until the server is asked.
    pub(super) fn new(machine: Clock) -> Self {
        Self { machine, offset: Arc::default() }
    }

    /// The time by the server's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.machine.now() + *lock(&self.offset)
    }

    /// A clock for a sync, which goes by the offset as it is known now.
    pub(super) fn fixed(&self) -> Clock {
        let (machine, offset) = (self.machine.clone(), *lock(&self.offset));
        Clock::new(move || machine.now() + offset)
    }

    /// How long ago something was; as long for a time that lies ahead, as a clock was set back since.
    pub(super) fn elapsed(&self, since: DateTime<Utc>) -> Duration {
        (self.now() - since).abs().to_std().unwrap_or_default()
    }

    /// Asks the server for its time.
    ///
    /// # Errors
    /// When it can't be asked.
    pub(super) async fn synchronize(&self, store: &Store) -> Result<()> {
        let sent = self.machine.now();
        let Some(answered) = store.time().await? else { return Ok(()) };
        let received = self.machine.now();
        let mut offset = lock(&self.offset);
        let before = *offset;
        *offset = corrected(before, (sent, received), answered);
        if (*offset - before).abs() > MAX_AHEAD {
            let seconds = offset.num_seconds();
            tracing::warn!(
                seconds,
                "the clocks of the server and of this machine differ; schedules and leases go by the server's"
            );
        }
        Ok(())
    }
}

/// The offset that agrees with an answer and is closest to the one known so far. The answer was made after
/// the request was sent and before it was received, in the second that it names.
fn corrected(
    known: TimeDelta,
    (sent, received): (DateTime<Utc>, DateTime<Utc>),
    answered: DateTime<Utc>,
) -> TimeDelta {
    let (least, most) = (answered - received, answered + SECOND - sent);
    if least > most { known } else { known.clamp(least, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).unwrap()
    }

    #[test]
    fn a_clock_that_agrees_with_the_server_is_left_alone() {
        for (sent, received, answered) in
            [(10_000, 10_010, 10_000), (10_990, 11_005, 10_000), (10_500, 40_500, 25_000)]
        {
            let ahead = corrected(TimeDelta::zero(), (at(sent), at(received)), at(answered));
            assert_eq!(ahead, TimeDelta::zero(), "{sent} {received} {answered}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_to_within_a_second_and_no_further() {
        let clock = (at(310_500), at(310_520));
        let ahead = corrected(TimeDelta::zero(), clock, at(10_000));
        assert_eq!(ahead, TimeDelta::milliseconds(-299_500));
        assert_eq!(corrected(ahead, clock, at(10_000)), ahead);
        let behind = corrected(TimeDelta::zero(), (at(10_500), at(10_520)), at(310_000));
        assert_eq!(behind, TimeDelta::milliseconds(299_480));
    }

    #[test]
    fn a_clock_that_was_set_back_during_the_request_corrects_nothing() {
        let known = TimeDelta::seconds(5);
        assert_eq!(corrected(known, (at(100_000), at(50_000)), at(75_000)), known);
    }
}
