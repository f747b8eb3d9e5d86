//! Which days of a month an expression names.

use std::collections::BTreeSet;

use chrono::{Datelike, Days as Count, NaiveDate, Weekday};

/// Values of one field.
pub(super) type Values = BTreeSet<u32>;

/// What the two day fields say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    /// Every day.
    Every,
    /// Days of the month.
    OfMonth(Vec<MonthDay>),
    /// Weekdays.
    OfWeek(Vec<WeekDay>),
}

/// A day of the month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MonthDay {
    /// One of these numbers.
    On(Values),
    /// So many days before the last.
    Last { before: u32 },
    /// Monday to Friday, nearest to this day within its month; none in a month without that day.
    Nearest(u32),
    /// Monday to Friday, nearest to the day that lies so many before the last.
    NearestToLast { before: u32 },
}

/// A weekday; 1 is Sunday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WeekDay {
    /// One of these, in every week.
    Each(Values),
    /// The one of this number in the month.
    Nth(u32, u32),
    /// The last one of the month.
    Last(u32),
}

impl Days {
    pub(super) fn name(&self, date: NaiveDate) -> bool {
        match self {
            Self::Every => true,
            Self::OfMonth(days) => days.iter().any(|day| day.names(date)),
            Self::OfWeek(days) => days.iter().any(|day| day.names(date)),
        }
    }
}

impl MonthDay {
    fn names(&self, date: NaiveDate) -> bool {
        let last = u32::from(date.num_days_in_month());
        match self {
            Self::On(days) => days.contains(&date.day()),
            Self::Last { before } => date.day() + before == last,
            Self::Nearest(day) => nearest(date, *day) == Some(date),
            Self::NearestToLast { before } => {
                last.checked_sub(*before).is_some_and(|day| nearest(date, day) == Some(date))
            }
        }
    }
}

impl WeekDay {
    fn names(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().number_from_sunday();
        match self {
            Self::Each(days) => days.contains(&weekday),
            Self::Nth(day, number) => *day == weekday && date.day().div_ceil(7) == *number,
            Self::Last(day) => *day == weekday && date.day() + 7 > u32::from(date.num_days_in_month()),
        }
    }
}

/// The day from Monday to Friday nearest to a day of this month, in the same month.
fn nearest(month: NaiveDate, day: u32) -> Option<NaiveDate> {
    let target = month.with_day(day)?;
    let is_last = day == u32::from(month.num_days_in_month());
    match target.weekday() {
        Weekday::Sat if day == 1 => target.checked_add_days(Count::new(2)),
        Weekday::Sat => target.pred_opt(),
        Weekday::Sun if is_last => target.checked_sub_days(Count::new(2)),
        Weekday::Sun => target.succ_opt(),
        _ => Some(target),
    }
}
