//! Days of a month, against a calendar that is looked at day by day.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};
use proptest::prelude::*;

use super::*;

/// The days of a month that a day field names, as a person would count them in a calendar.
fn named(field: &str, month: &[NaiveDate]) -> Vec<NaiveDate> {
    let mut days: Vec<NaiveDate> = field.split(',').flat_map(|item| one(item, month)).collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn one(item: &str, month: &[NaiveDate]) -> Vec<NaiveDate> {
    let is_weekday = |date: &NaiveDate| (1..=5).contains(&date.weekday().num_days_from_sunday());
    let nearest = |day: usize| {
        let target = month.get(day.checked_sub(1)?)?;
        month
            .iter()
            .filter(|date| is_weekday(date))
            .min_by_key(|date| (**date - *target).num_days().abs())
            .copied()
    };
    if let Some(day) = item.strip_suffix('W') {
        let before = |text: &str| text.strip_prefix('-').map_or(0, |days| days.parse::<usize>().unwrap());
        let day = match day.strip_prefix('L') {
            Some(rest) => month.len().checked_sub(before(rest)),
            None => day.parse().ok(),
        };
        return day.and_then(nearest).into_iter().collect();
    }
    match item.strip_prefix('L') {
        Some(rest) => {
            let before = rest.strip_prefix('-').map_or(0, |days| days.parse::<usize>().unwrap());
            month.iter().rev().nth(before).copied().into_iter().collect()
        }
        None => month.iter().filter(|date| date.day().to_string() == item).copied().collect(),
    }
}

/// The days of a month that a weekday field names.
fn named_weekdays(field: &str, month: &[NaiveDate]) -> Vec<NaiveDate> {
    let of = |day: &str| -> Vec<NaiveDate> {
        month
            .iter()
            .filter(|date| (date.weekday().num_days_from_sunday() + 1).to_string() == day)
            .copied()
            .collect()
    };
    let item = |item: &str| -> Vec<NaiveDate> {
        match (item.strip_suffix('L'), item.split_once('#')) {
            (Some(day), _) => of(day).into_iter().next_back().into_iter().collect(),
            (None, Some((day, number))) => {
                of(day).into_iter().nth(number.parse::<usize>().unwrap() - 1).into_iter().collect()
            }
            _ => of(item),
        }
    };
    let mut days: Vec<NaiveDate> = field.split(',').flat_map(item).collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn month(year: i32, month: u32) -> Vec<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
    first.iter_days().take_while(|date| date.month() == month).collect()
}

/// All days of a year that the schedule names.
fn found(schedule: &Expression, year: i32) -> Vec<NaiveDate> {
    let begin = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(NaiveTime::MIN).and_utc();
    let first = schedule.next_after(begin - TimeDelta::seconds(1), UTC);
    let runs = std::iter::successors(first, |run| schedule.next_after(*run, UTC));
    runs.map(|run| run.date_naive()).take_while(|date| date.year() == year).collect()
}

fn list(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(item, 1..4).prop_map(|items| items.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn days_of_the_month_are_those_of_the_calendar(
        field in list(prop_oneof![
            (1..=31_u32).prop_map(|day| day.to_string()),
            (1..=31_u32).prop_map(|day| format!("{day}W")),
            (1..=30_u32).prop_map(|day| format!("L-{day}")),
            (1..=30_u32).prop_map(|day| format!("L-{day}W")),
            Just("L".to_owned()),
            Just("LW".to_owned()),
        ]),
        year in 1980..2098,
    ) {
        let schedule = schedule(&format!("0 0 2 {field} * ?"));
        let expected: Vec<NaiveDate> = (1..=12).flat_map(|number| named(&field, &month(year, number))).collect();
        prop_assert_eq!(found(&schedule, year), expected);
    }

    #[test]
    fn weekdays_are_those_of_the_calendar(
        field in list(prop_oneof![
            (1..=7_u32).prop_map(|day| day.to_string()),
            (1..=7_u32).prop_map(|day| format!("{day}L")),
            (1..=7_u32, 1..=5_u32).prop_map(|(day, number)| format!("{day}#{number}")),
        ]),
        year in 1980..2098,
    ) {
        let schedule = schedule(&format!("0 0 2 ? * {field}"));
        let expected: Vec<NaiveDate> = (1..=12).flat_map(|number| named_weekdays(&field, &month(year, number))).collect();
        prop_assert_eq!(found(&schedule, year), expected);
    }
}

#[test]
fn the_nearest_weekday_stays_in_its_month() {
    let cases = [
        ("0 0 2 1W 7 ? 2023", "2023-07-03"),
        ("0 0 2 1W 10 ? 2023", "2023-10-02"),
        ("0 0 2 15W 7 ? 2023", "2023-07-14"),
        ("0 0 2 16W 7 ? 2023", "2023-07-17"),
        ("0 0 2 30W 9 ? 2023", "2023-09-29"),
        ("0 0 2 31W 12 ? 2023", "2023-12-29"),
        ("0 0 2 LW 12 ? 2023", "2023-12-29"),
        ("0 0 2 31W 2-3 ? 2023", "2023-03-31"),
        ("0 0 2 L-3 2 ? 2024", "2024-02-26"),
        ("0 0 2 L-3 2 ? 2023", "2023-02-25"),
        ("0 0 2 L-3W 2 ? 2023", "2023-02-24"),
    ];
    for (text, expected) in cases {
        assert_eq!(next(text, UTC, "2020-01-01T00:00:00Z", 2), [format!("{expected}T02:00:00")], "{text}");
    }
}
