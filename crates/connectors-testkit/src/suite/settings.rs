//! Ping, and settings that are right or wrong.

use connectors_core::{Error, ErrorKind};
use serde_json::{Map, Value, json};

use super::{Broken, Outcome, Promise, always, broken, ensure, promises, stage::Stage};
use crate::{Fixture, WrongSettings};

/// A name that no connector has a setting of.
const UNKNOWN: &str = "no_such_setting";

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![
        always,
        ping_reaches_the_backend,
        wrong_settings_are_explained,
        unknown_settings_are_refused,
        missing_settings_are_named,
    ]
}

async fn ping_reaches_the_backend<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.connect()?;
    for _ in 0..2 {
        connection.source().ping().await.map_err(|error| Broken::Source { doing: "pinging", error })?;
    }
    connection.source().close().await.map_err(|error| Broken::Source { doing: "closing", error })
}

async fn wrong_settings_are_explained<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let all = stage.fixture.wrong_settings();
    if all.is_empty() && !stage.source.fields().is_empty() {
        return Err(Broken::Fixture("wrong_settings() is empty, though the connector has settings".into()));
    }
    let mut unexplained = Vec::new();
    for wrong in &all {
        let error = refusal(stage, &wrong.settings).await;
        unexplained.extend(lack(wrong, error.as_ref()));
    }
    ensure(unexplained.is_empty(), || unexplained.join("\n"))
}

/// The error of a connection or ping with these settings.
pub(super) async fn refusal<F: Fixture>(stage: &Stage<F>, settings: &Map<String, Value>) -> Option<Error> {
    match stage.source.connect(settings, &stage.context) {
        Ok(connection) => connection.source().ping().await.err(),
        Err(error) => Some(error),
    }
}

/// What an error does not tell of the wrong settings that it is about.
fn lack(wrong: &WrongSettings, error: Option<&Error>) -> Option<String> {
    let name = wrong.name;
    let Some(error) = error else { return Some(format!("{name}: ping finds nothing wrong")) };
    let text = error.to_string().to_lowercase();
    let lacking = [("cause", &wrong.cause), ("fix", &wrong.fix)];
    let lacking = lacking.iter().find(|(_, part)| !text.contains(&part.to_lowercase()));
    if let Some((what, part)) = lacking {
        return Some(format!("{name}: the error does not name the {what} ({part:?}): {error}"));
    }
    (error.kind() == ErrorKind::Unexpected)
        .then(|| format!("{name}: foreseen, so its kind must tell what to do, not be Unexpected: {error}"))
}

async fn unknown_settings_are_refused<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let mut settings = stage.fixture.settings();
    settings.insert(UNKNOWN.into(), json!(1));
    refused_by_name(stage, &settings, UNKNOWN)
}

async fn missing_settings_are_named<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let given = stage.fixture.settings();
    let required = stage.source.fields().into_iter().filter(|field| field.required);
    for field in required.filter(|field| given.contains_key(&field.name)) {
        let mut settings = given.clone();
        settings.remove(&field.name);
        refused_by_name(stage, &settings, &field.name)?;
    }
    Ok(())
}

fn refused_by_name<F: Fixture>(stage: &Stage<F>, settings: &Map<String, Value>, name: &str) -> Outcome {
    match stage.source.connect(settings, &stage.context) {
        Ok(_) => broken(format!("connects in spite of `{name}`")),
        Err(error) => ensure(error.kind() == ErrorKind::Config && error.to_string().contains(name), || {
            format!("the error about `{name}` must be of kind Config and name it: {error:?}")
        }),
    }
}
