//! `_source`: which part of a document the answer shows.

mod patterns;

use serde_json::Value;
use serde_json::value::RawValue;

use self::patterns::Patterns;
use crate::failure::{Failure, Result};
use crate::filter_path::FilterPath;
use crate::options::Options;
use crate::tree::Tree;

/// Which members of a source are shown.
#[derive(Debug, Clone, Default)]
pub(crate) enum SourceFilter {
    #[default]
    All,
    Hidden,
    /// Each `*` stands for one name.
    Paths(FilterPath),
    /// Each `*` stands for any characters, dots too: as soon as one is left out.
    Patterns(Patterns),
}

impl SourceFilter {
    fn new(includes: Vec<String>, excludes: Vec<String>) -> Self {
        if includes.is_empty() && excludes.is_empty() {
            SourceFilter::All
        } else if excludes.iter().any(|pattern| pattern.contains('*')) {
            SourceFilter::Patterns(Patterns { includes, excludes })
        } else {
            SourceFilter::Paths(FilterPath::of_document(&includes, &excludes))
        }
    }

    pub(crate) fn read(value: Option<&Value>) -> Result<Self> {
        match value {
            None | Some(Value::Bool(true)) => Ok(SourceFilter::default()),
            Some(Value::Bool(false)) => Ok(SourceFilter::Hidden),
            Some(Value::Object(members)) => {
                let mut options = Options::of("_source", members);
                let mut includes = names(&options.list("includes"))?;
                includes.extend(names(&options.list("include"))?);
                let mut excludes = names(&options.list("excludes"))?;
                excludes.extend(names(&options.list("exclude"))?);
                options.finish()?;
                Ok(SourceFilter::new(includes, excludes))
            }
            Some(Value::Array(items)) => {
                let includes = names(&items.iter().collect::<Vec<_>>())?;
                Ok(SourceFilter::new(includes, Vec::new()))
            }
            Some(one) => Ok(SourceFilter::new(names(&[one])?, Vec::new())),
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
            (Some("false"), ..) => Some(SourceFilter::Hidden),
            (Some("true") | None, ..) => Some(SourceFilter::new(list(includes), list(excludes))),
            (Some(_), ..) => Some(SourceFilter::new(list(source), list(excludes))),
        }
    }

    /// False if the source is not shown at all.
    pub(crate) fn wants_any(&self) -> bool {
        !matches!(self, SourceFilter::Hidden)
    }

    /// The shown part of a source; the whole is handed on as it was sent.
    pub(crate) fn apply(&self, source: Box<RawValue>) -> Result<Tree> {
        match self {
            SourceFilter::All | SourceFilter::Hidden => Ok(Tree::Raw(source)),
            SourceFilter::Paths(filter) => Ok(filter.apply(Tree::Raw(source))),
            SourceFilter::Patterns(patterns) => {
                let object = serde_json::from_str(source.get()).map_err(Failure::internal)?;
                Ok(Value::Object(patterns.apply(object)).into())
            }
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
