//! A value of a query as text.

use serde_json::Value;

/// A value as the text that a string field holds.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => java_text(number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

/// A number as Java prints it: with an exponent below a thousandth, and from ten millions on.
fn java_text(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) || !number.is_finite() {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::java_text;

    #[test]
    fn numbers_are_printed_as_java_does() {
        for (number, text) in
            [(1e10, "1.0E10"), (1.5e-7, "1.5E-7"), (2.5, "2.5"), (-0.0, "-0.0"), (1e6, "1000000.0")]
        {
            assert_eq!(java_text(number), text);
        }
    }
}
