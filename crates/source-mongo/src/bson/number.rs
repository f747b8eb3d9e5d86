//! Numbers as the text of an id: one text for each value, whichever type it was written as.

use super::{Value, text};

/// The text of a number as the other tool prints it: a whole number within 64 bits by its digits, any other that a double holds
/// as Python writes that double. None for a value of another type, and for a decimal that no double is equal to.
pub(super) fn plain(value: Value<'_>) -> Option<String> {
    match value {
        Value::Int32(number) => Some(number.to_string()),
        Value::Int64(number) => Some(number.to_string()),
        Value::Double(number) => Some(of_double(number)),
        Value::Decimal(bytes) => of_decimal(&text::decimal(bytes)),
        _ => None,
    }
}

/// True for what [`plain`] makes of some number.
pub(super) fn is_plain(text: &str) -> bool {
    if text.parse::<i64>().is_ok_and(|number| number.to_string() == text) {
        return true;
    }
    text.parse::<f64>().is_ok_and(|number| of_double(number) == text)
}

fn of_double(number: f64) -> String {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "inf".to_owned() } else { "-inf".to_owned() }
    } else if number.fract() == 0.0 && (-END..END).contains(&number) {
        format!("{}", number as i64)
    } else {
        python(number)
    }
}

/// A finite double as Python prints it.
fn python(number: f64) -> String {
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    match exponent.parse().unwrap_or(0_i32) {
        -4..16 => format!("{number:?}"),
        exponent @ ..0 => format!("{mantissa}e-{:02}", exponent.unsigned_abs()),
        exponent => format!("{mantissa}e+{exponent:02}"),
    }
}

fn of_decimal(written: &str) -> Option<String> {
    let canonical = canonical(written);
    match &*canonical {
        "NaN" => return Some(of_double(f64::NAN)),
        "Infinity" => return Some(of_double(f64::INFINITY)),
        "-Infinity" => return Some(of_double(f64::NEG_INFINITY)),
        whole if whole.parse::<i64>().is_ok() => return Some(canonical),
        _ => {}
    }
    let double = canonical.parse::<f64>().ok().filter(|double| double.is_finite())?;
    (self::canonical(&exact(double)) == canonical).then(|| of_double(double))
}

/// The shortest exact decimal of any number, as ids inside of objects have it.
pub(super) fn marked(value: Value<'_>) -> Option<String> {
    let digits = match value {
        Value::Int32(number) => number.to_string(),
        // Of at most 19 digits, which are all written out below too.
        Value::Int64(number) => number.to_string(),
        Value::Double(number) => canonical(&exact(number)),
        Value::Decimal(bytes) => canonical(&text::decimal(bytes)),
        _ => return None,
    };
    Some(format!("$number:{digits}"))
}

/// All digits of a double: it is compared with decimals by its exact value.
fn exact(number: f64) -> String {
    if number.is_finite() { format!("{number:.1074}") } else { number.to_string() }
}

/// The shortest exact decimal, whichever way the number was written.
fn canonical(written: &str) -> String {
    let (negative, magnitude) = match written.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", written),
    };
    if magnitude.starts_with(['N', 'i', 'I']) {
        return if magnitude.starts_with('N') { "NaN".to_owned() } else { format!("{negative}Infinity") };
    }
    let (digits, exponent) = scaled(magnitude);
    if digits.is_empty() {
        return "0".to_owned();
    }
    format!("{negative}{}", short(&digits, exponent))
}

/// Without exponent where that stays short.
fn short(digits: &str, exponent: i64) -> String {
    match usize::try_from(exponent) {
        Ok(zeros) if zeros < 20 => format!("{digits}{}", "0".repeat(zeros)),
        _ => format!("{digits}e{exponent}"),
    }
}

/// The digits without zeros around them, and the power of ten to multiply them with.
fn scaled(magnitude: &str) -> (String, i64) {
    let (mantissa, exponent) = magnitude.split_once(['E', 'e']).unwrap_or((magnitude, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = digits.len() - kept.len();
    let exponent = exponent - signed(fraction.len()) + signed(dropped);
    (kept.trim_start_matches('0').to_owned(), exponent)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_python_does() {
        for (number, wanted) in [
            (0.5, "0.5"),
            (-0.0, "0"),
            (42.0, "42"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333333333333"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e18, "1000000000000000000"),
            (1e19, "1e+19"),
            (-1.25e300, "-1.25e+300"),
            (5e-324, "5e-324"),
            (123_456_789.125, "123456789.125"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(of_double(number), wanted);
            assert!(is_plain(wanted), "{wanted}");
        }
        for text in ["007", "+1", "1.0", "1e5", "0.50", "1E+19", "NaN", "infinity", "-0", "", "1 ", "1e+019"]
        {
            assert!(!is_plain(text), "{text}");
        }
    }
}
