//! Versions that keep what was sent earlier from taking the place of what was sent later.

use chrono::{DateTime, Utc};

/// 2020-01-01, in milliseconds.
const START: i64 = 1_577_836_800_000;
/// Bits for the number of a bulk.
const BULKS: u32 = 20;
/// Another clock may be so many milliseconds ahead.
const SKEW: u64 = 24 * 60 * 60 * 1_000;

/// When a sync began. Its bulks are numbered from there, so that each write has a version: a request that arrives late, after
/// newer ones, changes nothing. Of two syncs the one that began later prevails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// Of a sync that begins at this time.
    #[must_use]
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(u64::try_from(time.timestamp_millis() - START).unwrap_or_default())
    }

    /// The version of what is sent in a bulk. Beyond a million bulks all have the same.
    pub(super) fn version(self, bulk: u64) -> u64 {
        self.0 << BULKS | bulk.min((1 << BULKS) - 1)
    }

    /// True for a version that a sync gave: not one that another tool keeps, whose numbers mean something else.
    pub(super) fn knows(self, version: u64) -> bool {
        (version >> BULKS) <= self.0 + SKEW
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn later_bulks_and_later_syncs_have_higher_versions() {
        let begin = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let (first, second) = (Epoch::at(begin), Epoch::at(begin + TimeDelta::milliseconds(1)));
        assert!(first.version(0) < first.version(1) && first.version(u64::MAX) < second.version(0));
        assert_eq!(first.version(1 << 20), first.version((1 << 20) - 1));
        let last = Epoch::at(begin + TimeDelta::days(250 * 365)).version(u64::MAX);
        assert!(i64::try_from(last).is_ok(), "servers keep 63 bits: {last}");
        assert_eq!(Epoch::at(DateTime::UNIX_EPOCH).version(3), 3, "a clock that was never set");
    }

    #[test]
    fn versions_of_other_tools_are_told_apart() {
        let begin = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let epoch = Epoch::at(begin);
        for (version, is_known) in [
            (epoch.version(7), true),
            (Epoch::at(begin + TimeDelta::hours(1)).version(0), true),
            (Epoch::at(begin + TimeDelta::days(2)).version(0), false),
            (i64::MAX.cast_unsigned(), false),
        ] {
            assert_eq!(epoch.knows(version), is_known, "{version}");
        }
    }
}
