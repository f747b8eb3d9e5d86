//! Advanced rules: a query of the operator's own instead of whole collections.
//!
//! `{"find": {"filter": …, "projection": …, "skip": …, "limit": …, "sort": …, and options}}` or
//! `{"aggregate": {"pipeline": […], "options": {…}}}`, in extended JSON.

mod extended;
pub(crate) mod options;
mod problems;

use std::future::IntoFuture as _;

use bson::{Document, doc};
use connectors_core::{Error, Result, RuleProblem, Rules};
use serde_json::{Map, Value};

use crate::client::{Client, Namespace, error};
use problems::Problems;

/// What of a `find` rule are fields of [`Find`].
const FIND_FIELDS: [&str; 5] = ["filter", "projection", "skip", "limit", "sort"];
/// Its other keys.
const FIND_OPTIONS: [&str; 8] =
    ["allowDiskUse", "collation", "comment", "hint", "let", "max", "maxTimeMS", "min"];
const AGGREGATE_FIELDS: [&str; 2] = ["pipeline", "options"];
/// They may stand in `options`, or beside the pipeline.
const AGGREGATE_OPTIONS: [&str; 6] = ["allowDiskUse", "collation", "comment", "hint", "let", "maxTimeMS"];
/// Stages that write, or that never end.
const REFUSED_STAGES: [&str; 3] = ["$out", "$merge", "$changeStream"];

/// What is read of each collection.
#[derive(Debug, Clone)]
pub(crate) enum Query {
    /// Everything.
    All,
    /// What `find` takes.
    Find(Box<Find>),
    /// What a pipeline makes.
    Aggregate(Box<Aggregate>),
}

/// A `find` rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Find {
    pub(crate) filter: Document,
    pub(crate) projection: Option<Document>,
    pub(crate) skip: Option<u64>,
    pub(crate) limit: Option<i64>,
    pub(crate) sort: Option<Document>,
    /// Its other options, in the spelling of the shell; those of the driver can be read from them.
    pub(crate) options: Document,
}

impl Find {
    /// True when each document is taken or not by itself, whatever the others are.
    pub(crate) fn is_filter(&self) -> bool {
        let is_whole = self.skip.is_none() && self.limit.is_none() && self.sort.is_none();
        is_whole && options::are_plain(&self.options)
    }
}

/// An `aggregate` rule.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) pipeline: Vec<Document>,
    /// In the spelling of the shell; those of the driver can be read from them.
    pub(crate) options: Document,
}

impl Query {
    /// The query of a sync's rules.
    ///
    /// # Errors
    /// `Config`, with every problem.
    pub(crate) fn of(rules: &Rules) -> Result<Self> {
        parse(rules).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| format!("\n  {}: {}", problem.place, problem.message))
                .collect();
            Error::config(format!("the advanced rules can't be used:{}", lines.concat()))
        })
    }
}

/// The query of these rules, or everything that is wrong with them.
pub(crate) fn parse(rules: &Rules) -> Result<Query, Vec<RuleProblem>> {
    let Some(advanced) = rules.advanced.as_ref().filter(|value| !is_absent(value)) else {
        return Ok(Query::All);
    };
    let mut problems = Problems::default();
    let query = query(advanced, &mut problems);
    query.filter(|_| problems.is_empty()).ok_or_else(|| problems.finish())
}

fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn query(value: &Value, problems: &mut Problems) -> Option<Query> {
    let rule = problems.object("", value)?;
    problems.unknown_keys("", rule, &["find", "aggregate"]);
    match (rule.get("find"), rule.get("aggregate")) {
        (Some(_), Some(_)) => problems.add("", "give either find or aggregate, not both"),
        (Some(find), None) => self::find(find, problems).map(|rule| Query::Find(Box::new(rule))),
        (None, Some(aggregate)) => {
            self::aggregate(aggregate, problems).map(|rule| Query::Aggregate(Box::new(rule)))
        }
        (None, None) => problems.add("", "give find or aggregate"),
    }
}

fn find(value: &Value, problems: &mut Problems) -> Option<Find> {
    let rule = problems.object("find", value)?;
    let rule = options::shell_spelling("find", rule, problems);
    problems.unknown_keys("find", &rule, &[&FIND_FIELDS[..], &FIND_OPTIONS].concat());
    let projection = ordered("projection", &rule, problems);
    if projection.as_ref().is_some_and(leaves_out_id) {
        problems.add::<()>("find.projection._id", "must not be left out: documents are told apart by it");
    }
    Some(Find {
        filter: problems.document("find.filter", rule.get("filter")).unwrap_or_default(),
        projection,
        skip: count("skip", &rule, problems),
        limit: count("limit", &rule, problems).and_then(|limit| i64::try_from(limit).ok()),
        sort: ordered("sort", &rule, problems),
        options: find_options(&rule, problems),
    })
}

/// A number of a `find` rule; 0 is as none, as in MongoDB.
fn count(name: &str, rule: &Map<String, Value>, problems: &mut Problems) -> Option<u64> {
    problems.count(&format!("find.{name}"), rule.get(name)).filter(|number| *number > 0)
}

/// A field of a `find` rule whose keys have an order: an object, or a list as PyMongo takes it.
fn ordered(name: &str, rule: &Map<String, Value>, problems: &mut Problems) -> Option<Document> {
    let value = rule.get(name)?;
    options::in_order(value).or_else(|| problems.document(&format!("find.{name}"), Some(value)))
}

/// The options of a `find` rule, which the driver can read.
fn find_options(rule: &Map<String, Value>, problems: &mut Problems) -> Document {
    readable("find", options::among(rule, &FIND_OPTIONS), options::of_find, problems)
}

/// These options, of which each problem is noted that the driver has with them.
fn readable<T>(
    place: &str,
    given: Map<String, Value>,
    read: fn(&Document) -> Result<T, String>,
    problems: &mut Problems,
) -> Document {
    let document = options::document(place, given, problems);
    if let Err(error) = read(&document) {
        problems.add::<()>(place, &error);
    }
    document
}

fn leaves_out_id(projection: &Document) -> bool {
    use bson::Bson::{Boolean, Double, Int32, Int64};
    match projection.get("_id") {
        Some(Boolean(false) | Int32(0) | Int64(0)) => true,
        Some(Double(number)) => *number == 0.0,
        _ => false,
    }
}

fn aggregate(value: &Value, problems: &mut Problems) -> Option<Aggregate> {
    let rule = problems.object("aggregate", value)?;
    let rule = options::shell_spelling("aggregate", rule, problems);
    problems.unknown_keys("aggregate", &rule, &[&AGGREGATE_FIELDS[..], &AGGREGATE_OPTIONS].concat());
    let options = aggregate_options(&rule, problems);
    let Some(stages) = rule.get("pipeline").and_then(Value::as_array) else {
        return problems.add("aggregate.pipeline", "must be an array of stages, such as [{\"$match\": {}}]");
    };
    let pipeline =
        stages.iter().enumerate().filter_map(|(index, value)| stage(index, value, problems)).collect();
    Some(Aggregate { pipeline, options })
}

fn stage(index: usize, value: &Value, problems: &mut Problems) -> Option<Document> {
    let place = format!("aggregate.pipeline[{index}]");
    let stage = problems.object(&place, value)?;
    let mut names = stage.keys();
    match (names.next(), names.next()) {
        (Some(name), None) if REFUSED_STAGES.contains(&name.as_str()) => {
            problems.add(&place, &format!("{name} can't be used: a rule only reads, and ends"))
        }
        (Some(name), None) if name.starts_with('$') => problems.document(&place, Some(value)),
        _ => problems.add(&place, "must have exactly one key, the stage's name, which begins with $"),
    }
}

/// The options of an `aggregate` rule, from both places where they may stand.
fn aggregate_options(rule: &Map<String, Value>, problems: &mut Problems) -> Document {
    let place = "aggregate.options";
    let beside = options::among(rule, &AGGREGATE_OPTIONS);
    let mut options = readable("aggregate", beside.clone(), options::of_aggregate, problems);
    let Some(object) = rule.get("options").and_then(|value| problems.object(place, value)) else {
        return options;
    };
    let object = options::shell_spelling(place, object, problems);
    problems.unknown_keys(place, &object, &AGGREGATE_OPTIONS);
    for name in object.keys().filter(|name| beside.contains_key(*name)) {
        problems.add::<()>(&format!("{place}.{name}"), "is given twice: here and beside the pipeline");
    }
    options.extend(readable(place, object, options::of_aggregate, problems));
    options
}

impl Client {
    /// What the server says to a query, without running it.
    ///
    /// # Errors
    /// When the server could not be asked.
    pub(crate) async fn explain(&self, namespace: &Namespace, query: &Query) -> Result<Vec<RuleProblem>> {
        let Some((place, command)) = command(&namespace.collection, query) else { return Ok(Vec::new()) };
        let database = self.driver().await?.database(&namespace.database);
        let explain = doc! {"explain": command, "verbosity": "queryPlanner"};
        let doing = format!("check the rules on {namespace}");
        let checked = self.within(&doing, database.run_command(explain).into_future()).await;
        let Err(error) = checked else { return Ok(Vec::new()) };
        let mapped = error::map(&error, &doing);
        match &*error.kind {
            mongodb::error::ErrorKind::Command(refusal)
                if !mapped.kind().is_passing() && refusal.code != 13 =>
            {
                Ok(vec![RuleProblem { place: place.to_owned(), message: refusal.message.clone() }])
            }
            _ => Err(mapped),
        }
    }
}

/// The command that a query becomes, and the rule that it is about.
fn command(collection: &str, query: &Query) -> Option<(&'static str, Document)> {
    match query {
        Query::All => None,
        Query::Find(find) => {
            let mut command = doc! {"find": collection, "filter": find.filter.clone()};
            for (name, value) in [("projection", &find.projection), ("sort", &find.sort)] {
                if let Some(value) = value {
                    command.insert(name, value.clone());
                }
            }
            command.extend(find.options.clone());
            Some(("find", command))
        }
        Query::Aggregate(rule) => {
            let mut command = doc! {"aggregate": collection, "pipeline": rule.pipeline.clone(), "cursor": {}};
            command.extend(rule.options.clone());
            Some(("aggregate", command))
        }
    }
}

#[cfg(test)]
mod tests;
