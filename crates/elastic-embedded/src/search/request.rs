//! The body of a search, and the parameters that stand for parts of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::aggregation::{self, Aggregation};
use super::doc_values::DocValue;
use super::highlight::Highlight;
use super::sort::Sort;
use super::source_filter::SourceFilter;
use crate::failure::{Failure, Result};
use crate::options::Options;

const DEFAULT_TRACKED: usize = 10_000;

/// A search, as it was asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) query: Value,
    /// The query of `q=`, and whether its words are joined by AND.
    pub(crate) text: Option<(String, bool)>,
    pub(crate) from: usize,
    pub(crate) size: usize,
    pub(crate) sort: Vec<Sort>,
    pub(crate) after: Option<Vec<Value>>,
    pub(crate) pit: Option<String>,
    pub(crate) keep_alive: Option<Duration>,
    /// This slice of so many.
    pub(crate) slice: Option<(u64, u64)>,
    pub(crate) source: SourceFilter,
    pub(crate) doc_values: Vec<DocValue>,
    /// False for `stored_fields: _none_`: hits then have no id and no source.
    pub(crate) stored: bool,
    pub(crate) highlight: Option<Highlight>,
    pub(crate) aggregations: Vec<Aggregation>,
    /// Up to which number hits are counted exactly; `None` if no total is wanted.
    pub(crate) track_total: Option<usize>,
    pub(crate) version: bool,
    pub(crate) seq_no: bool,
}

impl Request {
    /// Reads a body. `parameters` are those of the URL, which win over the body.
    ///
    /// # Errors
    /// 501 for what this server does not know, 400 for what makes no sense.
    pub(crate) fn read(body: &Value, mut parameter: impl FnMut(&str) -> Option<String>) -> Result<Self> {
        let mut options = Options::new("search", body)?;
        let pit = options.take("pit").map(pit).transpose()?;
        let stored = stored_fields(options.take("stored_fields"))?;
        let source = SourceFilter::read(options.take("_source"))?;
        let source = source_parameters(&mut parameter).unwrap_or(source);
        let mut request = Request {
            query: options.take("query").cloned().unwrap_or_else(|| json!({"match_all": {}})),
            text: parameter("q").map(|text| {
                (text, parameter("default_operator").is_some_and(|word| word.eq_ignore_ascii_case("and")))
            }),
            from: number(parameter("from"))?.or(options.count("from")?).unwrap_or(0),
            size: number(parameter("size"))?.or(options.count("size")?).unwrap_or(10),
            sort: Sort::read(options.list("sort"))?,
            after: options.take("search_after").map(values).transpose()?,
            keep_alive: pit.as_ref().and_then(|pit| pit.1),
            pit: pit.map(|pit| pit.0),
            slice: options.take("slice").map(slice).transpose()?,
            source,
            doc_values: DocValue::read(options.list("docvalue_fields"))?,
            stored,
            highlight: options.take("highlight").map(Highlight::read).transpose()?,
            aggregations: aggregations(&mut options)?,
            track_total: track_total(options.take("track_total_hits"))?,
            version: options.flag("version")?.unwrap_or(false),
            seq_no: options.flag("seq_no_primary_term")?.unwrap_or(false),
        };
        options.finish()?;
        request.read_parameters(parameter)?;
        // The order without a sort; over a point in time hits show where they stand in it.
        if let [only] = request.sort.as_slice()
            && only.is_score()
            && only.descending()
            && request.pit.is_none()
        {
            request.sort.clear();
        }
        request.check()?;
        Ok(request)
    }

    fn read_parameters(&mut self, mut parameter: impl FnMut(&str) -> Option<String>) -> Result<()> {
        if let Some(sort) = parameter("sort") {
            self.sort = Sort::read_parameter(&sort)?;
        }
        if let Some(track) = parameter("track_total_hits") {
            let value = track.parse::<i64>().map_or_else(|_| Value::from(track == "true"), Value::from);
            self.track_total = track_total(Some(&value))?;
        }
        if let Some(fields) = parameter("docvalue_fields") {
            let fields: Vec<Value> = fields.split(',').map(Value::from).collect();
            self.doc_values.extend(DocValue::read(fields.iter().collect())?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.slice.is_some() && self.pit.is_none() {
            return Err(Failure::argument(
                "[slice] can only be used with [scroll] or [point-in-time] requests",
            ));
        }
        if let Some(after) = &self.after {
            if self.from > 0 {
                return Err(Failure::new(
                    400,
                    "action_request_validation_exception",
                    "Validation Failed: 1: [from] parameter must be set to 0 when [search_after] is used;",
                ));
            }
            if self.sort.is_empty() {
                return Err(Failure::argument("Sort must contain at least one field."));
            }
            let (sorts, values) = (self.sort.len(), after.len());
            if values != sorts && !(self.pit.is_some() && values == sorts + 1) {
                return Err(Failure::argument(format!(
                    "search_after has {values} value(s) but sort has {sorts}."
                )));
            }
        }
        Ok(())
    }

    /// How many of the best hits are kept.
    pub(crate) fn window(&self) -> usize {
        self.from + self.size
    }

    pub(crate) fn sorted_by_score(&self) -> bool {
        self.sort.is_empty() || self.sort.iter().any(Sort::is_score)
    }

    /// True if the score of every document must be computed.
    pub(crate) fn scores(&self) -> bool {
        self.sorted_by_score() && self.size > 0
    }
}

fn aggregations(options: &mut Options<'_>) -> Result<Vec<Aggregation>> {
    let asked = [options.take("aggs"), options.take("aggregations")].into_iter().flatten().next();
    asked.map(aggregation::read).transpose().map(Option::unwrap_or_default)
}

fn pit(value: &Value) -> Result<(String, Option<Duration>)> {
    let mut options = Options::new("pit", value)?;
    let id = options
        .text("id")?
        .ok_or_else(|| Failure::argument("[id] of the point in time is missing"))?
        .to_owned();
    let keep_alive = options.text("keep_alive")?.map(super::pit::keep_alive).transpose()?;
    options.finish()?;
    Ok((id, keep_alive))
}

fn slice(value: &Value) -> Result<(u64, u64)> {
    let mut options = Options::new("slice", value)?;
    let (id, max) = (options.count("id")?.unwrap_or(0) as u64, options.count("max")?.unwrap_or(0) as u64);
    options.finish()?;
    if max < 2 {
        return Err(Failure::argument("max must be greater than 1"));
    }
    if id >= max {
        return Err(Failure::argument("max must be greater than id"));
    }
    Ok((id, max))
}

fn stored_fields(value: Option<&Value>) -> Result<bool> {
    match value {
        None => Ok(true),
        Some(Value::String(text)) if text == "_none_" => Ok(false),
        Some(Value::Array(items)) if items.len() == 1 && items[0] == "_none_" => Ok(false),
        Some(other) => Err(Failure::unsupported(format!("stored_fields: {other}"))),
    }
}

fn source_parameters(parameter: &mut impl FnMut(&str) -> Option<String>) -> Option<SourceFilter> {
    SourceFilter::from_parameters(
        parameter("_source"),
        parameter("_source_includes"),
        parameter("_source_excludes"),
    )
}

fn values(value: &Value) -> Result<Vec<Value>> {
    let is_plain = |items: &&Vec<Value>| !items.iter().any(|item| item.is_object() || item.is_array());
    value.as_array().filter(is_plain).cloned().ok_or_else(|| {
        Failure::parsing(format!("[search_after] must be an array of plain values but is {value}"))
    })
}

fn track_total(value: Option<&Value>) -> Result<Option<usize>> {
    match value {
        None => Ok(Some(DEFAULT_TRACKED)),
        Some(Value::Bool(true)) => Ok(Some(usize::MAX)),
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text == "true" => Ok(Some(usize::MAX)),
        Some(Value::String(text)) if text == "false" => Ok(None),
        Some(value) => match value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
            Some(-1) => Ok(None),
            Some(limit) if limit >= 0 => Ok(Some(limit as usize)),
            _ => Err(Failure::argument("[track_total_hits] parameter must be positive or equals to -1")),
        },
    }
}

fn number(text: Option<String>) -> Result<Option<usize>> {
    text.map(|text| {
        text.parse()
            .map_err(|_| Failure::argument(format!("Failed to parse int parameter with value [{text}]")))
    })
    .transpose()
}
