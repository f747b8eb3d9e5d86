//! A connector's settings, declared once.
//!
//! [`config!`](crate::config!) turns one declaration into a typed struct, its checks, and the field schema
//! that Kibana's connector forms read.

mod field;
mod names;
mod pem;
mod reader;
mod secret;
mod value;

pub use field::{Constraint, Display, Field};
pub use names::{Names, hosts};
pub use pem::pem_lines;
pub use reader::{Problem, Problems, Reader, nearest, no_such_setting};
pub use secret::Secret;
pub use value::{FieldType, FieldValue, address};

use serde_json::{Map, Value};

/// The typed settings of a connector; implemented by [`config!`](crate::config!).
pub trait Config: Sized {
    /// The settings in the order of the form.
    fn fields() -> Vec<Field>;

    /// Takes each field out of the reader; none when one of them has a problem.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads and checks all settings.
    ///
    /// # Errors
    /// Every problem at once, each with field, value and rule.
    fn parse(values: &Map<String, Value>) -> Result<Self, Problems> {
        let fields = Self::fields();
        let mut reader = Reader::new(&fields, values);
        let config = Self::read(&mut reader);
        match (config, reader.finish()) {
            (Some(config), None) => Ok(config),
            (_, problems) => Err(problems.unwrap_or_default()),
        }
    }

    /// The field schema as it stands in a connector document: name → field.
    #[must_use]
    fn schema() -> Map<String, Value> {
        Self::fields().iter().map(|field| (field.name.clone(), field.to_json())).collect()
    }
}

/// Declares the settings of a connector.
///
/// The doc comment of a field is its tooltip, `label` its name in forms. A field with a default or of type
/// `Option<…>` need not be given. What follows the label are methods of [`Field`](crate::config::Field).
///
/// ```
/// use connectors_core::config::{Config, Secret};
///
/// connectors_core::config! {
///     /// Where the notes are, and who reads them.
///     pub struct NotesConfig {
///         /// Needs the right `notes.read`, nothing more.
///         #[label = "API token"]
///         pub token: Secret,
///         /// Calls to the server per second.
///         #[label = "Requests per second", between(1, 1000)]
///         pub rate: u32 = 10,
///     }
/// }
///
/// let values = serde_json::json!({"token": "t0p", "rate": 20});
/// let config = NotesConfig::parse(values.as_object().unwrap()).unwrap();
/// assert_eq!(config.rate, 20);
/// let values = serde_json::json!({"rate": 0});
/// let problems = NotesConfig::parse(values.as_object().unwrap()).unwrap_err();
/// assert_eq!(problems.0.len(), 2);
/// ```
#[macro_export]
macro_rules! config {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                #[label = $label:literal $(, $rule:ident ( $($argument:expr),* $(,)? ))*]
                $field_vis:vis $field:ident : $type:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone)]
        $vis struct $name {
            $( $(#[doc = $doc])* $field_vis $field: $type, )*
        }

        impl $crate::config::Config for $name {
            fn fields() -> Vec<$crate::config::Field> {
                let mut fields = vec![
                    $(
                        $crate::config::Field::new::<$type>(stringify!($field), $label, concat!($($doc, "\n"),*))
                            $(.default_value($default))?
                            $(.$rule($($argument),*))*
                    ),*
                ];
                $crate::config::Field::number(&mut fields);
                fields
            }

            fn read(reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                $( let $field = reader.take::<$type>(stringify!($field)); )*
                Some(Self { $( $field: $field? ),* })
            }
        }
    };
}

#[cfg(test)]
mod tests;
