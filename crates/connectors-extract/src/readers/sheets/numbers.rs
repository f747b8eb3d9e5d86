//! Numbers as a format of a spreadsheet shows them.

use super::dates::{self, Epoch};
use super::tokens::{Token, sections};

/// Beyond it neighbouring numbers are more than a tenth apart, and neither is rounded nor written in full.
const EXACT: f64 = 1e15;
/// Places that a program can be asked for.
const PLACES: usize = 30;

/// How numbers of a cell are shown.
#[derive(Debug)]
pub(crate) struct Format(Vec<Vec<Token>>);

impl Format {
    pub(crate) fn parse(code: &str) -> Self {
        Self(sections(code))
    }

    /// One of the formats that every program knows by its number.
    pub(crate) fn builtin(id: u32) -> Self {
        Self::parse(match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            14 => "m/d/yyyy",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 => "h:mm",
            21 => "h:mm:ss",
            22 => "m/d/yyyy h:mm",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            48 => "##0.0E+0",
            _ => "General",
        })
    }

    /// The number as it is shown.
    pub(crate) fn show(&self, value: f64, epoch: Epoch) -> String {
        let (section, sign) = match (self.0.as_slice(), value) {
            ([_, negative, ..], value) if value < 0.0 => (negative, ""),
            ([_, _, zero, ..], 0.0) => (zero, ""),
            ([first, ..], value) => (first, if value < 0.0 { "-" } else { "" }),
            ([], _) => return general(value),
        };
        if dates::is_date(section) {
            return dates::show(section, value, epoch).unwrap_or_else(|| general(value));
        }
        if !value.is_finite() || section.contains(&Token::Slash) {
            return general(value);
        }
        format!("{sign}{}", number(section, value.abs()))
    }
}

/// The number without a format: at most ten places, or as a power of ten.
fn general(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return value.to_string();
    }
    if size != 0.0 && !(1e-5..EXACT).contains(&size) {
        let text = power(value, 5, 2);
        let (digits, exponent) = text.split_once('E').unwrap_or((&text, ""));
        return format!("{}E{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let text = rounded(size, 10);
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn power(value: f64, places: usize, width: usize) -> String {
    let text = format!("{value:.places$e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    format!("{digits}E{sign}{:0>width$}", exponent.trim_start_matches('-'))
}

/// Rounds halves up, as decimals: 2.675 has no exact double, yet shows as 2.68.
fn rounded(value: f64, places: usize) -> String {
    let nudge = if value < EXACT / 1e3 { 1.0 + 2.0 * f64::EPSILON } else { 1.0 };
    format!("{:.places$}", value * nudge)
}

fn number(section: &[Token], value: f64) -> String {
    let count = |tokens: &[Token]| tokens.iter().filter(|token| matches!(token, Token::Digit(_))).count();
    let percents = section.iter().filter(|token| **token == Token::Percent).count().min(PLACES);
    let value = value * 100_f64.powi(percents as i32);
    if let Some(at) = section.iter().position(|token| *token == Token::Exponent) {
        let point = section[..at].iter().position(|token| *token == Token::Point).unwrap_or(at);
        return power(value, count(&section[point..at]).min(PLACES), count(&section[at..]));
    }
    if count(section) == 0 {
        return section.iter().map(|token| plain(token, value)).collect();
    }
    let point = section.iter().position(|token| *token == Token::Point).unwrap_or(section.len());
    let (front, back) = section.split_at(point);
    let last = front.iter().rposition(|token| matches!(token, Token::Digit(_))).unwrap_or(0);
    let thousands = section[last..].iter().filter(|token| **token == Token::Comma).count();
    let value = value / 1000_f64.powi(thousands as i32);
    let text = rounded(value, count(back).min(PLACES));
    let (digits, places) = text.split_once('.').unwrap_or((&text, ""));
    let group = if front[..last].contains(&Token::Comma) { 3 } else { usize::MAX };
    whole(front, digits.trim_start_matches('0'), group) + &fraction(back, places)
}

fn plain(token: &Token, value: f64) -> String {
    match token {
        Token::Text(text) => text.clone(),
        Token::Percent => "%".into(),
        Token::General => general(value),
        _ => String::new(),
    }
}

/// Fills digits into their places from the right; the first place takes all that are left.
fn whole(front: &[Token], digits: &str, group: usize) -> String {
    let first = front.iter().position(|token| matches!(token, Token::Digit(_)));
    let (mut left, mut reversed, mut placed) = (digits.chars().rev().peekable(), Vec::new(), 0);
    for (at, token) in front.iter().enumerate().rev() {
        let Token::Digit(kind) = token else {
            reversed.extend(plain(token, 0.0).chars().rev());
            continue;
        };
        let mut next = left.next().or((*kind == '0').then_some('0'));
        while let Some(digit) = next {
            if placed > 0 && placed % group == 0 {
                reversed.push(',');
            }
            reversed.push(digit);
            placed += 1;
            next = if Some(at) == first { left.next() } else { None };
        }
    }
    reversed.extend(left);
    reversed.iter().rev().collect()
}

/// The places after the point, without zeros that the format does not ask for.
fn fraction(back: &[Token], places: &str) -> String {
    let kinds: Vec<char> = back
        .iter()
        .filter_map(|token| if let Token::Digit(kind) = token { Some(*kind) } else { None })
        .collect();
    let asked = kinds.iter().rposition(|kind| *kind == '0').map_or(0, |at| at + 1);
    let kept = places.trim_end_matches('0').len().max(asked.min(places.len()));
    let mut digits = places[..kept].chars();
    let mut shown = String::new();
    for token in back {
        match token {
            Token::Point if kept > 0 => shown.push('.'),
            Token::Digit(_) => shown.extend(digits.next()),
            other => shown.push_str(&plain(other, 0.0)),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Epoch, Format};

    #[test]
    fn numbers_are_shown_by_their_format() {
        let cases = [
            ("General", 0.1 + 0.2, "0.3"),
            ("General", -12_345.5, "-12345.5"),
            ("General", -1.5e-7, "-1.5E-07"),
            ("General", f64::INFINITY, "inf"),
            ("General", 1e20, "1E+20"),
            ("0", 2.5, "3"),
            ("0.00", 2.675, "2.68"),
            ("#,##0.00", 1_234_567.891, "1,234,567.89"),
            ("#,##0;(#,##0)", -1234.0, "(1,234)"),
            ("0.0%", 0.125, "12.5%"),
            ("0.##", 5.0, "5"),
            ("#.##", 0.0, ""),
            ("000-00-0000", 12_345_678.0, "012-34-5678"),
            ("0.0,,\"M\"", 12_500_000.0, "12.5M"),
            ("[$€-407] #,##0.00", 1234.5, "€ 1,234.50"),
            ("_(* #,##0.00_);[Red]_(* \\-#,##0.00_)", -5.0, "-5.00"),
            ("0.00E+00", 12_345.0, "1.23E+04"),
            ("General\" kg\"", 5.5, "5.5 kg"),
            ("\"plus\";\"minus\";\"none\"", 0.0, "none"),
            ("# ?/?", 0.5, "0.5"),
            ("yyyy", -1.0, "-1"),
            (";;;", 5.0, ""),
            ("\"open", 1.0, "open"),
        ];
        for (code, value, expected) in cases {
            assert_eq!(Format::parse(code).show(value, Epoch::Year1900), expected, "{value} as {code}");
        }
    }

    #[test]
    fn known_formats_have_numbers() {
        let cases =
            [(0, "46024.5"), (9, "4602450%"), (14, "1/2/2026"), (22, "1/2/2026 12:00"), (49, "46024.5")];
        for (id, expected) in cases {
            assert_eq!(Format::builtin(id).show(46_024.5, Epoch::Year1900), expected, "{id}");
        }
    }

    #[test]
    fn hostile_formats_show_something_short() {
        for code in ["[", "\"", "\\", "_", "*", "[$", "E+", "0.E", "é;ü", &"%".repeat(255), &"0".repeat(5000)]
        {
            for value in [0.0, -1e308, 1e308, f64::NAN, f64::INFINITY, 5e-324] {
                assert!(Format::parse(code).show(value, Epoch::Year1904).len() < 1000, "{value} as {code}");
            }
        }
    }
}
