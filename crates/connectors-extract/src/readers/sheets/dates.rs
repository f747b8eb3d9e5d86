//! Days since an epoch, shown as dates, times or durations.

use chrono::{Duration, NaiveDate, NaiveDateTime, Timelike};

use super::tokens::Token;

/// The day after 9999-12-31, the last that a spreadsheet shows.
const END: f64 = 2_958_466.0;
const DAY: f64 = 86_400_000.0;
/// 1900 has a 29th of February in spreadsheets, so days up to then are one off.
const LEAP: f64 = 60.0;

/// Where days are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Epoch {
    #[default]
    Year1900,
    Year1904,
}

impl Epoch {
    fn start(self, value: f64) -> Option<NaiveDateTime> {
        let (year, month, day) = match self {
            Self::Year1904 => (1904, 1, 1),
            Self::Year1900 if value < LEAP => (1899, 12, 31),
            Self::Year1900 => (1899, 12, 30),
        };
        NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)
    }
}

/// Whether a section of a format shows a date, a time or a duration.
pub(crate) fn is_date(section: &[Token]) -> bool {
    section.iter().any(|token| matches!(token, Token::Date(..) | Token::Elapsed(..)))
}

/// A number of days as the section shows it; none where it is no date.
pub(crate) fn show(section: &[Token], value: f64, epoch: Epoch) -> Option<String> {
    if !(0.0..END).contains(&value) {
        return None;
    }
    let fractions = section.windows(2).any(|pair| matches!(pair, [Token::Point, Token::Digit(_)]));
    let step = if fractions { 1 } else { 1000 };
    let elapsed = ((value * DAY).round() as i64 + step / 2) / step * step;
    let moment = epoch.start(value)?.checked_add_signed(Duration::milliseconds(elapsed))?;
    let shown = (0..section.len()).map(|at| piece(section, at, (moment, elapsed)));
    Some(shown.collect())
}

fn piece(section: &[Token], at: usize, (moment, elapsed): (NaiveDateTime, i64)) -> String {
    match section[at] {
        Token::Text(ref text) => text.clone(),
        Token::Comma => ",".into(),
        Token::Slash => "/".into(),
        Token::Point => fraction(&section[at + 1..], moment),
        Token::HalfDay => moment.format("%p").to_string(),
        Token::Elapsed('h', width) => format!("{:0width$}", elapsed / 3_600_000),
        Token::Elapsed('m', width) => format!("{:0width$}", elapsed / 60_000),
        Token::Elapsed(_, width) => format!("{:0width$}", elapsed / 1000),
        Token::Date('h', width) if section.contains(&Token::HalfDay) => {
            format!("{:0width$}", moment.hour12().1, width = width.min(2))
        }
        Token::Date('m', width) if is_minute(section, at) => {
            format!("{:0width$}", moment.minute(), width = width.min(2))
        }
        Token::Date(letter, width) => moment.format(pattern(letter, width)).to_string(),
        _ => String::new(),
    }
}

fn fraction(rest: &[Token], moment: NaiveDateTime) -> String {
    let places = rest.iter().take_while(|token| matches!(token, Token::Digit(_))).count();
    let digits = format!("{:03}", moment.and_utc().timestamp_subsec_millis());
    format!(".{}", &digits[..places.min(3)])
}

/// The letter of months is that of minutes after hours and before seconds.
fn is_minute(section: &[Token], at: usize) -> bool {
    let unit = |token: &Token| match token {
        Token::Date(letter, _) | Token::Elapsed(letter, _) => Some(*letter),
        _ => None,
    };
    matches!(section[at], Token::Date(_, 1 | 2))
        && (section[..at].iter().rev().find_map(unit) == Some('h')
            || section[at + 1..].iter().find_map(unit) == Some('s'))
}

fn pattern(letter: char, width: usize) -> &'static str {
    match (letter, width) {
        ('y', 1 | 2) => "%y",
        ('y', _) => "%Y",
        ('m', 1) => "%-m",
        ('m', 2) => "%m",
        ('m', 3) => "%b",
        ('m', _) => "%B",
        ('d', 1) => "%-d",
        ('d', 2) => "%d",
        ('d', 3) => "%a",
        ('d', _) => "%A",
        ('h', 1) => "%-H",
        ('h', _) => "%H",
        ('s', 1) => "%-S",
        _ => "%S",
    }
}

#[cfg(test)]
mod tests {
    use super::{Epoch, show};
    use crate::readers::sheets::tokens::sections;

    fn shown(code: &str, value: f64) -> Option<String> {
        show(&sections(code)[0], value, Epoch::Year1900)
    }

    #[test]
    fn days_are_shown_as_dates_and_times() {
        let cases = [
            ("yyyy-mm-dd", 46_024.0, "2026-01-02"),
            ("dddd, d mmmm yy", 46_024.0, "Friday, 2 January 26"),
            ("d-mmm-yy", 1.0, "1-Jan-00"),
            ("m/d/yyyy", 61.0, "3/1/1900"),
            ("h:mm AM/PM", 0.0, "12:00 AM"),
            ("hh:mm:ss", 0.999_999_9, "00:00:00"),
            ("[h]:mm", 1.5, "36:00"),
            ("mm:ss.0", 0.000_011_574, "00:01.0"),
            ("mmm d h:m:s", 46_024.503_472_222, "Jan 2 12:5:0"),
        ];
        for (code, value, expected) in cases {
            assert_eq!(shown(code, value).as_deref(), Some(expected), "{value} as {code}");
        }
    }

    #[test]
    fn what_is_no_date_is_told_apart() {
        for value in [-1.0, 2_958_466.0, f64::NAN, f64::INFINITY] {
            assert_eq!(shown("yyyy", value), None);
        }
        assert_eq!(show(&sections("yyyy")[0], 0.0, Epoch::Year1904).as_deref(), Some("1904"));
    }
}
