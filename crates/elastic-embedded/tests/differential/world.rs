//! Two indices: their documents, in several bulks with a refresh after each, so that there are several segments with
//! deleted documents in them.

use serde_json::{Value, json};

use crate::fields::{Field, Fields};
use crate::random::Random;
use crate::side::Product;
use crate::targets::second;
use crate::values::Pool;

/// Ids of documents are the numbers below this.
const IDS: usize = 50;

/// The lines of one bulk.
pub(crate) type Bulk = Vec<Vec<Value>>;

pub(crate) fn bulks(random: &mut Random, fields: &Fields, index: &str) -> Vec<Bulk> {
    let mut uid = 0;
    random.several((3, 6), |random| {
        random.several((5, 25), |random| {
            uid += 1;
            let name = if random.one_in(4) { second(index) } else { index.to_owned() };
            operation(random, fields, (&name, uid))
        })
    })
}

fn operation(random: &mut Random, fields: &Fields, (index, uid): (&str, usize)) -> Vec<Value> {
    let id = json!({"_index": index, "_id": random.below(IDS).to_string()});
    let mut source = document(random, fields);
    source["uid"] = uid.into();
    match random.below(12) {
        0 => vec![json!({"delete": id})],
        1 => vec![json!({"create": id}), source],
        2 => vec![json!({"update": id}), json!({"doc": source})],
        3 => vec![json!({"update": id}), json!({"doc": source, "doc_as_upsert": true})],
        _ => vec![json!({"index": id}), source],
    }
}

fn document(random: &mut Random, fields: &Fields) -> Value {
    let (mut source, fill) = (json!({}), random.between(1, 4));
    for field in &fields.stored {
        if random.one_in(fill + 1) {
            continue;
        }
        let value = content(random, field, fields.product);
        match field.name.split_once('.') {
            Some((object, name)) if random.one_in(2) => {
                if !source[object].is_object() {
                    source[object] = json!({});
                }
                source[object][name] = value;
            }
            _ => source[field.name] = value,
        }
    }
    source
}

/// What a document holds in a field: a value, several, none.
fn content(random: &mut Random, field: &Field, product: Product) -> Value {
    match random.below(400) {
        0..20 => Value::Null,
        20..80 => random.several((0, 3), |random| field.pool.value(random)).into(),
        // OpenSearch refuses a list of places with null.
        80..90 if field.pool != Pool::Place => json!([field.pool.value(random), null]),
        90..92 => field.pool.odd_value(random, product),
        92..110 if field.name.starts_with("lax") => field.pool.odd_value(random, product),
        _ => field.pool.value(random),
    }
}
