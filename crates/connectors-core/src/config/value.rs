//! Values of settings, read leniently and kept strictly.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use url::{ParseError, Url};

use super::{Names, Secret};

/// The type of a value, as Kibana names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    Str,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Yes or no.
    Bool,
    /// Several texts; as text, separated by commas.
    List,
}

/// A type that a field can have.
pub trait FieldValue: Sized {
    /// Its name in the schema.
    const TYPE: FieldType;
    /// True when a value must be given where the field has no default.
    const REQUIRED: bool = true;
    /// True when it must never be shown.
    const SENSITIVE: bool = false;
    /// What it names outside of the program.
    const NAMES: Names = Names::Nothing;

    /// Reads a value that is not empty.
    ///
    /// # Errors
    /// What is expected instead, such as `expected a whole number`.
    fn read(value: &Value) -> Result<Self, String>;

    /// The value of a field that does not count or was left out, where the type has one.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// True for what a form leaves behind in an untouched field.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(|item| item.as_str() == Some("")),
        _ => false,
    }
}

impl FieldValue for String {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(yes) => Ok(yes.to_string()),
            _ => Err("expected a text".into()),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl FieldValue for Secret {
    const TYPE: FieldType = FieldType::Str;
    const SENSITIVE: bool = true;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self::new)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl FieldValue for PathBuf {
    const TYPE: FieldType = FieldType::Str;
    const NAMES: Names = Names::Path;

    fn read(value: &Value) -> Result<Self, String> {
        let text = String::read(value)?;
        if text.starts_with('~') {
            return Err("a `~` stands for the home folder only in a shell; write the whole path (or ./~ for a folder of that \
                        name)"
                .into());
        }
        Ok(text.into())
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl FieldValue for Url {
    const TYPE: FieldType = FieldType::Str;
    const NAMES: Names = Names::Host;

    fn read(value: &Value) -> Result<Self, String> {
        address(&String::read(value)?)
    }
}

/// Reads the address of a server.
///
/// # Errors
/// What is expected instead; not the text itself, which may hold a password.
pub fn address(text: &str) -> Result<Url, String> {
    // `localhost:9200` has a scheme to a parser of addresses: `localhost`.
    let lacks_scheme = !text.contains("://");
    match Url::parse(text.trim()) {
        Ok(url) if url.has_host() => Ok(url),
        Ok(_) | Err(ParseError::RelativeUrlWithoutBase) if lacks_scheme => {
            Err("expected an address that begins with http:// or https://, such as http://localhost:9200"
                .into())
        }
        Ok(_) => Err("expected an address such as https://host:port (it names no host)".into()),
        Err(error) => Err(format!("expected an address such as https://host:port ({error})")),
    }
}

impl FieldValue for bool {
    const TYPE: FieldType = FieldType::Bool;

    fn read(value: &Value) -> Result<Self, String> {
        let text = match value {
            Value::Bool(yes) => return Ok(*yes),
            Value::String(text) => text.trim().to_lowercase(),
            Value::Number(number) => number.to_string(),
            _ => return Err("expected true or false".into()),
        };
        match text.as_str() {
            "true" | "yes" | "1" | "on" => Ok(true),
            "false" | "no" | "0" | "off" => Ok(false),
            _ => Err("expected true or false".into()),
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

impl FieldValue for f64 {
    const TYPE: FieldType = FieldType::Float;

    fn read(value: &Value) -> Result<Self, String> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| "expected a number".into())
    }
}

/// Reads a whole number of any of the forms that people write.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15).map(|f| f as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl FieldValue for $type {
            const TYPE: FieldType = FieldType::Int;

            fn read(value: &Value) -> Result<Self, String> {
                let number = whole(value).ok_or("expected a whole number")?;
                Self::try_from(number)
                    .map_err(|_| format!("expected a whole number from {} to {}", Self::MIN, Self::MAX))
            }
        }
    )*};
}

whole_numbers!(i64, u64, u32, u16, usize);

impl FieldValue for Vec<String> {
    const TYPE: FieldType = FieldType::List;

    fn read(value: &Value) -> Result<Self, String> {
        let items: Vec<String> = match value {
            Value::String(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
            Value::Array(items) => items.iter().map(String::read).collect::<Result<_, _>>()?,
            scalar => vec![String::read(scalar)?],
        };
        Ok(items.into_iter().filter(|item| !item.is_empty()).collect())
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    const TYPE: FieldType = T::TYPE;
    const REQUIRED: bool = false;
    const SENSITIVE: bool = T::SENSITIVE;
    const NAMES: Names = T::NAMES;

    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
