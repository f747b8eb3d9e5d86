//! Versions that keep what was sent earlier from taking the place of what was sent later.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chrono::{DateTime, Utc};

use crate::Clock;

/// 2020-01-01, in milliseconds.
const START: i64 = 1_577_836_800_000;
/// Bits for the number of a bulk.
const BULKS: u32 = 20;
/// Another clock may be so many milliseconds ahead.
const SKEW: u64 = 5_000;

/// When a sync began. Its bulks are numbered from there, so that each write has a version: a request that arrives late, after
/// newer ones, changes nothing. Of two syncs the one that began later prevails.
#[derive(Debug, Clone)]
pub struct Epoch {
    begun: u64,
    clock: Clock,
}

impl Epoch {
    /// Of a sync that begins now.
    #[must_use]
    pub fn now(clock: &Clock) -> Self {
        Self { begun: since_start(clock.now()), clock: clock.clone() }
    }

    /// Of a sync that begins now, and after the last one that began by this count, even where the clock stands still.
    pub(in crate::elastic) fn after(last: &AtomicU64, clock: &Clock) -> Self {
        let now = Self::now(clock);
        let before = last.fetch_max(now.begun, Relaxed);
        if before < now.begun {
            return now;
        }
        Self { begun: last.fetch_add(1, Relaxed) + 1, ..now }
    }

    /// The version of what is sent in a bulk. Beyond a million bulks all have the same.
    pub(super) fn version(&self, bulk: u64) -> u64 {
        self.begun << BULKS | bulk.min((1 << BULKS) - 1)
    }

    /// True for a version that a sync gave which began before now. Others are those of another tool, whose numbers mean something
    /// else, or were given by a clock that has been set back since: they are no reason to hold a write back.
    pub(super) fn knows(&self, version: u64) -> bool {
        (version >> BULKS) <= since_start(self.clock.now()) + SKEW
    }
}

fn since_start(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp_millis() - START).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn later_bulks_and_later_syncs_have_higher_versions() {
        let begin = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let at = |time| Epoch::now(&Clock::fixed(time));
        let (first, second) = (at(begin), at(begin + TimeDelta::milliseconds(1)));
        assert!(first.version(0) < first.version(1) && first.version(u64::MAX) < second.version(0));
        assert_eq!(first.version(1 << 20), first.version((1 << 20) - 1));
        let last = at(begin + TimeDelta::days(250 * 365)).version(u64::MAX);
        assert!(i64::try_from(last).is_ok(), "servers keep 63 bits: {last}");
        assert_eq!(at(DateTime::UNIX_EPOCH).version(3), 3, "a clock that was never set");
    }

    #[test]
    fn two_syncs_never_begin_at_the_same_time() {
        let (last, clock) =
            (AtomicU64::new(0), Clock::fixed(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        let begun: Vec<u64> = (0..4).map(|_| Epoch::after(&last, &clock).begun).collect();
        assert!(begun.is_sorted_by(|one, next| one < next), "{begun:?}");
        assert_eq!(begun[0], Epoch::now(&clock).begun);
    }

    #[test]
    fn versions_of_other_tools_and_of_clocks_that_were_set_back_are_told_apart() {
        let begin = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let at = |time| Epoch::now(&Clock::fixed(time));
        let epoch = at(begin);
        for (version, is_known) in [
            (epoch.version(7), true),
            (at(begin + TimeDelta::seconds(4)).version(0), true),
            (at(begin + TimeDelta::minutes(2)).version(0), false),
            (i64::MAX.cast_unsigned(), false),
        ] {
            assert_eq!(epoch.knows(version), is_known, "{version}");
        }
    }
}
