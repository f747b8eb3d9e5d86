//! When jobs run: quartz expressions in a time zone, and what is done about runs that were missed.
//!
//! ```text
//! second minute hour day-of-month month weekday [year]      0 30 2 ? * MON-FRI
//! ```
//!
//! | field | values | besides `*`, `a`, `a-b`, `a/step`, `a-b/step` and lists with `,` |
//! |---|---|---|
//! | second, minute | 0–59 | |
//! | hour | 0–23 | |
//! | day of month | 1–31 | `?`, `L` the last day, `L-3` three days before it, `LW` the last weekday from Monday to Friday, `15W` the one of these nearest to the 15th in the same month |
//! | month | 1–12, JAN–DEC | |
//! | weekday | 1–7, SUN–SAT | `?`, `6L` the last Friday of the month, `6#3` the third, `L` Saturday |
//! | year | 1970–2099 | |
//!
//! A range may go over the end (`22-2`, `FRI-MON`; not for years). One of the two day fields says nothing: `?` or `*`.
//!
//! **Daylight saving.** Where the hours are named, each time of the clock counts once a day: one that the clock
//! leaves out comes at the instant at which it goes on, one that it shows twice comes the first time. Where every hour
//! is meant (`0 0/5 * * * ?`), runs follow the clock as it goes: none in what it leaves out, and all again in what
//! it shows twice.

mod catch_up;
mod civil;
mod days;
mod parse;
mod zone;

pub use catch_up::CatchUp;
pub use zone::zone;

pub(crate) use catch_up::{Due, Look, due};

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use connectors_core::{Error, Result};

use days::Days;

/// Values of one field.
type Values = BTreeSet<u32>;

/// A quartz expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    seconds: Values,
    minutes: Values,
    hours: Values,
    days: Days,
    months: Values,
    years: Values,
}

impl Schedule {
    /// The first run after an instant; none when there is no further one until the end of 2099.
    pub(crate) fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        if self.hours.len() == 24 {
            zone::next_by_the_clock(self, instant, zone)
        } else {
            zone::next_once_a_day(self, instant, zone)
        }
    }

    /// The last run after one instant and not after another.
    pub(crate) fn last_between(
        &self,
        span: (DateTime<Utc>, DateTime<Utc>),
        zone: Tz,
    ) -> Option<DateTime<Utc>> {
        let (after, until) = span;
        let within = |instant| self.next_after(instant, zone).filter(|run| *run <= until);
        let mut last = within(after)?;
        let (mut low, mut high) = (after.timestamp(), until.timestamp());
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            match DateTime::from_timestamp(middle, 0).and_then(within) {
                Some(run) => (low, last) = (middle, last.max(run)),
                None => high = middle,
            }
        }
        Some(last)
    }
}

impl FromStr for Schedule {
    type Err = Error;

    /// Reads an expression. An error names the field, the part of it, where that stands, and what is allowed there.
    fn from_str(text: &str) -> Result<Self> {
        let schedule = parse::schedule(text)?;
        if schedule.next_local(civil::FIRST).is_none() {
            let message =
                "the schedule never runs: no month that it names has such a day, or no year such a date";
            return Err(Error::config(message).with("expression", text));
        }
        Ok(schedule)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
