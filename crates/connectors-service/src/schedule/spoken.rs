//! Schedules as people write them, and in words.
//!
//! | written | runs |
//! |---|---|
//! | `0 0 2 * * ?` | a quartz expression, as it is |
//! | `0 2 * * MON-FRI` | five fields of cron: minute, hour, day of month, month, weekday (0 and 7 are Sunday) |
//! | `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` | at the beginning of each |
//! | `every 15m` | every so many seconds, minutes, hours or days (`s`, `m`, `h`, `d`), counted from the full minute, hour or day |
//!
//! What is kept is the quartz expression, which other programs read too.

use connectors_core::{Error, Result};

use super::days::{Days, MonthDay, Values, WeekDay};
use super::expression::Expression;

const NAMED: [(&str, &str); 7] = [
    ("@hourly", "0 0 * * * ?"),
    ("@daily", "0 0 0 * * ?"),
    ("@midnight", "0 0 0 * * ?"),
    ("@weekly", "0 0 0 ? * SUN"),
    ("@monthly", "0 0 0 1 * ?"),
    ("@yearly", "0 0 0 1 1 ?"),
    ("@annually", "0 0 0 1 1 ?"),
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Expression {
    /// Reads a schedule in any of the forms that people write.
    ///
    /// # Errors
    /// `Config`, with the forms that there are, or with what is wrong in the expression.
    pub fn spoken(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let fields: Vec<&str> = trimmed.split_whitespace().collect();
        let quartz = match fields[..] {
            [name] if name.starts_with('@') => named(name)?,
            [every, pause] if every.eq_ignore_ascii_case("every") => repeated(pause)?,
            [minute, hour, day, month, weekday] => of_cron([minute, hour, day, month, weekday])?,
            _ => trimmed.to_owned(),
        };
        quartz
            .parse()
            .map_err(|error: Error| if quartz == trimmed { error } else { error.with("written", trimmed) })
    }

    /// When it runs, in words; none for what has no short ones.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        if self.months.len() < 12 || self.years.len() < 100 || self.seconds.len() != 1 {
            return None;
        }
        let time = self.time()?;
        Some(match &self.days {
            Days::Every if time.starts_with("every") => time,
            Days::Every => format!("every day {time}"),
            days => format!("{} {time}", day_words(days)?),
        })
    }

    fn time(&self) -> Option<String> {
        let minutes: Vec<u32> = self.minutes.iter().copied().collect();
        let hours: Vec<u32> = self.hours.iter().copied().collect();
        let is_full = self.seconds.contains(&0);
        match (&minutes[..], hours.len()) {
            _ if !is_full => None,
            ([_], 1..=4) => {
                let times: Vec<String> =
                    hours.iter().map(|hour| format!("{hour:02}:{:02}", minutes[0])).collect();
                Some(format!("at {}", times.join(", ")))
            }
            ([0], 24) => Some("every hour".into()),
            ([minute], 24) => Some(format!("every hour at minute {minute}")),
            ([0], _) => step(&hours, 24).map(|step| format!("every {step} hours")),
            (_, 24) if minutes.len() == 60 => Some("every minute".into()),
            (_, 24) => step(&minutes, 60).map(|step| format!("every {step} minutes")),
            _ => None,
        }
    }
}

/// The distance of values that divide the whole evenly, from 0 on.
fn step(values: &[u32], whole: u32) -> Option<u32> {
    let step = values.get(1)?.checked_sub(*values.first()?)?;
    let is_even = whole.is_multiple_of(step) && values.iter().copied().eq((0..whole).step_by(step as usize));
    is_even.then_some(step)
}

fn day_words(days: &Days) -> Option<String> {
    match days {
        Days::OfWeek(days) => match &days[..] {
            [] => None,
            _ => days
                .iter()
                .map(week_words)
                .collect::<Option<Vec<_>>>()
                .map(|words| format!("on {}", words.join(", "))),
        },
        Days::OfMonth(days) => match &days[..] {
            [MonthDay::On(days)] if days.len() == 1 => {
                Some(format!("on day {} of each month", days.first()?))
            }
            [MonthDay::Last { before: 0 }] => Some("on the last day of each month".into()),
            _ => None,
        },
        Days::Every => None,
    }
}

fn week_words(day: &WeekDay) -> Option<String> {
    let WeekDay::Each(days) = day else { return None };
    if *days == Values::from([2, 3, 4, 5, 6]) {
        return Some("Monday to Friday".into());
    }
    let names = days.iter().map(|day| DAYS.get(*day as usize - 1).copied());
    names.collect::<Option<Vec<_>>>().map(|names| names.join(", "))
}

fn named(name: &str) -> Result<String> {
    let found = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, quartz)| (*quartz).to_owned()).ok_or_else(|| {
        let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        Error::config(format!("there is no such schedule; there are: {}", known.join(", ")))
            .with("schedule", name)
    })
}

/// `every 15m`. What does not divide the hour or the day evenly would run at uneven times.
fn repeated(pause: &str) -> Result<String> {
    let wrong = |why: &str| {
        Error::config(format!("{why}, such as `every 15m` or `every 6h`")).with("schedule", pause)
    };
    let unit = pause.chars().next_back().unwrap_or_default();
    let number: u32 = pause[..pause.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| wrong("expected a number with s, m, h or d behind it"))?;
    let (whole, quartz) = match unit {
        's' => (60, format!("0/{number} * * * * ?")),
        'm' => (60, format!("0 0/{number} * * * ?")),
        'h' => (24, format!("0 0 0/{number} * * ?")),
        'd' if number == 1 => (1, "0 0 0 * * ?".into()),
        'd' => {
            return Err(wrong(
                "a month has no even number of days; give the days in a quartz expression, or a time",
            ));
        }
        _ => return Err(wrong("expected a number with s, m, h or d behind it")),
    };
    match number {
        0 => Err(wrong("expected a pause")),
        _ if number == whole && unit == 's' => Ok("0 * * * * ?".into()),
        _ if number == whole && unit == 'm' => Ok("0 0 * * * ?".into()),
        _ if number == whole && unit == 'h' => Ok("0 0 0 * * ?".into()),
        _ if number > whole || !whole.is_multiple_of(number) => {
            Err(wrong("the pause has to divide the minute, the hour or the day evenly"))
        }
        _ => Ok(quartz),
    }
}

/// Five fields of cron.
fn of_cron([minute, hour, day, month, weekday]: [&str; 5]) -> Result<String> {
    let (day, weekday) = match (day, weekday) {
        (day, "*" | "?") => (day.to_owned(), "?".to_owned()),
        ("*" | "?", weekday) => {
            ("?".to_owned(), weekday.split(',').map(quartz_weekday).collect::<Vec<_>>().join(","))
        }
        _ => {
            let what = "day of month and weekday can't both be given; write `*` in one of them, or make two connectors";
            return Err(
                Error::config(what).with("schedule", format!("{minute} {hour} {day} {month} {weekday}"))
            );
        }
    };
    let day = if day == "?" && weekday == "?" { "*".to_owned() } else { day };
    Ok(format!("0 {minute} {hour} {day} {month} {weekday}"))
}

/// An item of the last field: cron counts from Sunday, which is 0 or 7, and quartz from 1.
fn quartz_weekday(item: &str) -> String {
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let number = |text: &str| match text.parse::<u32>() {
        Ok(day @ 0..=7) => (day % 7 + 1).to_string(),
        _ => text.to_owned(),
    };
    let range = range.split('-').map(number).collect::<Vec<_>>().join("-");
    step.map_or(range.clone(), |step| format!("{range}/{step}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_people_write_them_and_shown_in_words() {
        for (written, quartz, words) in [
            ("0 0 2 * * ?", "0 0 2 * * ?", Some("every day at 02:00")),
            (" 0 2 * * * ", "0 0 2 * * ?", Some("every day at 02:00")),
            ("30 6 * * 1-5", "0 30 6 ? * 2-6", Some("on Monday to Friday at 06:30")),
            ("30 6 * * MON-FRI", "0 30 6 ? * MON-FRI", Some("on Monday to Friday at 06:30")),
            ("0 0 * * 0", "0 0 0 ? * 1", Some("on Sunday at 00:00")),
            ("0 0 * * 7", "0 0 0 ? * 1", Some("on Sunday at 00:00")),
            ("0 0 * * 5-7", "0 0 0 ? * 6-1", Some("on Sunday, Friday, Saturday at 00:00")),
            ("0 0 1 * *", "0 0 0 1 * ?", Some("on day 1 of each month at 00:00")),
            ("*/5 * * * *", "0 */5 * * * ?", Some("every 5 minutes")),
            ("0 9,17 * * *", "0 0 9,17 * * ?", Some("every day at 09:00, 17:00")),
            ("@hourly", "0 0 * * * ?", Some("every hour")),
            ("@Daily", "0 0 0 * * ?", Some("every day at 00:00")),
            ("@weekly", "0 0 0 ? * SUN", Some("on Sunday at 00:00")),
            ("every 15m", "0 0/15 * * * ?", Some("every 15 minutes")),
            ("every 1m", "0 0/1 * * * ?", Some("every minute")),
            ("every 60m", "0 0 * * * ?", Some("every hour")),
            ("every 6h", "0 0 0/6 * * ?", Some("every day at 00:00, 06:00, 12:00, 18:00")),
            ("every 2h", "0 0 0/2 * * ?", Some("every 2 hours")),
            ("every 1d", "0 0 0 * * ?", Some("every day at 00:00")),
            ("every 30s", "0/30 * * * * ?", None),
            ("0 10 0 ? * 6L", "0 10 0 ? * 6L", None),
            ("0 0 0 L * ?", "0 0 0 L * ?", Some("on the last day of each month at 00:00")),
            ("0 0 12 1 JAN ?", "0 0 12 1 JAN ?", None),
        ] {
            let read = Expression::spoken(written).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!((read.to_string().as_str(), read.words().as_deref()), (quartz, words), "{written}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_named_with_what_would_be_one() {
        for (written, words) in [
            ("@nightly", "there are: @hourly, @daily"),
            ("every 7m", "divide the minute, the hour or the day evenly, such as `every 15m`"),
            ("every 0m", "expected a pause"),
            ("every 3d", "no even number of days"),
            ("every day", "expected a number with s, m, h or d behind it"),
            ("every 5é", "expected a number with s, m, h or d behind it"),
            ("0 0 1 * 1", "can't both be given"),
            ("61 * * * *", "the minute must be from 0 to 59"),
            ("at noon", "a schedule has six or seven fields"),
            ("", "a schedule has six or seven fields"),
        ] {
            let error = Expression::spoken(written).unwrap_err().to_string();
            assert!(error.contains(words), "{written}: {error}");
        }
    }
}
