use super::{detected, parse, print};

#[test]
fn reads_as_much_of_the_format_as_there_is() {
    for (text, millis) in [
        ("1970", 1970),
        ("1970-02", 2_678_400_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T01", 3_600_000),
        ("1970-01-01T00:01", 60_000),
        ("1970-01-01T00:00:01", 1_000),
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("1970-01-01T00:00:00.123456789Z", 123),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:30:00-0030", 3_600_000),
        ("1970-01-01T02:00:00+02", 0),
        ("-5", -5),
        ("5.999999", 5),
        ("-5.0", -5),
        ("-5.1", -6),
        ("-0.5", -1),
        ("7.", 7),
    ] {
        let expected = if text == "1970" { 0 } else { millis };
        assert_eq!(parse(text), Some(expected), "{text}");
    }
}

#[test]
fn refuses_what_is_no_date() {
    for text in [
        "",
        "70-01-01",
        "1970-13-01",
        "1970-01-01T",
        "1970-01-01T25",
        "1970-01-01T00:00:00+1",
        "tomorrow",
        "1970-01-01-01",
        "1970-01-01T00:00:00.",
        "1970-01-01T00:00:00:00",
        "0.1234567",
        "+1",
        "-.5",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_bare_number_is_not_taken_for_a_date() {
    assert!(!detected("1970"));
    assert!(!detected("1970-1"));
    assert!(detected("1970-01"));
    assert!(detected("2024-05-06T07:08:09Z"));
}

#[test]
fn prints_milliseconds_in_utc() {
    assert_eq!(print(1_500), "1970-01-01T00:00:01.500Z");
    assert_eq!(print(i64::MAX), i64::MAX.to_string());
}
