//! What shapes the answer to a search beside its query: order, pages, what is shown of hits.

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::random::Random;
use crate::requests::{Manner, Parameters, Request, Sense};
use crate::side::Product;
use crate::values::Pool;

/// More than the indices hold.
const ALL: usize = 200;

/// The order of hits and the page of them. Without `uid` in the end, hits may tie: then all are asked for.
pub(crate) fn order(random: &mut Random, fields: &Fields, request: &mut Request) {
    request.body["size"] = ALL.into();
    if random.one_in(3) {
        if random.one_in(3) {
            request.body["size"] = 0.into();
        }
        return;
    }
    let sense = request.sense(fields);
    let mut sort = random.several((1, 3), |random| criterion(random, fields, sense));
    // The points in time of OpenSearch have other requests, and no order of their own among hits that tie.
    if fields.product != Product::OpenSearch && random.one_in(8) {
        request.manner = Manner::Paged;
        request.body["size"] = random.pick(&[7, 20, ALL]).into();
    }
    if random.one_in(3) {
        request.body["sort"] = sort.into();
        return;
    }
    sort.push(random.pick(&[json!("uid"), json!({"uid": "desc"})]));
    request.body["sort"] = sort.into();
    if request.manner == Manner::Paged {
        return;
    }
    request.body["size"] = random.pick(&[1, 3, 10, ALL]).into();
    if random.one_in(4) {
        request.body["from"] = random.pick(&[0, 1, 5, 50]).into();
    } else if pages_after_hits(fields) && random.one_in(6) {
        request.body["search_after"] = after(random, fields, &request.body["sort"]);
    }
}

/// OpenSearch loses hits without a value on the pages after a hit.
pub(crate) fn pages_after_hits(fields: &Fields) -> bool {
    fields.product != Product::OpenSearch
}

fn criterion(random: &mut Random, fields: &Fields, sense: Sense) -> Value {
    // OpenSearch tells the best score also where hits are sorted by others too.
    if sense == Sense::Scored && fields.product != Product::OpenSearch && random.one_in(6) {
        return random.pick(&[json!("_score"), json!({"_score": "asc"})]);
    }
    // What stands for a boolean that is missing differs between the products, and OpenSearch breaks on scaled numbers.
    let is_left_out =
        |pool| fields.product == Product::OpenSearch && matches!(pool, Pool::Boolean | Pool::Scaled);
    let field = loop {
        let field = fields.one_of(random, |pool| !pool.is_unordered() && !is_left_out(pool));
        if !is_left_out(field.pool) {
            break field;
        }
    };
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
pub(crate) fn shown(random: &mut Random, fields: &Fields, body: &mut Value) {
    if random.one_in(4) {
        let mut limits = vec![json!(true), json!(1000)];
        // Without a total it does not show that OpenSearch lost hits.
        if fields.product != Product::OpenSearch {
            limits.extend([json!(false), json!(0)]);
        }
        // Without hits a real one stops counting there, and does not say whether it missed some.
        if body["size"] != 0 && fields.product != Product::OpenSearch {
            limits.push(json!(3));
        }
        body["track_total_hits"] = random.pick(&limits);
    }
    if random.one_in(3) {
        body["_source"] = match random.below(6) {
            0 => false.into(),
            1 => included(random, fields).into(),
            2 => json!({"includes": includes(random, fields)}),
            3 => json!({"excludes": excludes(random, fields)}),
            4 => json!({"includes": includes(random, fields), "excludes": excludes(random, fields)}),
            _ => includes(random, fields).into(),
        };
    }
    if random.one_in(4) {
        // OpenSearch shows a value as often as it is asked for.
        let most = if fields.product == Product::OpenSearch { 1 } else { 2 };
        body["docvalue_fields"] = random.several((1, most), |random| doc_value(random, fields)).into();
    }
    if random.one_in(8) {
        body["version"] = true.into();
    }
    if random.one_in(8) {
        body["seq_no_primary_term"] = true.into();
    }
}

fn includes(random: &mut Random, fields: &Fields) -> Vec<String> {
    random.several((1, 3), |random| included(random, fields))
}

/// What a source is asked for. To OpenSearch a `*` stands for dots as well.
fn included(random: &mut Random, fields: &Fields) -> String {
    let paths = ["raw", "raw.a", "raw.o.k", "raw.l.x", "o", "flat.b", "raw.n", ""];
    let patterns = ["o.*", "n*", "raw.*.x", "*.k", "raw.*", "raw.o*", "*", "*.*.x", "r*.l*", "raw.**.x"];
    match random.below(3) {
        0 => fields.any(random).name,
        1 if fields.product != Product::OpenSearch => random.pick(&patterns),
        1 => random.pick(&["o.*", "n*"]),
        _ => random.pick(&paths),
    }
    .to_owned()
}

/// What is left out of a source. OpenSearch keeps what becomes empty.
fn excludes(random: &mut Random, fields: &Fields) -> Vec<String> {
    let is_open_search = fields.product == Product::OpenSearch;
    random.several((1, 2), |random| {
        let name = included(random, fields);
        if is_open_search { name.split('.').next().unwrap_or_default().to_owned() } else { name }
    })
}

/// The same as [`shown`] says of a source, in a URL.
pub(crate) fn source_parameters(random: &mut Random, fields: &Fields) -> Parameters {
    let mut parameters = Vec::new();
    match random.below(4) {
        0 => parameters.push(("_source", included(random, fields))),
        1 => parameters.push(("_source", random.pick(&["true", "false"]).to_owned())),
        _ => parameters.push(("_source_includes", includes(random, fields).join(","))),
    }
    if random.one_in(2) {
        parameters.push(("_source_excludes", excludes(random, fields).join(",")));
    }
    parameters
}

/// Parameters that stand for parts of the body, or filter the answer.
pub(crate) fn parameters(random: &mut Random, fields: &Fields, request: &Request) -> Parameters {
    let mut parameters = Vec::new();
    if random.one_in(2) {
        parameters.extend(source_parameters(random, fields));
    }
    if random.one_in(3) {
        let limits = ["true", "500", "false"];
        let known = if fields.product == Product::OpenSearch { &limits[..2] } else { &limits };
        parameters.push(("track_total_hits", random.pick(known).to_owned()));
    }
    if request.body.get("docvalue_fields").is_none() && random.one_in(3) {
        let field = fields.one_of(random, |pool| !pool.is_unordered());
        let name = if field.pool.is_unordered() { "k" } else { field.name };
        parameters.push(("docvalue_fields", name.to_owned()));
    }
    let is_unique = request.body["sort"]
        .as_array()
        .is_some_and(|sort| sort.last().is_some_and(|last| last == "uid" || last.get("uid").is_some()));
    // Of several indices the answer must say whether each was looked into.
    let is_plain = request.manner == Manner::AtOnce && !request.target.is_several();
    if is_unique && is_plain && random.one_in(2) {
        let paths = [
            "hits.hits._source.o*",
            "hits.hits._id,hits.total",
            "-hits.hits._source",
            "hits.hits.sort,-**.value",
            "**.buckets.key,hits.hits._id",
            // OpenSearch leaves out a source that was empty before.
            "hits.hits._source,-hits.hits._source.*.*",
        ];
        let known = if fields.product == Product::OpenSearch { &paths[..5] } else { &paths };
        parameters.push(("filter_path", random.pick(known).to_owned()));
    }
    parameters
}

fn doc_value(random: &mut Random, fields: &Fields) -> Value {
    let field = fields.one_of(random, |pool| !pool.is_unordered());
    match field.pool {
        Pool::Date | Pool::Day if random.one_in(2) => {
            json!({"field": field.name, "format": random.pick(&["epoch_millis", "strict_date_optional_time"])})
        }
        Pool::Place | Pool::Id | Pool::Raw => "k".into(),
        _ => random.pick(&[field.name, field.name, "new_*", "o.*"]).into(),
    }
}
