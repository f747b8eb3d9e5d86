//! Dates as Elasticsearch's default format reads and prints them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Reads `strict_date_optional_time||epoch_millis` into milliseconds since the epoch.
pub(crate) fn parse(text: &str) -> Option<i64> {
    parse_strict(text).or_else(|| parse_millis(text))
}

/// Reads `epoch_millis`: a whole number of milliseconds, or one with up to six digits more, which is taken to the
/// whole one below it.
pub(crate) fn parse_millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.starts_with('+') || fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_below = whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    whole.parse::<i64>().ok()?.checked_sub(i64::from(is_below))
}

/// As [`parse`], but what is left out is taken to its end: a day means its last millisecond.
pub(crate) fn parse_end(text: &str) -> Option<i64> {
    let start = parse(text)?;
    let clock = text.split_once('T').map(|(_, time)| split_zone(time).map_or(time, |(clock, _)| clock));
    let given = match clock {
        _ if parse_strict(text).is_none() => return Some(start),
        None => 86_400_000,
        Some(clock) if clock.contains(['.', ',']) => 1,
        Some(clock) => match clock.matches(':').count() {
            0 => 3_600_000,
            1 => 60_000,
            _ => 1_000,
        },
    };
    start.checked_add(given - 1)
}

/// Reads `strict_date_optional_time`: a year, and then as much of the rest as there is.
pub(crate) fn parse_strict(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let day = parse_day(date)?;
    let Some(time) = time else {
        return Some(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
    };
    let (clock, zone) = split_zone(time)?;
    let local = NaiveDateTime::new(day, parse_clock(clock)?);
    Some((local - zone).and_utc().timestamp_millis())
}

/// True for what dynamic mapping takes for a date: the strict format, but no bare number.
pub(crate) fn detected(text: &str) -> bool {
    text.len() >= 7 && text.as_bytes().get(4) == Some(&b'-') && parse_strict(text).is_some()
}

/// Prints milliseconds in the form of `strict_date_optional_time`.
pub(crate) fn print(millis: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(millis)
        .map_or_else(|| millis.to_string(), |date| date.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(year as i32, month, day)
}

fn parse_clock(text: &str) -> Option<NaiveTime> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    let (second, nanos) = parts.next().map_or(Some((0, 0)), parse_second)?;
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)
}

fn parse_second(text: &str) -> Option<(u32, u32)> {
    let Some((second, fraction)) = text.split_once(['.', ',']) else {
        return Some((digits(text, 2)?, 0));
    };
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let value = digits(fraction, fraction.len())?;
    Some((digits(second, 2)?, value * 10_u32.pow(9 - fraction.len() as u32)))
}

fn split_zone(text: &str) -> Option<(&str, TimeDelta)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, TimeDelta::zero()));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Some((text, TimeDelta::zero()));
    };
    let (clock, zone) = text.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let plain = zone[1..].replace(':', "");
    let (hours, minutes) = match plain.len() {
        2 => (digits(&plain, 2)?, 0),
        4 => (digits(&plain[..2], 2)?, digits(&plain[2..], 2)?),
        _ => return None,
    };
    Some((clock, TimeDelta::minutes(sign * i64::from(hours * 60 + minutes))))
}

fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
