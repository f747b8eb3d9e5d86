//! Times of the clock as instants, on the days too on which the clock is changed.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use connectors_core::config::nearest;
use connectors_core::{Error, Result};

use super::expression::Expression;

/// The furthest that a clock is from UTC, doubled: between two instants so far apart lies any one change.
const FURTHEST: TimeDelta = TimeDelta::hours(48);

impl Expression {
    /// The first run after an instant; none when there is no further one until the end of 2099.
    pub(crate) fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        if self.hours.len() == 24 {
            next_by_the_clock(self, instant, zone)
        } else {
            next_once_a_day(self, instant, zone)
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

/// The time zone of this name, as the IANA lists it.
pub fn zone(name: &str) -> Result<Tz> {
    name.trim().parse().map_err(|_| {
        let known = TZ_VARIANTS.iter().map(|zone| zone.name());
        let hint = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        let hint =
            hint.unwrap_or_else(|| "give one of the IANA's names, such as `Europe/Berlin` or `UTC`".into());
        Error::config(format!("there is no time zone of this name; {hint}")).with("zone", name)
    })
}

/// The next run where each time of the clock counts once a day.
fn next_once_a_day(schedule: &Expression, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    let mut from = after(instant, zone)?;
    loop {
        let local = schedule.next_local(from)?;
        let run = match zone.from_local_datetime(&local) {
            MappedLocalTime::Single(run) | MappedLocalTime::Ambiguous(run, _) => run.to_utc(),
            MappedLocalTime::None => end_of_gap(local, zone),
        };
        if run > instant {
            return Some(run);
        }
        from = local + TimeDelta::seconds(1);
    }
}

/// The next run where every hour of the clock counts, as often as it comes.
fn next_by_the_clock(schedule: &Expression, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    let again = second_pass(instant, zone).and_then(|(begin, local)| {
        let run = zone.from_local_datetime(&schedule.next_local(local)?).latest()?.to_utc();
        (run >= begin).then_some(run)
    });
    let mut from = after(instant, zone)?;
    loop {
        let local = schedule.next_local(from)?;
        let mapped = zone.from_local_datetime(&local);
        let runs = [mapped.earliest(), mapped.latest()].into_iter().flatten().map(|run| run.to_utc());
        if let Some(run) = runs.filter(|run| *run > instant).min() {
            return Some(again.map_or(run, |again| run.min(again)));
        }
        from = local + TimeDelta::seconds(1);
    }
}

/// The whole second of the clock that follows an instant.
fn after(instant: DateTime<Utc>, zone: Tz) -> Option<NaiveDateTime> {
    let local = instant.with_timezone(&zone).naive_local();
    Some(local.with_nanosecond(0)? + TimeDelta::seconds(1))
}

/// For an instant in times that the clock shows twice, the first time: when they begin again, and what the
/// clock then shows.
fn second_pass(instant: DateTime<Utc>, zone: Tz) -> Option<(DateTime<Utc>, NaiveDateTime)> {
    let local = instant.with_timezone(&zone);
    let MappedLocalTime::Ambiguous(first, second) = zone.from_local_datetime(&local.naive_local()) else {
        return None;
    };
    let is_first = first == local;
    let offset = first.offset().fix();
    let begin = is_first
        .then(|| bisect((instant, second.to_utc()), |at| at.with_timezone(&zone).offset().fix() != offset))?;
    Some((begin, begin.with_timezone(&zone).naive_local()))
}

/// The instant at which the clock goes on after it left out this time.
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let about = local.and_utc();
    bisect((about - FURTHEST, about + FURTHEST), |at| at.with_timezone(&zone).naive_local() > local)
}

/// The first whole second from which on something holds; it does not at the first of the two instants, and
/// does at the second.
fn bisect(span: (DateTime<Utc>, DateTime<Utc>), holds: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let (mut low, mut high) = (span.0.timestamp(), span.1.timestamp());
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(span.1);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if holds(at(middle)) { high = middle } else { low = middle }
    }
    at(high)
}
