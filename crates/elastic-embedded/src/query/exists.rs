//! The query for documents that have a value in a field.

use tantivy::Term;
use tantivy::query::{BooleanQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::scan::{self, Test};
use super::{BoxQuery, Context, constant, none};
use crate::failure::{Failure, Result};
use crate::mapping::{Kind, Resolved};
use crate::options::Options;

pub(super) fn exists(context: Context<'_>, options: &mut Options<'_>) -> Result<BoxQuery> {
    let name =
        options.text("field")?.ok_or_else(|| Failure::parsing("[exists] must be provided with a [field]"))?;
    Ok(constant(having(context, name), 1.0))
}

/// Documents with a value in the field, or in any field below the object of that name.
pub(super) fn having(context: Context<'_>, name: &str) -> BoxQuery {
    if name == "_id" {
        return super::all();
    }
    let below = format!("{name}.*");
    let fields: Vec<_> = match context.mapping.matching(name) {
        found if found.is_empty() => context.mapping.matching(&below),
        found => found,
    };
    let queries: Vec<BoxQuery> = fields.iter().map(|resolved| present(context, resolved)).collect();
    match queries.len() {
        0 => none(),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn present(context: Context<'_>, resolved: &Resolved<'_>) -> BoxQuery {
    let Resolved { path, field } = resolved;
    if field.kind == Kind::Text {
        let term = Term::from_field_text(context.fields.present, path);
        return Box::new(TermQuery::new(term, IndexRecordOption::Basic));
    }
    scan::values(path, field, Test::Present)
}
