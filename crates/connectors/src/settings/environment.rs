//! `${NAME}` and `${NAME:-default}` in the texts of a settings file.

use connectors_core::{Error, Result};
use serde_json::Value;

/// Replaces variables in every text of the tree, never in its structure: a value with a colon or a line
/// break in it stays one value.
pub(super) fn fill(value: Value, variable: &dyn Fn(&str) -> Option<String>, file: &str) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(&text, variable, file)?),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| fill(item, variable, file)).collect::<Result<_>>()?)
        }
        Value::Object(fields) => {
            let filled = fields.into_iter().map(|(key, value)| {
                // The text itself may be a secret, so its key stands for it.
                let is_text = value.is_string();
                match fill(value, variable, file) {
                    Err(error) if is_text => Err(error.with("setting", key)),
                    value => Ok((key, value?)),
                }
            });
            Value::Object(filled.collect::<Result<_>>()?)
        }
        other => other,
    })
}

fn fill_text(text: &str, variable: &dyn Fn(&str) -> Option<String>, file: &str) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| Error::config("a `${` is not closed by `}`").with("file", file))?;
        let (name, default) =
            name.split_once(":-").map_or((name, None), |(name, default)| (name, Some(default)));
        let value = variable(name).filter(|value| default.is_none() || !value.is_empty());
        let value = value.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
            Error::config(
                "an environment variable is not set; set it, or give a default as `${NAME:-default}`",
            )
            .with("variable", name)
            .with("file", file)
        })?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variable(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("http://h:1".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_filled_in_texts_only() {
        let given =
            json!({"a": "${HOST}/x", "b": ["${NONE:-d:e}", 1], "${HOST}": null, "c": "${EMPTY:-full}"});
        let expected = json!({"a": "http://h:1/x", "b": ["d:e", 1], "${HOST}": null, "c": "full"});
        assert_eq!(fill(given, &variable, "f").unwrap(), expected);
        assert_eq!(fill(json!("${EMPTY}"), &variable, "f").unwrap(), json!(""));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = fill(json!({"a": "${NONE}"}), &variable, "my.yml").unwrap_err().to_string();
        assert!(error.contains("variable: NONE, file: my.yml"), "{error}");
        let error = fill(json!({"password": "s3cret${HOST"}), &variable, "my.yml").unwrap_err().to_string();
        assert!(error.contains("not closed") && error.contains("file: my.yml, setting: password"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
