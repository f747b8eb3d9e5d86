//! A quartz expression, and the times of the clock that it names, without any zone.

use std::fmt;
use std::iter::successors;

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::days::{Days, Values};

/// The earliest time that an expression can name.
pub(super) const FIRST: NaiveDateTime = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(date) => date.and_time(NaiveTime::MIN),
    None => NaiveDateTime::MIN,
};
/// The last year that an expression can name.
pub(super) const LAST_YEAR: i32 = 2099;

/// A quartz expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub(super) text: String,
    pub(super) seconds: Values,
    pub(super) minutes: Values,
    pub(super) hours: Values,
    pub(super) days: Days,
    pub(super) months: Values,
    pub(super) years: Values,
}

impl Expression {
    /// The first time that is named, from this one on.
    pub(super) fn next_local(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let days = successors(Some(from.date()), |date| self.following(*date));
        let mut days = days.take_while(|date| date.year() <= LAST_YEAR).filter(|date| self.names(*date));
        days.find_map(|date| {
            let earliest = if date == from.date() { from.time() } else { NaiveTime::MIN };
            self.time_from(earliest).map(|time| date.and_time(time))
        })
    }

    /// The next date that may be named: months and years that are not named are skipped.
    fn following(&self, date: NaiveDate) -> Option<NaiveDate> {
        if !self.has_year(date) {
            return NaiveDate::from_ymd_opt(date.year() + 1, 1, 1);
        }
        if !self.months.contains(&date.month()) {
            return date.with_day(1)?.checked_add_months(Months::new(1));
        }
        date.succ_opt()
    }

    fn names(&self, date: NaiveDate) -> bool {
        self.has_year(date) && self.months.contains(&date.month()) && self.days.name(date)
    }

    fn has_year(&self, date: NaiveDate) -> bool {
        date.year_ce().0 && self.years.contains(&date.year_ce().1)
    }

    /// The first time of a day that is named, from this one on.
    fn time_from(&self, from: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (from.hour(), from.minute(), from.second());
        self.hours.range(hour..).find_map(|&h| {
            let first_minute = if h == hour { minute } else { 0 };
            self.minutes.range(first_minute..).find_map(|&m| {
                let first_second = if (h, m) == (hour, minute) { second } else { 0 };
                self.seconds.range(first_second..).next().and_then(|&s| NaiveTime::from_hms_opt(h, m, s))
            })
        })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
