//! Where secrets must never show.

use std::error::Error as _;

use connectors_core::Error;

use super::exercise::exercise;
use super::settings::refusal;
use super::stage::Stage;
use super::{Broken, Outcome, Promise, always, broken, ensure, promises};
use crate::{Fixture, logs};

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, secrets_stay_out_of_logs, secrets_stay_out_of_errors, secrets_stay_out_of_debug]
}

async fn secrets_stay_out_of_logs<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    logs::begin(secrets(stage)?).map_err(|text| Broken::Fixture(text.into()))?;
    let errors = provoke(stage).await;
    let read = logs::end();
    errors?;
    ensure(read.leaks.is_empty(), || {
        format!("among {} log records, these show a secret:\n{}", read.records, read.leaks.join("\n"))
    })
}

async fn secrets_stay_out_of_errors<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let secrets = secrets(stage)?;
    for error in provoke(stage).await? {
        let text = text(&error);
        ensure(!secrets.iter().any(|secret| text.contains(secret)), || {
            format!("an error shows a secret: {error}")
        })?;
    }
    Ok(())
}

async fn secrets_stay_out_of_debug<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let secrets = secrets(stage)?;
    let texts = stage.debugs.texts(&stage.fixture.settings(), &stage.context);
    if texts.is_empty() {
        return Err(Broken::Untried("neither the source nor its settings have Debug".into()));
    }
    match texts.iter().find(|text| secrets.iter().any(|secret| text.contains(secret))) {
        Some(text) => broken(format!("Debug shows a secret: {text}")),
        None => Ok(()),
    }
}

/// The secrets of the fixture, of its settings and of its wrong settings.
fn secrets<F: Fixture>(stage: &Stage<F>) -> Result<Vec<String>, Broken> {
    let wrong = stage.fixture.wrong_settings().into_iter().map(|wrong| wrong.settings);
    let settings: Vec<_> = wrong.chain([stage.fixture.settings()]).collect();
    let secrets = stage.secrets(&settings);
    if !secrets.is_empty() {
        return Ok(secrets);
    }
    if stage.source.fields().iter().any(|field| field.sensitive) {
        return Err(Broken::Fixture("it gives no value for any of the sensitive settings".into()));
    }
    Err(Broken::Untried("it has no secrets".into()))
}

/// Uses all that the connector can do, well and wrongly, and gathers the errors.
async fn provoke<F: Fixture>(stage: &mut Stage<F>) -> Result<Vec<Error>, Broken> {
    let mut errors = Vec::new();
    for wrong in stage.fixture.wrong_settings() {
        errors.extend(refusal(stage, &wrong.settings).await);
        if let Ok(connection) = stage.source.connect(&wrong.settings, &stage.context) {
            errors.extend(exercise(&*connection).await);
        }
    }
    let connection = stage.loaded(F::DOCUMENTS).await?;
    errors.extend(exercise(&*connection).await);
    if stage.fixture.break_in_the_middle().await? {
        errors.extend(exercise(&*connection).await);
        stage.fixture.mend().await?;
    }
    Ok(errors)
}

/// Everything that an error can be made to say.
fn text(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}
