//! The files that hold settings, of the program and of a source.

use std::path::Path;
use std::{env, fs};

use connectors_core::{Error, Result};
use connectors_service::secrets;
use serde_json::{Map, Value};

use super::environment;
use crate::cli::SourceArgs;

pub(super) fn parse(text: &str, shown: &str) -> Result<Value> {
    // Only a mapping of its own type refuses a key that stands twice.
    let twice = serde_yaml::from_str::<serde_yaml::Value>(text).err();
    if let Some(error) = twice.filter(|error| error.to_string().contains("duplicate entry")) {
        let what = "a key stands twice in the file, and only one of its values would count; leave one";
        return Err(Error::config(what).with("file", shown).caused_by(error));
    }
    serde_yaml::from_str(text)
        .map_err(|error| Error::config("the file is not YAML").with("file", shown).caused_by(error))
}

/// The settings of a source: its file, then `CONNECTORS_TYPE_KEY` of the environment, then `--set`.
pub(crate) fn of_source(arguments: &SourceArgs, fields: &[String]) -> Result<Map<String, Value>> {
    let mut values = match &arguments.values.settings {
        None => Map::new(),
        Some(path) => source_file(path)?,
    };
    for field in fields {
        let name = format!("CONNECTORS_{}_{field}", arguments.name).to_uppercase();
        if let Ok(value) = env::var(name) {
            values.insert(field.clone(), value.into());
        }
    }
    set_once(&arguments.values.set)?;
    values.extend(arguments.values.set.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
    secrets::mask_logins(values.values());
    Ok(values)
}

/// Refuses a setting that `--set` gives twice.
pub(super) fn set_once(given: &[(String, String)]) -> Result<()> {
    let is_repeated = |(place, (key, _)): &(usize, &(String, String))| {
        given[..*place].iter().any(|(other, _)| other == key)
    };
    let Some((_, (key, _))) = given.iter().enumerate().find(is_repeated) else { return Ok(()) };
    Err(Error::config("`--set` gives a setting twice, and only one of its values would count; leave one")
        .with("setting", key))
}

fn source_file(path: &Path) -> Result<Map<String, Value>> {
    // References to secrets stay: they are resolved, and masked, where the source is made.
    let variable = |name: &str| {
        if secrets::is_reference(name) { Some(format!("${{{name}}}")) } else { env::var(name).ok() }
    };
    match filled(path, &variable)? {
        Value::Object(values) => Ok(values),
        _ => Err(Error::config("the source's settings are not a table of keys and values")
            .with("file", path.display())),
    }
}

/// A YAML or JSON file with its variables filled in.
pub(crate) fn file(path: &Path) -> Result<Value> {
    filled(path, &|name| env::var(name).ok())
}

fn filled(path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Value> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| Error::config("the file can't be read").with("file", &shown).caused_by(error))?;
    environment::fill(parse(&text, &shown)?, variable, &shown)
}
