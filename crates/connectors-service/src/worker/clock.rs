//! The server's time. Leases and schedules of all workers go by one clock, so that a worker whose own is wrong
//! takes no job that another one has, and makes no run early or late.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::{Clock, Result};

use super::{Worker, lock};

/// A stamp further ahead than this was written by a clock that is wrong.
pub(super) const AHEAD: TimeDelta = TimeDelta::seconds(60);
/// The server tells its time in whole seconds.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// How far the server's clock is ahead of this machine's; nothing before it was asked, or where it tells no time.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<TimeDelta>);

impl Worker {
    /// The time by the server's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.context.clock.now() + *lock(&self.ahead.0)
    }

    /// The server's clock, as far as it is known now.
    pub(super) fn server_clock(&self) -> Clock {
        let (clock, ahead) = (self.context.clock.clone(), *lock(&self.ahead.0));
        Clock::new(move || clock.now() + ahead)
    }

    /// Asks the server for its time.
    ///
    /// # Errors
    /// When it can't be asked.
    pub(super) async fn set_clock(&self) -> Result<()> {
        let sent = self.context.clock.now();
        let Some(told) = self.store.time().await? else { return Ok(()) };
        let received = self.context.clock.now();
        let mut ahead = lock(&self.ahead.0);
        let before = *ahead;
        *ahead = corrected(before, (sent, received), told);
        if (*ahead - before).abs() > AHEAD {
            let seconds = ahead.num_seconds();
            tracing::warn!(
                seconds,
                "the server's clock is ahead of this machine's by so much, and is gone by"
            );
        }
        Ok(())
    }

    /// How long ago something was; as long for a time that lies ahead, as a clock was set back since.
    pub(super) fn elapsed(&self, since: DateTime<Utc>) -> Duration {
        (self.now() - since).abs().to_std().unwrap_or_default()
    }
}

/// The difference that agrees with an answer and is closest to the one known so far. The answer was made after
/// the request was sent and before it was received, in the second that it tells.
fn corrected(
    known: TimeDelta,
    (sent, received): (DateTime<Utc>, DateTime<Utc>),
    told: DateTime<Utc>,
) -> TimeDelta {
    let (least, most) = (told - received, told + SECOND - sent);
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
        for (sent, received, told) in
            [(10_000, 10_010, 10_000), (10_990, 11_005, 10_000), (10_500, 40_500, 25_000)]
        {
            let ahead = corrected(TimeDelta::zero(), (at(sent), at(received)), at(told));
            assert_eq!(ahead, TimeDelta::zero(), "{sent} {received} {told}");
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
