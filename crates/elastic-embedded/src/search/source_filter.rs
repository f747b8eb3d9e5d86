//! `_source`: which part of a document the answer shows.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::failure::{Failure, Result};
use crate::filter_path::wildcard;
use crate::options::Options;
use crate::tree::Tree;

/// Which members of a source are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceFilter {
    hidden: bool,
    includes: Vec<String>,
    excludes: Vec<String>,
}

impl SourceFilter {
    pub(crate) fn read(value: Option<&Value>) -> Result<Self> {
        match value {
            None | Some(Value::Bool(true)) => Ok(SourceFilter::default()),
            Some(Value::Bool(false)) => Ok(SourceFilter { hidden: true, ..SourceFilter::default() }),
            Some(Value::Object(members)) => {
                let mut options = Options::of("_source", members);
                let mut includes = names(&options.list("includes"))?;
                includes.extend(names(&options.list("include"))?);
                let mut excludes = names(&options.list("excludes"))?;
                excludes.extend(names(&options.list("exclude"))?);
                options.finish()?;
                Ok(SourceFilter { hidden: false, includes, excludes })
            }
            Some(Value::Array(items)) => {
                let includes = names(&items.iter().collect::<Vec<_>>())?;
                Ok(SourceFilter { includes, ..SourceFilter::default() })
            }
            Some(one) => Ok(SourceFilter { includes: names(&[one])?, ..SourceFilter::default() }),
        }
    }

    /// Reads `_source`, `_source_includes` and `_source_excludes` of a URL; `None` if there is none of them.
    pub(crate) fn from_parameters(
        source: Option<String>,
        includes: Option<String>,
        excludes: Option<String>,
    ) -> Option<Self> {
        let list = |text: Option<String>| -> Vec<String> {
            text.iter()
                .flat_map(|text| text.split(','))
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        match (source.as_deref(), &includes, &excludes) {
            (None, None, None) => None,
            (Some("false"), ..) => Some(SourceFilter { hidden: true, ..SourceFilter::default() }),
            (Some("true") | None, ..) => {
                Some(SourceFilter { hidden: false, includes: list(includes), excludes: list(excludes) })
            }
            (Some(_), ..) => {
                Some(SourceFilter { hidden: false, includes: list(source), excludes: list(excludes) })
            }
        }
    }

    /// False if the source is not shown at all.
    pub(crate) fn wants_any(&self) -> bool {
        !self.hidden
    }

    /// The shown part of a source; the whole is handed on as it was sent.
    pub(crate) fn apply(&self, source: Box<RawValue>) -> Result<Tree> {
        if self.includes.is_empty() && self.excludes.is_empty() {
            return Ok(Tree::Raw(source));
        }
        let object: Map<String, Value> = serde_json::from_str(source.get()).map_err(Failure::internal)?;
        Ok(Value::Object(self.object("", object, self.includes.is_empty())).into())
    }

    fn object(&self, parent: &str, object: Map<String, Value>, included: bool) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in object {
            let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
            if self.excludes.iter().any(|pattern| wildcard(pattern, &path)) {
                continue;
            }
            let included = included || self.includes.iter().any(|pattern| wildcard(pattern, &path));
            if let Some(value) = self.value(&path, value, included) {
                kept.insert(name, value);
            }
        }
        kept
    }

    fn value(&self, path: &str, value: Value, included: bool) -> Option<Value> {
        match value {
            Value::Object(object) => {
                let was_empty = object.is_empty();
                let kept = self.object(path, object, included);
                (!kept.is_empty() || (included && was_empty)).then_some(Value::Object(kept))
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                let kept: Vec<_> =
                    items.into_iter().filter_map(|item| self.value(path, item, included)).collect();
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            leaf => included.then_some(leaf),
        }
    }
}

fn names(items: &[&Value]) -> Result<Vec<String>> {
    let read = |item: &&Value| {
        item.as_str()
            .map(str::to_owned)
            .ok_or_else(|| Failure::parsing(format!("[_source] names no field: {item}")))
    };
    items.iter().map(read).collect()
}
