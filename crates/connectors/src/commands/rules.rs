//! The rules of a sync: the source's own filter, from a file, checked by the source.

use std::path::Path;

use connectors_core::{Connection, Error, Result, Rules};

use crate::settings;

/// Reads and checks the file, if there is one.
pub(super) async fn read(file: Option<&Path>, connection: &dyn Connection) -> Result<Rules> {
    let Some(file) = file else { return Ok(Rules::default()) };
    let shown = file.display().to_string();
    let rules = Rules::advanced(settings::file(file)?);
    let source = connection.advanced_rules().ok_or_else(|| {
        Error::config("this source has no rules of its own; leave `--rules` out").with("file", &shown)
    })?;
    let problems = source.validate(&rules).await?;
    if problems.is_empty() {
        return Ok(rules);
    }
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("  {}: {}", problem.place, problem.message)).collect();
    Err(Error::config(format!("the rules in {shown} can't be used:\n{}", lines.join("\n"))))
}
