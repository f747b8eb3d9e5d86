//! The rows by which a source is declared, each in its place among those that are there.

use std::fs;
use std::path::Path;

use super::package;
use crate::error::{Error, Result};

const CONFIG: &str = "config.yml";
const WORKSPACE: &str = "Cargo.toml";
const PROGRAM: &str = "crates/connectors/Cargo.toml";

/// The three files, each with the source in it.
pub(super) fn declared(root: &Path, name: &str) -> Result<[(&'static str, String); 3]> {
    let read =
        |path: &str| fs::read_to_string(root.join(path)).map_err(Error::file("read", &root.join(path)));
    let package = package(name);
    let with = |path: &'static str, edited: Option<String>| {
        let text = edited.ok_or_else(|| Error::Format {
            what: path.into(),
            cause: "no row of another source was found to put the new one beside".into(),
        });
        Ok((path, text?))
    };
    let (config, workspace, program) = (read(CONFIG)?, read(WORKSPACE)?, read(PROGRAM)?);
    if let Some(row) = config.lines().find(|line| line.starts_with(&format!("  {name}: "))) {
        let row = row.trim();
        return Err(Error::Usage(format!("the service type `{name}` is taken: {CONFIG} says `{row}`")));
    }
    Ok([
        with(CONFIG, in_table(&config, ": source-", &format!("  {name}: {package}")))?,
        with(
            WORKSPACE,
            in_table(&workspace, "{ path = ", &format!("{package} = {{ path = \"crates/{package}\" }}")),
        )?,
        with(PROGRAM, in_program(&program, &package))?,
    ])
}

fn in_program(text: &str, package: &str) -> Option<String> {
    let text = in_default(text, package)?;
    let text = in_table(&text, "[\"dep:source-", &format!("{package} = [\"dep:{package}\"]"))?;
    in_table(&text, "optional = true", &format!("{package} = {{ workspace = true, optional = true }}"))
}

/// Puts a row among the rows of sources that hold `mark`, in the order of the alphabet.
fn in_table(text: &str, mark: &str, row: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let is_row = |line: &&str| line.contains(mark) && line.contains("source-");
    let last = lines.iter().rposition(&is_row)?;
    let before = lines.iter().position(|line| is_row(line) && *line > row);
    lines.insert(before.unwrap_or(last + 1), row);
    Some(lines.join("\n") + "\n")
}

/// Adds a feature to the list of those that are on by default.
fn in_default(text: &str, package: &str) -> Option<String> {
    let (head, rest) = text.split_once("default = [")?;
    let (list, tail) = rest.split_once(']')?;
    let mut names: Vec<&str> =
        list.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty()).collect();
    names.push(package);
    names.sort_unstable();
    let list: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    Some(format!("{head}default = [{}]{tail}", list.join(", ")))
}
