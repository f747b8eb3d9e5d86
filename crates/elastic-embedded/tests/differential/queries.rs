//! Queries of every kind that the embedded server answers.

use serde_json::{Map, Value, json};

use crate::fields::{Field, Fields};
use crate::random::Random;
use crate::side::Product;
use crate::strings;
use crate::values::{self, Pool};

type Make = fn(&mut Random, &Fields, usize) -> Value;

const LEAVES: &[Make] = &[
    match_all,
    ids,
    exists,
    term,
    term,
    terms,
    prefix,
    wildcard,
    range,
    range,
    range,
    matching,
    matching,
    phrase,
    multi_match,
    strings::query,
];
const COMPOUNDS: &[Make] = &[boolean, boolean, boolean, constant];

/// A query that nests at most `depth` levels.
pub(crate) fn query(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let compound = depth > 0 && random.one_in(2);
    let make = random.pick(if compound { COMPOUNDS } else { LEAVES });
    make(random, fields, depth)
}

/// True if every matching document has a score that does not depend on how often words occur.
pub(crate) fn scores_are_exact(query: &Value, fields: &Fields) -> bool {
    let Some((kind, body)) = query.as_object().and_then(|members| members.iter().next()) else {
        return true;
    };
    let all = |key: &str| match body.get(key) {
        Some(Value::Array(items)) => items.iter().all(|item| scores_are_exact(item, fields)),
        Some(one) => scores_are_exact(one, fields),
        None => true,
    };
    match kind.as_str() {
        "bool" => all("must") && all("should"),
        "term" | "terms" | "range" => {
            let name = body.as_object().and_then(|members| members.keys().find(|key| *key != "boost"));
            let field = fields.asked.iter().find(|field| Some(field.name) == name.map(String::as_str));
            // Booleans are words to some, and exact strings are so in a term.
            field.is_none_or(|field| {
                field.pool != Pool::Boolean && (kind != "term" || !field.pool.is_string())
            })
        }
        "match" | "match_phrase" | "multi_match" | "query_string" => false,
        _ => true,
    }
}

pub(crate) fn boost(random: &mut Random) -> Value {
    random.pick(&[json!(2), json!(0.5), json!(3.0), json!("1.5"), json!(0)])
}

/// Adds a boost to one in a few bodies.
fn boosted(random: &mut Random, mut body: Value) -> Value {
    if random.one_in(6) {
        body["boost"] = boost(random);
    }
    body
}

fn on(field: &Field, body: impl Into<Value>) -> Value {
    let mut members = Map::new();
    members.insert(field.name.to_owned(), body.into());
    Value::Object(members)
}

fn match_all(random: &mut Random, _: &Fields, _: usize) -> Value {
    let kind = random.pick(&["match_all", "match_all", "match_none"]);
    json!({kind: boosted(random, json!({}))})
}

fn ids(random: &mut Random, _: &Fields, _: usize) -> Value {
    let values = random.several((0, 6), |random| Pool::Id.value(random));
    json!({"ids": boosted(random, json!({"values": values}))})
}

fn exists(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = fields.any(random);
    json!({"exists": boosted(random, json!({"field": field.name}))})
}

/// A field for an exact value.
fn exact(random: &mut Random, fields: &Fields) -> Field {
    fields.one_of(random, |pool| pool != Pool::Place && pool != Pool::Keys)
}

fn term(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = exact(random, fields);
    let value = fields.value(random, field.pool);
    let body = if random.one_in(3) { boosted(random, json!({"value": value})) } else { value };
    json!({"term": on(&field, body)})
}

fn terms(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = exact(random, fields);
    let values = random.several((0, 5), |random| fields.value(random, field.pool));
    json!({"terms": boosted(random, on(&field, values))})
}

fn string_field(random: &mut Random, fields: &Fields) -> Field {
    fields.one_of(random, Pool::is_string)
}

fn prefix(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = string_field(random, fields);
    let text = beginning(random, fields, field.pool);
    let body = if random.one_in(3) { boosted(random, json!({"value": text})) } else { text.into() };
    json!({"prefix": on(&field, body)})
}

/// The first characters of a value, or all.
fn beginning(random: &mut Random, fields: &Fields, pool: Pool) -> String {
    let value = fields.value(random, pool);
    let text = value.as_str().unwrap_or("1");
    let length = random.between(0, 4);
    text.chars().take(length).collect()
}

fn wildcard(random: &mut Random, fields: &Fields, _: usize) -> Value {
    // A key of a flattened object is refused there.
    let field = loop {
        let field = string_field(random, fields);
        if !(fields.careful && field.name.starts_with("flat.")) {
            break field;
        }
    };
    let value = pattern(random, fields, field.pool);
    let body = if random.one_in(2) { boosted(random, json!({"value": value})) } else { value.into() };
    json!({"wildcard": on(&field, body)})
}

/// A value in which some characters became wildcards, or were escaped.
fn pattern(random: &mut Random, fields: &Fields, pool: Pool) -> String {
    let value = fields.value(random, pool);
    let mut pattern = String::new();
    for character in value.as_str().unwrap_or("10").chars().take(8) {
        match random.below(9) {
            0 | 1 => pattern.push('*'),
            2 => pattern.push('?'),
            // OpenSearch takes it as it is, not as the field keeps it.
            3 if fields.product != Product::OpenSearch || !has_case(character) => {
                pattern.extend(['\\', character]);
            }
            _ => pattern.push(character),
        }
    }
    if random.one_in(3) { pattern + "*" } else { pattern }
}

fn has_case(character: char) -> bool {
    character.is_uppercase() || character.is_lowercase()
}

fn range(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = fields.one_of(random, |pool| pool.is_number() || pool.is_string());
    let mut body = ends(random, fields, field.pool);
    // Next to a number, the text of a date is often none.
    while fields.careful && field.pool.is_date() && is_mixed(&body) {
        body = ends(random, fields, field.pool);
    }
    let body = boosted(random, body);
    json!({"range": on(&field, body)})
}

fn ends(random: &mut Random, fields: &Fields, pool: Pool) -> Value {
    let mut body = json!({});
    for (including, excluding) in [("gte", "gt"), ("lte", "lt")] {
        let key = random.pick(&["", including, including, excluding]);
        if !key.is_empty() {
            body[key] = fields.value(random, pool);
        }
    }
    body
}

/// True if only one of two ends is a number.
fn is_mixed(ends: &Value) -> bool {
    let mut ends = ends.as_object().into_iter().flat_map(|ends| ends.values());
    let first = ends.next().map(Value::is_number);
    ends.any(|end| Some(end.is_number()) != first)
}

fn words(random: &mut Random, fields: &Fields, pool: Pool) -> Value {
    if pool == Pool::Text { values::text(random).into() } else { fields.value(random, pool) }
}

fn minimum(random: &mut Random) -> Value {
    random.pick(&[
        json!(0),
        json!(1),
        json!(2),
        json!("2"),
        json!(-1),
        json!("50%"),
        json!("-25%"),
        json!("100%"),
        json!(9),
    ])
}

fn matching(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = fields.one_of(random, |pool| pool != Pool::Place && pool != Pool::Keys);
    let text = words(random, fields, field.pool);
    if random.one_in(3) {
        return json!({"match": on(&field, text)});
    }
    let mut body = boosted(random, json!({"query": text}));
    match random.below(5) {
        0 | 1 => body["operator"] = random.pick(&["and", "AND", "or"]).into(),
        2 => body["minimum_should_match"] = minimum(random),
        3 => body["lenient"] = true.into(),
        _ => {}
    }
    json!({"match": on(&field, body)})
}

/// True if a word stands twice in a text: a phrase of it with others among its words differs knowingly.
pub(crate) fn repeats(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower.split(|character: char| !character.is_alphanumeric()).collect();
    words.retain(|word| !word.is_empty());
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    words.len() < count
}

fn phrase(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let field = fields.one_of(random, |pool| pool == Pool::Text);
    let text = words(random, fields, field.pool);
    let is_plain = text.as_str().is_some_and(repeats);
    let mut body = boosted(random, json!({"query": text}));
    if !is_plain && random.one_in(2) {
        body["slop"] = random.below(4).into();
    }
    json!({"match_phrase": on(&field, body)})
}

fn exact_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fields of a search over several: names, weights, patterns.
pub(crate) fn several_fields(random: &mut Random, fields: &Fields) -> Vec<Value> {
    random.several((1, 3), |random| {
        let field = fields.one_of(random, Pool::is_string);
        match random.below(6) {
            0 => format!("{}^2", field.name),
            1 => "t*".to_owned(),
            2 => "new_*".to_owned(),
            _ => field.name.to_owned(),
        }
        .into()
    })
}

fn multi_match(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let pool = random.pick(&[Pool::Text, Pool::Keyword, Pool::Whole]);
    let mut text = words(random, fields, pool);
    // OpenSearch reads a number as it reads a date, and none below 0.
    if fields.product == Product::OpenSearch {
        text = exact_text(&text).trim_start_matches('-').into();
    }
    let mut body = boosted(random, json!({"query": text}));
    if !random.one_in(6) {
        body["fields"] = several_fields(random, fields).into();
    }
    if random.one_in(2) {
        body["type"] = random.pick(&["best_fields", "most_fields", "phrase"]).into();
    }
    match random.below(5) {
        0 => body["operator"] = "and".into(),
        1 => body["tie_breaker"] = 0.3.into(),
        _ => {}
    }
    if fields.careful || random.one_in(3) {
        body["lenient"] = true.into();
    }
    json!({"multi_match": body})
}

fn boolean(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let fields = &fields.careful();
    let mut body = boosted(random, json!({}));
    for key in ["must", "filter", "must_not", "should"] {
        if random.one_in(2) {
            continue;
        }
        let clauses = random.several((0, 3), |random| query(random, fields, depth - 1));
        body[key] = match <[Value; 1]>::try_from(clauses) {
            Ok([one]) if random.one_in(2) => one,
            Ok(one) => json!(one),
            Err(clauses) => clauses.into(),
        };
    }
    if random.one_in(4) {
        body["minimum_should_match"] = minimum(random);
    }
    if random.one_in(12) {
        body["adjust_pure_negative"] = random.one_in(2).into();
    }
    json!({"bool": body})
}

fn constant(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let fields = &fields.careful();
    let filter = query(random, fields, depth - 1);
    json!({"constant_score": boosted(random, json!({"filter": filter}))})
}
