//! Aggregations of every kind that the embedded server answers.

use serde_json::{Value, json};

use crate::fields::{Field, Fields};
use crate::random::Random;
use crate::values::Pool;

/// One to three aggregations with others below them.
pub(crate) fn aggregations(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let mut named = json!({});
    for at in 0..random.between(1, 3) {
        named[format!("a{at}")] = one(random, fields, depth);
    }
    named
}

fn one(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    match random.below(5) {
        0 | 1 => terms(random, fields, depth),
        2 => histogram(random, fields, depth),
        _ => metric(random, fields),
    }
}

fn metric(random: &mut Random, fields: &Fields) -> Value {
    let kind = random.pick(&["value_count", "min", "max", "sum", "avg"]);
    let field = measured(random, fields, kind);
    json!({kind: {"field": field.name}})
}

/// A field for a metric. Sums of any numbers depend on the order in which they are added.
fn measured(random: &mut Random, fields: &Fields, kind: &str) -> Field {
    loop {
        let field = fields.one_of(random, |pool| pool.is_number() || kind == "value_count");
        let sum = matches!(kind, "sum" | "avg");
        let is_inexact = sum && field.pool.is_number() && !field.pool.adds_up();
        if !is_inexact && !matches!(field.pool, Pool::Place | Pool::Raw) {
            return field;
        }
    }
}

fn below(random: &mut Random, fields: &Fields, depth: usize, body: &mut Value) {
    if depth > 0 && random.one_in(2) {
        let key = random.pick(&["aggs", "aggregations"]);
        body[key] = aggregations(random, fields, depth - 1);
    }
}

fn terms(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let field = fields.one_of(random, |pool| !pool.is_unordered());
    let mut terms = json!({"field": field.name});
    if random.one_in(2) {
        terms["size"] = random.pick(&[1, 2, 3, 100, 0]).into();
    }
    if random.one_in(5) {
        terms["min_doc_count"] = random.between(1, 3).into();
    }
    if random.one_in(8) {
        terms["shard_size"] = 200.into();
    }
    let mut body = json!({});
    match random.below(6) {
        0 => terms["order"] = order(random, "_count"),
        1 => terms["order"] = order(random, "_key"),
        2 => terms["order"] = json!([order(random, "_count"), order(random, "_key")]),
        3 => {
            // The mean of nothing is no number, and stands in no order.
            let metric = loop {
                let metric = metric(random, fields);
                if metric.get("avg").is_none() {
                    break metric;
                }
            };
            terms["order"] = json!([order(random, "m"), order(random, "_key")]);
            body["aggs"] = json!({"m": metric});
        }
        _ => below(random, fields, depth, &mut body),
    }
    body["terms"] = terms;
    body
}

fn order(random: &mut Random, by: &str) -> Value {
    json!({by: random.pick(&["asc", "desc"])})
}

fn histogram(random: &mut Random, fields: &Fields, depth: usize) -> Value {
    let field = fields.one_of(random, |pool| pool.is_number() && pool.adds_up());
    let narrow = matches!(field.pool, Pool::Whole | Pool::Fraction | Pool::Boolean);
    let interval = if narrow {
        random.pick(&[
            json!(1),
            json!(0.5),
            json!(2.5),
            json!(5),
            json!(10),
            json!("10"),
            json!(0),
            json!(-1),
        ])
    } else {
        random.pick(&[json!(1000), json!(4096.0), json!(65536)])
    };
    let mut histogram = json!({"field": field.name, "interval": interval});
    if random.one_in(4) {
        histogram["offset"] = random.pick(&[json!(1), json!(0.5), json!(-3), json!(12)]);
    }
    // Between the values of other fields there are more empty buckets than a server makes.
    if !narrow || random.one_in(3) {
        histogram["min_doc_count"] = random.between(1, 2).into();
    }
    let mut body = json!({"histogram": histogram});
    below(random, fields, depth, &mut body);
    body
}
