//! One setting: its type, its look in a form, and what its value must satisfy.

use serde::Serialize;
use serde_json::{Value, json};

use super::{FieldType, FieldValue, Names};

/// How a form shows a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names of Kibana's input elements")]
pub enum Display {
    Textbox,
    Textarea,
    Numeric,
    Toggle,
    Dropdown,
}

/// What a value must satisfy.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// Strictly below.
    LessThan(f64),
    /// Strictly above.
    GreaterThan(f64),
    /// From the first to the second, both included.
    Within(f64, f64),
    /// One of these; for lists each item.
    IncludedIn(Vec<String>),
    /// Each item of a list is a whole number.
    ListOfInt,
    /// The whole text matches.
    Regex(String),
}

impl Constraint {
    /// As Kibana knows them: bounds are excluded there.
    fn to_json(&self) -> Vec<Value> {
        match self {
            Self::LessThan(bound) => vec![json!({"type": "less_than", "constraint": bound})],
            Self::GreaterThan(bound) => vec![json!({"type": "greater_than", "constraint": bound})],
            Self::Within(low, high) => {
                let bounds = [Self::GreaterThan(low.next_down()), Self::LessThan(high.next_up())];
                bounds.iter().flat_map(Self::to_json).collect()
            }
            Self::IncludedIn(allowed) => vec![json!({"type": "included_in", "constraint": allowed})],
            Self::ListOfInt => vec![json!({"type": "list_type", "constraint": "int"})],
            Self::Regex(pattern) => vec![json!({"type": "regex", "constraint": pattern})],
        }
    }
}

/// One setting of a connector.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// Its name in forms.
    pub label: String,
    /// What it is for.
    pub tooltip: String,
    /// Its type.
    pub field_type: FieldType,
    /// How a form shows it.
    pub display: Display,
    /// Its place in the form, from 1.
    pub order: u32,
    /// True when a value must be given.
    pub required: bool,
    /// True for secrets.
    pub sensitive: bool,
    /// Its value when none is given.
    pub default: Value,
    /// Fields that must have these values for this one to count.
    pub depends_on: Vec<(String, Value)>,
    /// Value and label of each choice of a drop-down.
    pub options: Vec<(String, String)>,
    /// What its value must satisfy.
    pub constraints: Vec<Constraint>,
    /// True when forms show it under "advanced".
    pub advanced: bool,
    /// What its value names outside of the program.
    pub names: Names,
}

impl Field {
    /// A field of this type, required unless the type has a natural absence.
    #[must_use]
    pub fn new<T: FieldValue>(name: &str, label: &str, doc: &str) -> Self {
        let lines: Vec<&str> = doc.lines().map(str::trim).collect();
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            tooltip: lines.join(" ").trim().to_owned(),
            field_type: T::TYPE,
            display: Display::of(T::TYPE),
            order: 0,
            required: T::REQUIRED,
            sensitive: T::SENSITIVE,
            default: Value::Null,
            depends_on: Vec::new(),
            options: Vec::new(),
            constraints: Vec::new(),
            advanced: false,
            names: T::NAMES,
        }
    }

    /// Numbers the fields in their order.
    pub fn number(fields: &mut [Self]) {
        for (field, order) in fields.iter_mut().zip(1..) {
            field.order = order;
        }
    }

    /// The value when none is given; the field is then not required.
    #[must_use]
    pub fn default_value(mut self, value: impl Serialize) -> Self {
        self.default = serde_json::to_value(value).unwrap_or_default();
        self.required = false;
        self
    }

    /// At least `low`, at most `high`.
    #[must_use]
    pub fn between(mut self, low: i32, high: i32) -> Self {
        let (low, high) = (f64::from(low), f64::from(high));
        if self.field_type == FieldType::Float {
            self.constraints.push(Constraint::Within(low, high));
        } else {
            self.constraints.extend([Constraint::GreaterThan(low - 1.0), Constraint::LessThan(high + 1.0)]);
        }
        self
    }

    /// One of these values, shown by their labels.
    #[must_use]
    pub fn one_of(mut self, options: &[(&str, &str)]) -> Self {
        self.options = options.iter().map(|(value, label)| ((*value).into(), (*label).into())).collect();
        let allowed = options.iter().map(|(value, _)| (*value).to_owned()).collect();
        self.constraints.push(Constraint::IncludedIn(allowed));
        self.display = Display::Dropdown;
        self
    }

    /// Each item of the list is a whole number.
    #[must_use]
    pub fn integers(mut self) -> Self {
        self.constraints.push(Constraint::ListOfInt);
        self
    }

    /// The whole text matches the regular expression.
    #[must_use]
    pub fn matches(mut self, pattern: &str) -> Self {
        self.constraints.push(Constraint::Regex(pattern.to_owned()));
        self
    }

    /// Its value names servers, as an address or a connection string: an operator may bound which.
    #[must_use]
    pub fn names_hosts(mut self) -> Self {
        self.names = Names::Host;
        self
    }

    /// Its value names a file or folder: an operator may bound which.
    #[must_use]
    pub fn names_path(mut self) -> Self {
        self.names = Names::Path;
        self
    }

    /// Counts only while another field has this value.
    #[must_use]
    pub fn depends_on(mut self, field: &str, value: impl Serialize) -> Self {
        self.depends_on.push((field.to_owned(), serde_json::to_value(value).unwrap_or_default()));
        self
    }

    /// Text of several lines.
    #[must_use]
    pub fn multiline(mut self) -> Self {
        self.display = Display::Textarea;
        self
    }

    /// Shown under "advanced".
    #[must_use]
    pub fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    /// The field as it stands in a connector document, with its default as value.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let depends_on: Vec<Value> =
            self.depends_on.iter().map(|(field, value)| json!({"field": field, "value": value})).collect();
        let options: Vec<Value> =
            self.options.iter().map(|(value, label)| json!({"label": label, "value": value})).collect();
        let restrictions: &[&str] = if self.advanced { &["advanced"] } else { &[] };
        json!({
            "default_value": self.default,
            "depends_on": depends_on,
            "display": self.display,
            "label": self.label,
            "options": options,
            "order": self.order,
            "required": self.required,
            "sensitive": self.sensitive,
            "tooltip": self.tooltip,
            "type": self.field_type,
            "ui_restrictions": restrictions,
            "validations": self.validations(),
            "value": self.default,
        })
    }

    /// The constraints as they stand in a document. Another service compares the value of each field that has a bound, null
    /// included: a number without a default has none there.
    fn validations(&self) -> Vec<Value> {
        let is_bound = |constraint: &&Constraint| {
            matches!(
                constraint,
                Constraint::LessThan(_) | Constraint::GreaterThan(_) | Constraint::Within(..)
            )
        };
        let safe =
            self.constraints.iter().filter(|constraint| !(self.default.is_null() && is_bound(constraint)));
        safe.flat_map(Constraint::to_json).collect()
    }
}

impl Display {
    fn of(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Str => Self::Textbox,
            FieldType::Int | FieldType::Float => Self::Numeric,
            FieldType::Bool => Self::Toggle,
            FieldType::List => Self::Textarea,
        }
    }
}
