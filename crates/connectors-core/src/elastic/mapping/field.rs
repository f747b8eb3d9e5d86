//! What a source declares of a field, and how such a field is mapped.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::super::Flavour;

/// Characters up to which a label is also an exact value.
const LABEL: u32 = 1024;
/// Characters up to which a code is indexed: at 4 bytes each they fit the 32,766 bytes of a term.
const CODE: u32 = 8191;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Whole numbers of 64 bits with a sign, each kept exactly. A fraction is cut off in the index.
    Integer,
    /// Numbers as doubles: whole ones are exact up to 2^53.
    Number,
    /// Numbers with a fixed number of decimals, as amounts of money have: kept as whole multiples of one divided by this
    /// factor, 100 for two decimals.
    Scaled(u32),
    /// True or false.
    Boolean,
    /// A time: text as in RFC 3339, with or without a time of day, or milliseconds since 1970.
    Date,
    /// One word that is looked for as a whole, in any case: an id, a state, an extension. No white space.
    /// Facets show it in lower case.
    Code,
    /// A name or title: found by its words, and sorted, filtered and counted as a whole (`FIELD.keyword`).
    Label,
    /// Text that is found by its words and nothing else.
    Prose,
    /// An object, whose fields are declared by themselves or mapped as they come.
    Object,
    /// An object with any number of different keys: one field, whose values are found exactly and as text only.
    Flattened,
    /// A place: `{"lat": …, "lon": …}`, `[lon, lat]`, `"lat,lon"` or WKT.
    GeoPoint,
}

impl FieldKind {
    /// True for kinds whose values are strings.
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::Code | Self::Label | Self::Prose)
    }

    /// Its part of a mapping.
    pub(crate) fn mapped(self, flavour: Flavour) -> Value {
        match self {
            Self::Integer => json!({ "type": "long" }),
            Self::Number => json!({ "type": "double" }),
            Self::Scaled(factor) => json!({ "type": "scaled_float", "scaling_factor": factor.max(1) }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Date => json!({ "type": "date" }),
            Self::Code => code(),
            Self::Label => label(LABEL),
            Self::Prose => json!({ "type": "text" }),
            Self::Object => json!({ "type": "object" }),
            Self::Flattened if flavour == Flavour::OpenSearch => json!({ "type": "flat_object" }),
            Self::Flattened => json!({ "type": "flattened" }),
            Self::GeoPoint => json!({ "type": "geo_point" }),
        }
    }

    /// Whether a field of this type of the server holds its values without losing any of what they are.
    pub(crate) fn is_held_by(self, mapped: &str) -> bool {
        let types: &[&str] = match self {
            Self::Integer => &["long", "integer", "short", "byte", "unsigned_long"],
            Self::Number => &["double", "float", "half_float", "scaled_float"],
            Self::Scaled(_) => &["scaled_float", "double"],
            Self::Boolean => &["boolean"],
            Self::Date => &["date", "date_nanos"],
            Self::Code | Self::Label | Self::Prose => {
                &["text", "keyword", "wildcard", "match_only_text", "constant_keyword", "semantic_text"]
            }
            Self::Object => &["object", "nested", "flattened", "flat_object"],
            Self::Flattened => &["flattened", "flat_object", "object"],
            Self::GeoPoint => &["geo_point"],
        };
        types.contains(&mapped)
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Scaled(factor) => return write!(f, "number in steps of 1/{factor}"),
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Code => "code",
            Self::Label => "label",
            Self::Prose => "prose",
            Self::Object => "object",
            Self::Flattened => "flattened object",
            Self::GeoPoint => "geo point",
        })
    }
}

impl Serialize for FieldKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A field, as a source declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name, below those of the objects that it lies in, outermost first: as they stand in documents of the source.
    pub path: Vec<String>,
    /// What its values are; those of a list count one by one.
    pub kind: FieldKind,
}

impl FieldSpec {
    /// A field by its name, with a dot between an object and what lies in it.
    #[must_use]
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self::at(name.split('.'), kind)
    }

    /// A field whose names may be anything, dots included, as those of columns may. Where an index does not take a name, it
    /// becomes the one that it also becomes in documents.
    pub fn at<N: Into<String>>(path: impl IntoIterator<Item = N>, kind: FieldKind) -> Self {
        Self { path: path.into_iter().map(Into::into).collect(), kind }
    }
}

/// Whole and in any case, also as one word of several in a query.
pub(super) fn code() -> Value {
    json!({
        "type": "keyword", "ignore_above": CODE, "normalizer": "lowercase", "split_queries_on_whitespace": true,
    })
}

/// Words, and a whole up to that many characters.
pub(super) fn label(longest: u32) -> Value {
    json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": longest } } })
}
