//! Highlighted searches. Their queries are such that a clause which marks something also matches: of another, the real one
//! marks nothing, and the embedded server does (see the list in `lib.rs`).

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::random::Random;
use crate::side::Product;
use crate::values::{self, Pool, WORDS};

/// Fields whose texts can be marked.
const FIELDS: [(&str, Pool); 9] = [
    ("t", Pool::Text),
    ("body", Pool::Text),
    ("new_t", Pool::Text),
    ("t.raw", Pool::Text),
    ("k", Pool::Keyword),
    ("low", Pool::Keyword),
    ("short_k", Pool::Keyword),
    ("split", Pool::Keyword),
    ("o.k", Pool::Keyword),
];

/// The query of a search, and what is marked of its hits.
pub(crate) fn add(random: &mut Random, fields: &Fields, body: &mut Value) {
    body["query"] = query(random, fields);
    let text = body["query"].to_string();
    // OpenSearch does not find the text of a name with dots in it.
    let known = if fields.product == Product::OpenSearch { &FIELDS[..8] } else { &FIELDS[..] };
    let is_asked = |name: &&str| text.contains(&format!("\"{name}\""));
    let of_query: Vec<&str> = known.iter().map(|(name, _)| *name).filter(is_asked).collect();
    let mut asked = json!({});
    for _ in 0..random.between(1, 4) {
        let (mut name, _) = random.pick(known);
        if !of_query.is_empty() && random.one_in(2) {
            name = random.pick(&of_query);
        }
        let name = random.pick(&[name, name, name, "t*", "new_*"]);
        asked[name] = json!({});
    }
    let mut highlight = json!({"fields": asked, "number_of_fragments": 0});
    if random.one_in(4) {
        highlight["pre_tags"] = json!(["<b>"]);
        highlight["post_tags"] = random.pick(&[json!(["</b>"]), json!("</b>")]);
    }
    if random.one_in(6) {
        highlight["no_match_size"] = 1000.into();
    }
    if random.one_in(6) {
        highlight["highlight_query"] = leaf(random, fields);
    }
    body["highlight"] = highlight;
}

fn query(random: &mut Random, fields: &Fields) -> Value {
    match random.below(4) {
        0 => {
            let mut body = json!({"should": random.several((1, 3), |random| leaf(random, fields))});
            if random.one_in(2) {
                body[random.pick(&["must", "filter"])] = leaf(random, fields);
            }
            if random.one_in(3) {
                body["must_not"] = leaf(random, fields);
            }
            json!({"bool": body})
        }
        1 if random.one_in(3) => json!({"constant_score": {"filter": leaf(random, fields)}}),
        _ => leaf(random, fields),
    }
}

fn leaf(random: &mut Random, fields: &Fields) -> Value {
    let (name, pool) = random.pick(&FIELDS);
    let text = |random: &mut Random| match pool {
        Pool::Text if name != "t.raw" => values::text(random),
        _ => pool.value(random).as_str().unwrap_or_default().to_owned(),
    };
    let start = |random: &mut Random| -> String {
        let length = random.between(1, 3);
        let word = if pool == Pool::Text { random.pick(WORDS).to_lowercase() } else { text(random) };
        word.chars().filter(|character| character.is_alphanumeric()).take(length).collect()
    };
    match random.below(9) {
        0 => json!({"term": {name: start(random)}}),
        1 => json!({"terms": {name: random.several((1, 4), |random| random.pick(WORDS).to_lowercase())}}),
        2 => json!({"prefix": {name: start(random)}}),
        3 => json!({"wildcard": {name: format!("{}*{}", start(random), random.pick(&["", "?", "o*"]))}}),
        4 => json!({"range": {name: {"gte": start(random), "lt": start(random)}}}),
        5 => {
            json!({"multi_match": {"query": text(random), "fields": ["t", "new_*", "k"], "lenient": true}})
        }
        6 => json!({"query_string": {"query": random.pick(&["qu*", "fox", "t:fox OR do*", "fox2 dog"])}}),
        // OpenSearch marks the words of a phrase one by one.
        7 if fields.product != Product::OpenSearch => json!({"match_phrase": {name: text(random)}}),
        _ => json!({"match": {name: text(random)}}),
    }
}
