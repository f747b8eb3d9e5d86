//! What is read, and what is refused.

use super::*;

#[test]
fn spellings_of_the_same_are_the_same() {
    let alike = [
        ["0 0 2 ? * MON-FRI", "0  0\t2 * * mon,Tue,WED,thu,fri "],
        ["0 0 2 ? * 1,7", "0 0 2 ? * SAT-SUN"],
        ["0 0 2 ? * L", "0 0 2 ? * SAT"],
        ["0 0 2 ? * FRIL", "0 0 2 ? * 6l"],
        ["0 0 2 ? * FRI#3", "0 0 2 * * 6#3 *"],
        ["0 0 2 1-3 JAN-MAR ?", "0 0 2 1,2,3 1,2,3 ?"],
        ["0/20 * * * * ?", "0,20,40 * * * * *"],
        ["*/20 * * * * ?", "/20 * * * * *"],
        ["0 0 22-2 * * ?", "0 0 22,23,0,1,2 * * ?"],
        ["0 0 22-3/2 * * ?", "0 0 22,0,2 * * ?"],
        ["0 0 2 30-2 * ?", "0 0 2 1,2,30,31 * ?"],
        ["0 0 2 ? * FRI-MON/3", "0 0 2 ? * FRI,MON"],
        ["0 0 2 ? NOV-FEB *", "0 0 2 * 11,12,1,2 ?"],
    ];
    for [one, other] in alike {
        let runs = |text| next(text, UTC, "2023-01-18T17:18:56Z", 300);
        assert_eq!(runs(one), runs(other), "{one} and {other}");
    }
}

#[test]
fn an_expression_is_shown_as_it_was_written() {
    assert_eq!(schedule(" 0 0 2 ? * mon-FRI ").to_string(), "0 0 2 ? * mon-FRI");
}

/// An expression, and what its error says of rule and place.
const REFUSED: &[(&str, &str, &str)] = &[
    ("", "six or seven fields", "and this has 0"),
    ("0 3 * * *", "six or seven fields", "and this has 5"),
    ("0 0 0 1 1 ? 2030 x", "six or seven fields", "and this has 8"),
    ("60 * * * * ?", "the second must be from 0 to 59", "field: second, part: 60, character: 1,"),
    ("0 61 * * * ?", "the minute must be from 0 to 59", "field: minute, part: 61, character: 3,"),
    ("0 0 24 * * ?", "the hour must be from 0 to 23", "field: hour, part: 24, character: 5,"),
    ("0 0 1,24,3 * * ?", "the hour must be from 0 to 23", "part: 24, character: 7,"),
    ("0 0 5-x * * ?", "the hour must be from 0 to 23", "part: 5-x, character: 5,"),
    ("0 0 -5 * * ?", "the hour must be from 0 to 23; it is missing", "part: -5"),
    ("0 0 1, * * ?", "nothing before, between or after the commas", "field: hour"),
    ("0 */0 * * * ?", "the step after `/` must be from 1 to 60", "part: */0, character: 3,"),
    ("0 */61 * * * ?", "the step after `/` must be from 1 to 60", "field: minute"),
    ("0 */ * * * ?", "the step after `/` must be from 1 to 60; it is missing", "field: minute"),
    ("0 +5 * * * ?", "the minute must be from 0 to 59", "part: +5"),
    ("? * * * * *", "`?` may stand in the day of month and the weekday alone", "field: second"),
    ("0 0 0 0 * ?", "the day of month must be from 1 to 31", "character: 7,"),
    ("0 0 0 32W * ?", "the day before `W` must be from 1 to 31", "part: 32W"),
    ("0 0 0 W * ?", "the day before `W` must be from 1 to 31; it is missing", "part: W"),
    ("0 0 0 L-31 * ?", "days before the last must be from 1 to 30", "part: L-31"),
    ("0 0 0 L3 * ?", "after `L` there may be `W`", "part: L3"),
    ("0 0 0 1 13 ?", "the month must be from 1 to 12, or from JAN to DEC", "field: month"),
    ("0 0 0 1 MON ?", "the month must be from 1 to 12, or from JAN to DEC", "part: MON, character: 9,"),
    ("0 0 0 ? * 0", "the weekday must be from 1 to 7, or from SUN to SAT", "field: weekday"),
    ("0 0 0 ? * MONDAY", "the weekday must be from 1 to 7, or from SUN to SAT", "part: MONDAY"),
    ("0 0 0 ? * 6#6", "the number after `#` must be from 1 to 5", "part: 6#6"),
    ("0 0 0 ? * 8L", "the weekday must be from 1 to 7", "part: 8L"),
    ("0 0 0 ? * 6W", "the weekday must be from 1 to 7", "part: 6W"),
    ("0 0 0 ? * ?", "`?` can't stand in both day fields", "field: weekday, part: ?, character: 11,"),
    ("0 0 0 1 * MON", "can't both be given; write `?` in one of them", "part: MON"),
    ("0 0 0 1 1 ? 1969", "the year must be from 1970 to 2099", "field: year"),
    ("0 0 0 1 1 ? 2030-2029", "the range of years ends before it begins", "part: 2030-2029"),
    ("0 0 0 30 2 ?", "the schedule never runs", "expression: 0 0 0 30 2 ?"),
    ("0 0 0 31W FEB,APR ?", "the schedule never runs", ""),
    ("0 0 0 L-30 FEB,APR ?", "the schedule never runs", ""),
    ("0 0 0 29 2 ? 2023", "the schedule never runs", ""),
];

#[test]
fn errors_name_field_part_place_and_what_is_allowed() {
    for (text, message, place) in REFUSED {
        let error = text.parse::<Expression>().unwrap_err().to_string();
        assert!(error.contains(*message) && error.contains(*place), "{text}: {error}");
    }
}
