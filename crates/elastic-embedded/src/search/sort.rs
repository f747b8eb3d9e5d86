//! The order of hits: what was asked for, against the mapping of an index.

mod keys;

use serde_json::Value;

pub(super) use self::keys::{Keys, Part};
use super::field_data::{no_doc_values, no_field_data};
use crate::failure::{Failure, Result};
use crate::mapping::{Field, Kind};
use crate::options::Options;
use crate::store::View;

/// Sort criteria with the tie-breaker.
pub(super) const MAX_KEYS: usize = 6;

/// One criterion of the order.
#[derive(Debug, Clone)]
pub(crate) struct Sort {
    pub(super) by: By,
    pub(super) descending: bool,
    missing: Missing,
    /// Which of several values counts; the least when ascending, the greatest when descending.
    greatest: Option<bool>,
    unmapped: Option<Kind>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum By {
    Score,
    /// `_doc` and `_shard_doc`: the order of writing, which no two documents share.
    Sequence,
    Field(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Missing {
    First,
    Last,
    Value(Value),
}

impl Sort {
    pub(super) fn read(items: Vec<&Value>) -> Result<Vec<Self>> {
        let mut sorts = Vec::new();
        for item in items {
            match item {
                Value::String(name) => sorts.push(Sort::by(name)),
                Value::Object(members) => {
                    for (name, value) in members {
                        sorts.push(Sort::read_one(name, value)?);
                    }
                }
                other => return Err(Failure::argument(format!("malformed sort format, got {other}"))),
            }
        }
        Ok(sorts)
    }

    /// Reads `field:desc,other`.
    pub(super) fn read_parameter(text: &str) -> Result<Vec<Self>> {
        text.split(',')
            .map(|part| match part.rsplit_once(':') {
                Some((name, order)) => Sort::by(name).ordered(order),
                None => Ok(Sort::by(part)),
            })
            .collect()
    }

    fn by(name: &str) -> Self {
        let by = match name {
            "_score" => By::Score,
            "_doc" | "_shard_doc" => By::Sequence,
            field => By::Field(field.to_owned()),
        };
        Sort { descending: by == By::Score, by, missing: Missing::Last, greatest: None, unmapped: None }
    }

    /// The tie-breaker that every order has in the end.
    fn tie() -> Self {
        Sort::by("_doc")
    }

    fn ordered(mut self, order: &str) -> Result<Self> {
        self.descending = match order.to_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            other => {
                return Err(Failure::argument(format!(
                    "No enum constant org.elasticsearch.search.sort.SortOrder.{}",
                    other.to_uppercase()
                )));
            }
        };
        Ok(self)
    }

    fn read_one(name: &str, value: &Value) -> Result<Self> {
        let mut sort = Sort::by(name);
        if let Some(order) = value.as_str() {
            return sort.ordered(order);
        }
        let mut options = Options::new(format!("sort by {name}"), value)?;
        if let Some(order) = options.text("order")? {
            sort = sort.ordered(order)?;
        }
        sort.missing = match options.take("missing") {
            None => Missing::Last,
            Some(value) if value == "_last" => Missing::Last,
            Some(value) if value == "_first" => Missing::First,
            Some(value) => Missing::Value(value.clone()),
        };
        sort.greatest = match options.text("mode")? {
            None => None,
            Some("min") => Some(false),
            Some("max") => Some(true),
            Some(other) => return Err(Failure::unsupported(format!("the sort mode [{other}]"))),
        };
        if let Some(kind) = options.text("unmapped_type")? {
            sort.unmapped = Some(
                Kind::parse(kind).ok_or_else(|| Failure::unsupported(format!("unmapped_type [{kind}]")))?,
            );
        }
        options.finish()?;
        Ok(sort)
    }

    pub(super) fn descending(&self) -> bool {
        self.descending
    }

    pub(super) fn is_score(&self) -> bool {
        self.by == By::Score
    }
}

/// A criterion against the mapping of one index.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    sort: Sort,
    field: Option<(String, Field)>,
}

/// Finds the fields of the criteria and adds the tie-breaker.
pub(super) fn resolve(sorts: &[Sort], view: &View, in_pit: bool) -> Result<Vec<Resolved>> {
    let mut resolved = Vec::new();
    for sort in sorts {
        let field = match &sort.by {
            By::Field(name) => Some(field(name, sort, view)?),
            _ => None,
        };
        resolved.push(Resolved { sort: sort.clone(), field });
    }
    if sorts.is_empty() {
        resolved.push(Resolved { sort: Sort::by("_score"), field: None });
    }
    if !(in_pit && sorts.iter().any(|sort| sort.by == By::Sequence)) {
        resolved.push(Resolved { sort: Sort::tie(), field: None });
    }
    if resolved.len() > MAX_KEYS {
        return Err(Failure::unsupported(format!("more than {} sort criteria", MAX_KEYS - 1)));
    }
    Ok(resolved)
}

fn field(name: &str, sort: &Sort, view: &View) -> Result<(String, Field)> {
    match (view.meta.mapping.field(name), sort.unmapped) {
        (Some(found), _) if found.field.kind == Kind::Text => Err(no_field_data(name, &view.meta.name)),
        (Some(found), _) if found.field.kind == Kind::GeoPoint => Err(Failure::argument(
            "can't sort on geo_point or point field without using specific sorting feature, like geo_distance",
        )),
        (Some(found), _) if !found.field.doc_values => Err(no_doc_values(name)),
        (Some(found), _) => Ok((found.path, found.field.clone())),
        (None, _) if name == "_id" => Err(Failure::argument(
            "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled",
        )),
        (None, Some(Kind::Text)) => Err(no_field_data(name, &view.meta.name)),
        (None, Some(kind)) => Ok((name.to_owned(), Field::new(kind))),
        (None, None) => Err(Failure::new(
            400,
            "query_shard_exception",
            format!("No mapping found for [{name}] in order to sort on"),
        )
        .with("index_uuid", view.meta.uuid.clone())
        .with("index", view.meta.name.clone())),
    }
}
