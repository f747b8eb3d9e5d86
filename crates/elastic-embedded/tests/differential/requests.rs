//! Whole requests: searches, counts, single documents, mappings.

use serde_json::{Value, json};

use crate::aggregations::aggregations;
use crate::fields::Fields;
use crate::highlights;
use crate::queries::{self, query};
use crate::random::Random;
use crate::searches;
use crate::strings;
use crate::targets::Target;
use crate::values::Pool;

/// A request to the indices of a run.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: Target,
    /// The endpoint with its parameters.
    pub(crate) path: String,
    pub(crate) body: Value,
    pub(crate) manner: Manner,
}

/// How an answer is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    AtOnce,
    /// Page by page, over a point in time.
    Paged,
}

/// What must be equal in two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    /// All.
    Whole,
    /// What a search tells, and the scores: they do not depend on how often words occur.
    Scored,
    /// What a search tells.
    Unscored,
}

impl Request {
    pub(crate) fn new(target: Target, path: impl Into<String>, body: Value) -> Self {
        Request { target, path: path.into(), body, manner: Manner::AtOnce }
    }

    pub(crate) fn sense(&self, fields: &Fields) -> Sense {
        if !self.path.starts_with("_search") && !self.path.starts_with("_count") {
            return Sense::Whole;
        }
        let by_text = self.path.contains("q=");
        let exact =
            !by_text && self.body.get("query").is_none_or(|query| queries::scores_are_exact(query, fields));
        if exact { Sense::Scored } else { Sense::Unscored }
    }

    /// How many criteria hits are sorted by.
    pub(crate) fn criteria(&self) -> usize {
        match self.body.get("sort") {
            Some(Value::Array(criteria)) => criteria.len(),
            Some(_) => 1,
            None => 0,
        }
    }

    /// The request for what comes after a hit.
    pub(crate) fn after(&self, sort: &Value) -> Self {
        let mut next = self.clone();
        next.body["search_after"] = sort.clone();
        next.body["from"] = 0.into();
        next
    }
}

pub(crate) fn request(random: &mut Random, fields: &Fields) -> Request {
    let target = Target::any(random);
    match random.below(24) {
        0..3 => count(random, fields, target),
        3 => document(random, fields),
        4 if random.one_in(4) => Request::new(target, "_mapping", Value::Null),
        _ => search(random, fields, target),
    }
}

fn search(random: &mut Random, fields: &Fields, target: Target) -> Request {
    let mut request = Request::new(target, "_search", json!({}));
    let mut parameters = Vec::new();
    if random.one_in(10) {
        parameters = q(random, fields);
    } else if !random.one_in(8) {
        request.body["query"] = query(random, fields, 3);
    }
    if random.one_in(10) {
        parameters = Vec::new();
        highlights::add(random, fields, &mut request.body);
    }
    if random.one_in(3) {
        request.body["aggs"] = aggregations(random, fields, 2);
        if target.is_several() {
            every_term(&mut request.body["aggs"]);
        }
    }
    request.path = with_parameters("_search", &parameters);
    searches::order(random, fields, &mut request);
    searches::shown(random, fields, &mut request.body);
    if random.one_in(8) {
        parameters.extend(searches::parameters(random, fields, &request));
        request.path = with_parameters("_search", &parameters);
    }
    request
}

/// The first terms of several shards are not always those of all: then all are asked for.
fn every_term(aggregations: &mut Value) {
    for one in aggregations.as_object_mut().into_iter().flat_map(|named| named.values_mut()) {
        if let Some(terms) = one.get_mut("terms").and_then(Value::as_object_mut) {
            terms.remove("shard_size");
            terms.insert("size".to_owned(), 100.into());
        }
        for below in ["aggs", "aggregations"] {
            if let Some(below) = one.get_mut(below) {
                every_term(below);
            }
        }
    }
}

fn count(random: &mut Random, fields: &Fields, target: Target) -> Request {
    if random.one_in(4) {
        let path = with_parameters("_count", &q(random, fields));
        return Request::new(target, path, Value::Null);
    }
    Request::new(target, "_count", json!({"query": query(random, fields, 3)}))
}

/// One document by its id.
fn document(random: &mut Random, fields: &Fields) -> Request {
    let id = Pool::Id.value(random);
    let endpoint = random.pick(&["_doc", "_doc", "_source"]);
    let mut parameters = Vec::new();
    if random.one_in(2) {
        parameters = searches::source_parameters(random, fields);
    }
    let target = random.pick(&[Target::First, Target::Second, Target::Missing]);
    let path = format!("{endpoint}/{}", id.as_str().unwrap_or_default());
    Request::new(target, with_parameters(&path, &parameters), Value::Null)
}

/// Parameters of a URL.
pub(crate) type Parameters = Vec<(&'static str, String)>;

fn q(random: &mut Random, fields: &Fields) -> Parameters {
    let mut parameters = vec![("q", strings::text(random, fields))];
    if random.one_in(3) {
        parameters.push(("default_operator", random.pick(&["AND", "and", "OR"]).to_owned()));
    }
    parameters
}

pub(crate) fn with_parameters<N: AsRef<str>>(path: &str, parameters: &[(N, String)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let parameters = parameters.iter().map(|(name, value)| (name.as_ref(), value));
    let url = reqwest::Url::parse_with_params("http://any/", parameters).unwrap();
    format!("{path}?{}", url.query().unwrap_or_default())
}
