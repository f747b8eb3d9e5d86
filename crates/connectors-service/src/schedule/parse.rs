//! Reads quartz expressions.

use std::str::FromStr;

use connectors_core::{Error, Result};

use super::days::{Days, MonthDay, Values, WeekDay};
use super::expression::{Expression, FIRST};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What one field may hold.
struct Kind {
    name: &'static str,
    first: u32,
    last: u32,
    /// Names of the values, from the first on.
    names: &'static [&'static str],
}

const SECOND: Kind = Kind { name: "second", first: 0, last: 59, names: &[] };
const MINUTE: Kind = Kind { name: "minute", ..SECOND };
const HOUR: Kind = Kind { name: "hour", last: 23, ..SECOND };
const DAY: Kind = Kind { name: "day of month", first: 1, last: 31, names: &[] };
const MONTH: Kind = Kind { name: "month", first: 1, last: 12, names: &MONTHS };
const WEEKDAY: Kind = Kind { name: "weekday", first: 1, last: 7, names: &WEEKDAYS };
const YEAR: Kind = Kind { name: "year", first: 1970, last: 2099, names: &[] };

/// One field, or one item of its list, and where it stands.
#[derive(Clone, Copy)]
struct Part<'a> {
    kind: &'a Kind,
    text: &'a str,
    /// Its first byte in the expression.
    place: usize,
    expression: &'a str,
}

impl FromStr for Expression {
    type Err = Error;

    /// Reads an expression. An error names the field, the part of it, where that stands, and what is allowed there.
    fn from_str(text: &str) -> Result<Self> {
        let schedule = read(text)?;
        if schedule.next_local(FIRST).is_none() {
            let message =
                "the schedule never runs: no month that it names has such a day, or no year such a date";
            return Err(Error::config(message).with("expression", text));
        }
        Ok(schedule)
    }
}

fn read(expression: &str) -> Result<Expression> {
    let upper = expression.to_ascii_uppercase();
    let fields: Vec<&str> = upper.split_whitespace().collect();
    let split = fields.split_first_chunk().filter(|_| fields.len() <= 7);
    let Some((&[second, minute, hour, day, month, weekday], year)) = split else {
        return Err(count(expression, fields.len()));
    };
    let part = |kind, text| Part { kind, text, place: place_of(&upper, text), expression };
    Ok(Expression {
        text: expression.trim().to_owned(),
        seconds: part(&SECOND, second).values()?,
        minutes: part(&MINUTE, minute).values()?,
        hours: part(&HOUR, hour).values()?,
        days: days(part(&DAY, day), part(&WEEKDAY, weekday))?,
        months: part(&MONTH, month).values()?,
        years: part(&YEAR, year.first().unwrap_or(&"*")).values()?,
    })
}

fn count(expression: &str, fields: usize) -> Error {
    let message = format!(
        "a schedule has six or seven fields (second minute hour day-of-month month weekday [year]), and this has {fields}; five \
         fields of cron, `@daily` and `every 15m` are taken by commands and files"
    );
    Error::config(message).with("expression", expression)
}

/// Where a slice of a text begins in it.
fn place_of(whole: &str, slice: &str) -> usize {
    (slice.as_ptr() as usize)
        .checked_sub(whole.as_ptr() as usize)
        .filter(|place| *place <= whole.len())
        .unwrap_or_default()
}

/// One of the two fields says nothing.
fn days(day: Part<'_>, weekday: Part<'_>) -> Result<Days> {
    match (day.text, weekday.text) {
        ("?", "?") => Err(weekday.error("`?` can't stand in both day fields; write `*` in one of them")),
        ("*" | "?", "*" | "?") => Ok(Days::Every),
        (_, "*" | "?") => day.items().map(month_day).collect::<Result<_>>().map(Days::OfMonth),
        ("*" | "?", _) => weekday.items().map(week_day).collect::<Result<_>>().map(Days::OfWeek),
        _ => Err(weekday.error("day of month and weekday can't both be given; write `?` in one of them")),
    }
}

fn month_day(part: Part<'_>) -> Result<MonthDay> {
    let (text, is_near) = part.text.strip_suffix('W').map_or((part.text, false), |text| (text, true));
    if let Some(rest) = text.strip_prefix('L') {
        let before = match rest.strip_prefix('-') {
            Some(days) => part.number(days, (1, 30), "days before the last")?,
            None if rest.is_empty() => 0,
            None => return Err(part.error("after `L` there may be `W`, or `-` and a number of days")),
        };
        return Ok(if is_near { MonthDay::NearestToLast { before } } else { MonthDay::Last { before } });
    }
    if is_near {
        return part.number(text, (1, 31), "the day before `W`").map(MonthDay::Nearest);
    }
    part.item().map(MonthDay::On)
}

fn week_day(part: Part<'_>) -> Result<WeekDay> {
    if part.text == "L" {
        return Ok(WeekDay::Each(Values::from([WEEKDAY.last])));
    }
    if let Some((day, number)) = part.text.split_once('#') {
        return Ok(WeekDay::Nth(part.value(day)?, part.number(number, (1, 5), "the number after `#`")?));
    }
    match part.text.strip_suffix('L') {
        Some(day) => part.value(day).map(WeekDay::Last),
        None => part.item().map(WeekDay::Each),
    }
}

impl<'a> Part<'a> {
    /// All values of a field.
    fn values(self) -> Result<Values> {
        self.items().try_fold(Values::new(), |mut all, item| {
            all.append(&mut item.item()?);
            Ok(all)
        })
    }

    /// The items of a list.
    fn items(self) -> impl Iterator<Item = Part<'a>> {
        self.text.split(',').map(move |text| Part {
            text,
            place: self.place + place_of(self.text, text),
            ..self
        })
    }

    /// `*`, `a`, `a-b`, each with or without `/step`.
    fn item(self) -> Result<Values> {
        let Kind { first, last, .. } = *self.kind;
        if self.text.is_empty() {
            return Err(
                self.error("there is nothing before, between or after the commas; leave the comma out")
            );
        }
        let (range, step) = match self.text.split_once('/') {
            Some((range, step)) => {
                (range, Some(self.number(step, (1, last - first + 1), "the step after `/`")?))
            }
            None => (self.text, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None if range == "*" || (range.is_empty() && step.is_some()) => (first, last),
            None => {
                let from = self.value(range)?;
                (from, if step.is_some() { last } else { from })
            }
        };
        self.range((from, to), step.unwrap_or(1))
    }

    /// A range, which may go over the end.
    fn range(self, (from, to): (u32, u32), step: u32) -> Result<Values> {
        let Kind { first, last, .. } = *self.kind;
        if from > to && self.kind.name == YEAR.name {
            return Err(self.error("the range of years ends before it begins"));
        }
        let round = last - first + 1;
        let to = if from > to { to + round } else { to };
        let value = |value: u32| if value > last { value - round } else { value };
        Ok((from..=to).step_by(step as usize).map(value).collect())
    }

    /// A number or name of the field.
    fn value(self, text: &str) -> Result<u32> {
        let Kind { name, first, last, names } = *self.kind;
        if let Some(place) = names.iter().position(|name| *name == text) {
            return Ok(first + place as u32);
        }
        self.number(text, (first, last), &format!("the {name}")).map_err(|error| match (names, text) {
            ([], _) | (_, "") => error,
            ([one, .., other], _) => {
                self.error(&format!("the {name} must be from {first} to {last}, or from {one} to {other}"))
            }
            _ => error,
        })
    }

    fn number(self, text: &str, (first, last): (u32, u32), what: &str) -> Result<u32> {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_plain { text.parse().ok() } else { None };
        number.filter(|number| (first..=last).contains(number)).ok_or_else(|| {
            let hint = match text {
                "?" => "; `?` may stand in the day of month and the weekday alone",
                "" => "; it is missing",
                _ => "",
            };
            self.error(&format!("{what} must be from {first} to {last}{hint}"))
        })
    }

    fn error(self, message: &str) -> Error {
        Error::config(message)
            .with("field", self.kind.name)
            .with("part", self.expression.get(self.place..self.place + self.text.len()).unwrap_or(self.text))
            .with("character", self.place + 1)
            .with("expression", self.expression)
    }
}
