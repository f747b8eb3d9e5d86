//! Whole requests: a search with all that shapes its answer, or a count.

use serde_json::{Value, json};

use crate::aggregations::aggregations;
use crate::fields::Fields;
use crate::queries::{self, query};
use crate::random::Random;
use crate::side::Product;
use crate::strings;
use crate::values::Pool;

/// More than an index holds.
const ALL: usize = 100;

/// A request to an index.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The endpoint with its parameters.
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl Request {
    /// True if the scores of the answer do not depend on how often words occur.
    pub(crate) fn scores_are_exact(&self, fields: &Fields) -> bool {
        let by_text = self.path.contains("q=");
        !by_text && self.body.get("query").is_none_or(|query| queries::scores_are_exact(query, fields))
    }

    /// The request for what comes after a hit.
    pub(crate) fn after(&self, sort: &Value) -> Self {
        let mut body = self.body.clone();
        body["search_after"] = sort.clone();
        body["from"] = 0.into();
        Request { path: self.path.clone(), body }
    }
}

pub(crate) fn request(random: &mut Random, fields: &Fields) -> Request {
    if random.one_in(8) {
        return count(random, fields);
    }
    let mut request = Request { path: "_search".to_owned(), body: json!({}) };
    if random.one_in(10) {
        request.path = format!("_search?{}", q(random, fields));
    } else if !random.one_in(8) {
        request.body["query"] = query(random, fields, 3);
    }
    if random.one_in(3) {
        request.body["aggs"] = aggregations(random, fields, 2);
    }
    order(random, fields, &mut request);
    shown(random, fields, &mut request.body);
    request
}

fn count(random: &mut Random, fields: &Fields) -> Request {
    if random.one_in(4) {
        return Request { path: format!("_count?{}", q(random, fields)), body: Value::Null };
    }
    Request { path: "_count".to_owned(), body: json!({"query": query(random, fields, 3)}) }
}

fn q(random: &mut Random, fields: &Fields) -> String {
    let mut parameters = vec![("q", strings::text(random, fields))];
    if random.one_in(3) {
        parameters.push(("default_operator", random.pick(&["AND", "and", "OR"]).to_owned()));
    }
    let url = reqwest::Url::parse_with_params("http://any/", parameters).unwrap();
    url.query().unwrap_or_default().to_owned()
}

/// The order of hits and the page of them. Without `uid` in the end, hits may tie: then all are asked for.
fn order(random: &mut Random, fields: &Fields, request: &mut Request) {
    let body = &mut request.body;
    body["size"] = ALL.into();
    if random.one_in(3) {
        if random.one_in(3) {
            body["size"] = 0.into();
        }
        return;
    }
    let exact = Request { path: request.path.clone(), body: body.clone() }.scores_are_exact(fields);
    let mut sort = random.several((1, 3), |random| criterion(random, fields, exact));
    if random.one_in(3) {
        body["sort"] = sort.into();
        return;
    }
    sort.push(random.pick(&[json!("uid"), json!({"uid": "desc"})]));
    body["sort"] = sort.into();
    body["size"] = random.pick(&[1, 3, 10, ALL]).into();
    if random.one_in(4) {
        body["from"] = random.pick(&[0, 1, 5, 50]).into();
    } else if random.one_in(6) {
        body["search_after"] = after(random, fields, &body["sort"]);
    }
}

fn criterion(random: &mut Random, fields: &Fields, scores: bool) -> Value {
    if scores && random.one_in(6) {
        return random.pick(&[json!("_score"), json!({"_score": "asc"})]);
    }
    // What stands for a boolean that is missing differs between the products.
    let is_open_search = fields.product == Product::OpenSearch;
    let field = fields.one_of(random, |pool| {
        let is_left_out = matches!(pool, Pool::Text | Pool::Place | Pool::Id | Pool::Keys)
            || (is_open_search && pool == Pool::Boolean);
        !is_left_out
    });
    if random.one_in(4) {
        return field.name.into();
    }
    let mut options = json!({"order": random.pick(&["asc", "desc"])});
    if random.one_in(2) {
        options["mode"] = random.pick(&["min", "max"]).into();
    }
    match random.below(4) {
        0 => options["missing"] = random.pick(&["_first", "_last"]).into(),
        1 if field.pool.is_number() => options["missing"] = field.pool.value(random),
        _ => {}
    }
    if random.one_in(3) {
        options["unmapped_type"] = random.pick(&["long", "keyword", "double", "date", "integer"]).into();
    }
    json!({field.name: options})
}

/// A value for each criterion, as if a hit had it.
fn after(random: &mut Random, fields: &Fields, sort: &Value) -> Value {
    let value = |criterion: &Value| {
        let name = criterion.as_str().or_else(|| criterion.as_object()?.keys().next().map(String::as_str));
        let field = fields.asked.iter().find(|field| Some(field.name) == name);
        field
            .map_or(json!(1.0), |field| if random.one_in(6) { Value::Null } else { field.pool.value(random) })
    };
    sort.as_array().unwrap().iter().map(value).collect()
}

/// What is shown of hits.
fn shown(random: &mut Random, fields: &Fields, body: &mut Value) {
    if random.one_in(4) {
        body["track_total_hits"] = random.pick(&[json!(true), json!(false), json!(3), json!(1000), json!(0)]);
    }
    if random.one_in(3) {
        let names = random.several((1, 2), |random| fields.any(random).name);
        body["_source"] = match random.below(6) {
            0 => false.into(),
            1 => names[0].into(),
            2 => json!({"includes": names}),
            3 => json!({"excludes": names}),
            4 => json!(["o.*", "n*"]),
            _ => names.into(),
        };
    }
    if random.one_in(4) {
        body["docvalue_fields"] = random.several((1, 2), |random| doc_value(random, fields)).into();
    }
    if random.one_in(8) {
        body["version"] = true.into();
    }
}

fn doc_value(random: &mut Random, fields: &Fields) -> Value {
    let field =
        fields.one_of(random, |pool| !matches!(pool, Pool::Text | Pool::Place | Pool::Id | Pool::Keys));
    match field.pool {
        Pool::Date | Pool::Day if random.one_in(2) => {
            json!({"field": field.name, "format": random.pick(&["epoch_millis", "strict_date_optional_time"])})
        }
        Pool::Place | Pool::Id => "k".into(),
        _ => random.pick(&[field.name, field.name, "new_*", "o.*"]).into(),
    }
}
