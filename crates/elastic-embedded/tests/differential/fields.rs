//! The fields of a generated index: one for each type and option that the embedded server knows.

use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::side::Product;
use crate::values::Pool;

/// A field that requests may name.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) pool: Pool,
}

const FIELDS: &[(&str, Pool, &str)] = &[
    ("k", Pool::Keyword, r#"{"type": "keyword"}"#),
    ("low", Pool::Keyword, r#"{"type": "keyword", "normalizer": "lowercase"}"#),
    ("short_k", Pool::Keyword, r#"{"type": "keyword", "ignore_above": 2}"#),
    ("hidden_k", Pool::Keyword, r#"{"type": "keyword", "index": false}"#),
    ("plain_k", Pool::Keyword, r#"{"type": "keyword", "doc_values": false}"#),
    ("split", Pool::Keyword, r#"{"type": "keyword", "split_queries_on_whitespace": true}"#),
    ("t", Pool::Text, r#"{"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 20}}}"#),
    ("body", Pool::Text, r#"{"type": "text"}"#),
    ("hidden_t", Pool::Text, r#"{"type": "text", "index": false}"#),
    ("n", Pool::Whole, r#"{"type": "long"}"#),
    ("wide", Pool::Long, r#"{"type": "long"}"#),
    ("i", Pool::Integer, r#"{"type": "integer"}"#),
    ("s", Pool::Short, r#"{"type": "short"}"#),
    ("y", Pool::Byte, r#"{"type": "byte"}"#),
    ("hidden_n", Pool::Whole, r#"{"type": "long", "index": false}"#),
    ("plain_n", Pool::Whole, r#"{"type": "long", "doc_values": false}"#),
    ("lax", Pool::Whole, r#"{"type": "integer", "ignore_malformed": true}"#),
    ("d", Pool::Fraction, r#"{"type": "double"}"#),
    ("wide_d", Pool::Double, r#"{"type": "double"}"#),
    ("f", Pool::Float, r#"{"type": "float"}"#),
    // The distribution of Elasticsearch that `cargo xtask backend` installs does not have the type.
    ("sc", Pool::Scaled, r#"{"type": "scaled_float", "scaling_factor": 100}"#),
    ("b", Pool::Boolean, r#"{"type": "boolean"}"#),
    ("at", Pool::Date, r#"{"type": "date"}"#),
    ("lax_at", Pool::Date, r#"{"type": "date", "ignore_malformed": true}"#),
    ("g", Pool::Place, r#"{"type": "geo_point"}"#),
    ("o.k", Pool::Keyword, r#"{"type": "keyword"}"#),
    ("o.n", Pool::Whole, r#"{"type": "long"}"#),
    // OpenSearch does not have the type.
    ("flat", Pool::Keys, r#"{"type": "flattened"}"#),
    ("raw", Pool::Raw, r#"{"type": "object", "enabled": false}"#),
    // Not mapped: a document makes it what its first value is.
    ("new_t", Pool::Text, ""),
    ("new_n", Pool::Whole, ""),
    ("new_d", Pool::Fraction, ""),
    ("new_b", Pool::Boolean, ""),
    ("new_at", Pool::Day, ""),
];

/// Names beyond those of [`Fields::stored`] that a request may use.
const ASKED: &[(&str, Pool)] = &[
    ("t.raw", Pool::Text),
    ("new_t.keyword", Pool::Text),
    ("uid", Pool::Whole),
    ("_id", Pool::Id),
    ("nowhere", Pool::Keyword),
    ("o", Pool::Keyword),
];

const FLATTENED: &[(&str, Pool)] = &[("flat.a", Pool::Keyword), ("flat.b.c", Pool::Keyword)];

/// The fields of an index on one product.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) stored: Vec<Field>,
    pub(crate) asked: Vec<Field>,
    pub(crate) product: Product,
    /// Nothing is asked for that may be refused.
    pub(crate) careful: bool,
    mapping: Value,
}

impl Fields {
    pub(crate) fn of(product: Product) -> Self {
        let known = |pool: Pool| match pool {
            Pool::Keys => product != Product::OpenSearch,
            Pool::Scaled => product == Product::OpenSearch,
            _ => true,
        };
        let (mut stored, mut properties) = (Vec::new(), Map::new());
        // OpenSearch looks for phrases where a keyword has no places for words.
        let splits = |name: &str| name == "split" && product == Product::OpenSearch;
        for (name, pool, mapping) in FIELDS.iter().filter(|(name, pool, _)| known(*pool) && !splits(name)) {
            stored.push(Field { name, pool: *pool });
            if !mapping.is_empty() {
                properties.insert((*name).to_owned(), serde_json::from_str(mapping).unwrap());
            }
        }
        properties.insert("uid".to_owned(), json!({"type": "long"}));
        let more = if known(Pool::Keys) { FLATTENED } else { &[] };
        // A list of ids is sorted and aggregated by one product only.
        let has_ids = product != Product::OpenSearch;
        let more = ASKED
            .iter()
            .filter(|(_, pool)| has_ids || *pool != Pool::Id)
            .chain(more)
            .map(|(name, pool)| Field { name, pool: *pool });
        let asked = stored.iter().cloned().chain(more).collect();
        Fields { stored, asked, product, careful: false, mapping: json!({"properties": properties}) }
    }

    /// The same for clauses of a compound query: where such a clause can't change the result, a real server may not
    /// even look whether it makes sense.
    pub(crate) fn careful(&self) -> Self {
        let mut careful = Fields { careful: true, ..self.clone() };
        careful.asked.retain(|field| field.name != "hidden_t" && !field.name.starts_with("new_"));
        careful
    }

    /// A value that a request may ask for.
    pub(crate) fn value(&self, random: &mut Random, pool: Pool) -> Value {
        if self.careful { pool.sound(random, self.product) } else { pool.asked(random, self.product) }
    }

    /// The body that makes the index.
    pub(crate) fn index(&self) -> Value {
        let normalizer = json!({"lowercase": {"type": "custom", "filter": ["lowercase"]}});
        json!({
            "settings": {
                "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1",
                "analysis": {"normalizer": normalizer},
            },
            "mappings": self.mapping,
        })
    }

    /// Any field that a request may name.
    pub(crate) fn any(&self, random: &mut Random) -> Field {
        random.pick(&self.asked)
    }

    /// A field of one of these kinds; rarely one of any.
    pub(crate) fn one_of(&self, random: &mut Random, wanted: impl Fn(Pool) -> bool) -> Field {
        if !self.careful && random.one_in(25) {
            return self.any(random);
        }
        let fitting: Vec<_> = self.asked.iter().filter(|field| wanted(field.pool)).cloned().collect();
        random.pick(&fitting)
    }
}
