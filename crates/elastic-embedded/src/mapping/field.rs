//! One field of a mapping: its type and options.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Failure, Result};

/// The types of fields that this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Keyword,
    Text,
    Long,
    Integer,
    Short,
    Byte,
    Double,
    Float,
    Boolean,
    Date,
    ScaledFloat,
    GeoPoint,
}

impl Kind {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "keyword" => Kind::Keyword,
            "text" => Kind::Text,
            "long" => Kind::Long,
            "integer" => Kind::Integer,
            "short" => Kind::Short,
            "byte" => Kind::Byte,
            "double" => Kind::Double,
            "float" => Kind::Float,
            "boolean" => Kind::Boolean,
            "date" => Kind::Date,
            "scaled_float" => Kind::ScaledFloat,
            "geo_point" => Kind::GeoPoint,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Keyword => "keyword",
            Kind::Text => "text",
            Kind::Long => "long",
            Kind::Integer => "integer",
            Kind::Short => "short",
            Kind::Byte => "byte",
            Kind::Double => "double",
            Kind::Float => "float",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
            Kind::ScaledFloat => "scaled_float",
            Kind::GeoPoint => "geo_point",
        }
    }

    /// True for types kept as fractions.
    pub(crate) fn is_fraction(self) -> bool {
        matches!(self, Kind::Double | Kind::Float | Kind::ScaledFloat)
    }

    /// True for types kept as whole numbers: integers, dates in milliseconds, booleans as 0 and 1.
    pub(crate) fn is_whole(self) -> bool {
        !self.is_fraction() && !matches!(self, Kind::Keyword | Kind::Text | Kind::GeoPoint)
    }

    /// True for types whose malformed values may be ignored.
    pub(crate) fn may_ignore_malformed(self) -> bool {
        self.is_fraction() || self.is_whole() || self == Kind::GeoPoint
    }

    /// Least and greatest value of an integer type.
    pub(crate) fn bounds(self) -> (i64, i64) {
        match self {
            Kind::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
            Kind::Short => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Kind::Byte => (i64::from(i8::MIN), i64::from(i8::MAX)),
            _ => (i64::MIN, i64::MAX),
        }
    }
}

/// A leaf of the mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) index: bool,
    pub(crate) doc_values: bool,
    pub(crate) ignore_above: Option<usize>,
    pub(crate) ignore_malformed: Option<bool>,
    /// What the numbers of a `scaled_float` are multiplied with before they are rounded.
    pub(crate) scaling: Option<f64>,
    /// A keyword for each value in an object with any keys, by its own name and by that of the key.
    pub(crate) flattened: bool,
    /// Exact values are kept and looked for in lower case.
    pub(crate) lowercase: bool,
    /// A text that is looked for is taken apart at white space.
    pub(crate) split_queries: bool,
    /// Options that change nothing here, kept so that the mapping reads back as it was written.
    pub(crate) kept: BTreeMap<String, Value>,
    pub(crate) fields: BTreeMap<String, Field>,
}

impl Field {
    pub(crate) fn new(kind: Kind) -> Self {
        Field {
            kind,
            index: true,
            doc_values: kind != Kind::Text,
            ignore_above: None,
            ignore_malformed: None,
            scaling: None,
            flattened: false,
            lowercase: false,
            split_queries: false,
            kept: BTreeMap::new(),
            fields: BTreeMap::new(),
        }
    }

    /// What a string becomes when the mapping does not know its field.
    pub(crate) fn dynamic_text() -> Self {
        let mut field = Field::new(Kind::Text);
        let keyword = Field { ignore_above: Some(256), ..Field::new(Kind::Keyword) };
        field.fields.insert("keyword".to_owned(), keyword);
        field
    }

    /// Its type, as a mapping names it.
    pub(crate) fn type_name(&self) -> &'static str {
        if self.flattened { "flattened" } else { self.kind.name() }
    }

    /// A number as the field keeps it.
    pub(crate) fn scaled(&self, number: f64) -> f64 {
        self.scaling.map_or(number, |factor| half_up(number * factor) / factor)
    }

    /// True for a text that is not too long to be kept.
    pub(crate) fn keeps(&self, text: &str) -> bool {
        self.ignore_above.is_none_or(|limit| text.encode_utf16().count() <= limit)
    }

    /// An exact value as it is kept and looked for.
    pub(crate) fn normalized<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.lowercase { crate::analysis::lower(text).into() } else { text.into() }
    }

    /// Takes over the options of a later mapping of the same field.
    pub(crate) fn merge(&mut self, path: &str, other: Field) -> Result<()> {
        if self.type_name() != other.type_name() {
            return Err(Failure::argument(format!(
                "mapper [{path}] cannot be changed from type [{}] to [{}]",
                self.type_name(),
                other.type_name()
            )));
        }
        for (what, before, after) in
            [("index", self.index, other.index), ("doc_values", self.doc_values, other.doc_values)]
        {
            if before != after {
                return Err(Failure::argument(format!(
                    "Mapper for [{path}] conflicts with existing mapper:\n\tCannot update parameter [{what}] from \
                     [{before}] to [{after}]"
                )));
            }
        }
        if self.lowercase != other.lowercase {
            let name = |lowercase| if lowercase { "lowercase" } else { "null" };
            return Err(Failure::argument(format!(
                "Mapper for [{path}] conflicts with existing mapper:\n\tCannot update parameter [normalizer] from \
                 [{}] to [{}]",
                name(self.lowercase),
                name(other.lowercase)
            )));
        }
        self.scaling = other.scaling;
        self.split_queries = other.split_queries;
        self.ignore_above = other.ignore_above;
        self.ignore_malformed = other.ignore_malformed;
        self.kept.extend(other.kept);
        for (name, sub) in other.fields {
            match self.fields.get_mut(&name) {
                Some(existing) => existing.merge(&format!("{path}.{name}"), sub)?,
                None => {
                    self.fields.insert(name, sub);
                }
            }
        }
        Ok(())
    }
}

/// The nearest whole number; of two, the greater.
fn half_up(number: f64) -> f64 {
    let below = number.floor();
    if number - below >= 0.5 { below + 1.0 } else { below }
}
