//! The ingest pipelines that documents go through on the server: which are in force, and what they do.

use super::fingerprint::hash_numbers;
use crate::elastic::index::Facts;
use crate::elastic::pipeline::{Definition, definition};
use crate::sync::job::{DEFAULT_PIPELINE, Flags, Job, Pipeline};
use crate::{Error, Result};

/// The pipelines that documents of a sync go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActivePipelines {
    /// The one that bulks name, in place of the index's default.
    pub(crate) asked: Option<String>,
    pub(crate) flags: Flags,
    /// Changes with what they and their flags do; never 0.
    pub(crate) fingerprint: u64,
    /// Their names.
    pub(crate) names: Vec<String>,
}

/// Finds out which are in force: the one that is asked for, else the index's default, and behind it the index's final
/// one.
///
/// # Errors
/// `Config`, naming a pipeline that the server lacks.
pub(crate) async fn active_pipelines(job: &Job<'_>, facts: &Facts) -> Result<Option<ActivePipelines>> {
    let asked = asked(job).await?;
    let name = asked.as_ref().map(|(pipeline, fingerprint)| (pipeline.name.clone(), Some(*fingerprint)));
    let first = name.or_else(|| facts.default_pipeline.clone().map(|name| (name, None)));
    let last = facts.final_pipeline.clone().map(|name| (name, None));
    let (mut fingerprint, mut names) = (0, Vec::new());
    for (name, known) in first.into_iter().chain(last) {
        let of_it = match known {
            Some(known) => known,
            None => {
                fingerprint_of(job, &name, "make it, or take it out of the settings of the index").await?
            }
        };
        fingerprint = hash_numbers(&[fingerprint, crate::document::hash(name.as_bytes()), of_it]);
        names.push(name);
    }
    if names.is_empty() {
        return Ok(None);
    }
    let flags = asked.as_ref().map(|(pipeline, _)| pipeline.flags).unwrap_or_default();
    let fingerprint = hash_numbers(&[fingerprint, flags_fingerprint(flags)]).max(1);
    Ok(Some(ActivePipelines {
        asked: asked.map(|(pipeline, _)| pipeline.name.clone()),
        flags,
        fingerprint,
        names,
    }))
}

/// The pipeline that is asked for, where the server has it.
async fn asked<'a>(job: &Job<'a>) -> Result<Option<(&'a Pipeline, u64)>> {
    let Some(pipeline) = job.pipeline.filter(|pipeline| !matches!(&*pipeline.name, "" | "_none")) else {
        return Ok(None);
    };
    if pipeline.name != DEFAULT_PIPELINE {
        let fingerprint = fingerprint_of(job, &pipeline.name, "make it, or name another one").await?;
        return Ok(Some((pipeline, fingerprint)));
    }
    match definition(job.client, DEFAULT_PIPELINE).await? {
        Definition::Fingerprint(fingerprint) => Ok(Some((pipeline, fingerprint))),
        Definition::Missing => {
            tracing::info!(
                index = job.index,
                "this server has no pipeline `{DEFAULT_PIPELINE}`; documents go through none"
            );
            Ok(None)
        }
    }
}

/// Differs for flags that differ.
fn flags_fingerprint(flags: Flags) -> u64 {
    let names = flags.names();
    names.fold(0, |fingerprint, name| hash_numbers(&[fingerprint, crate::document::hash(name.as_bytes())]))
}

async fn fingerprint_of(job: &Job<'_>, name: &str, fix: &str) -> Result<u64> {
    match definition(job.client, name).await? {
        Definition::Fingerprint(fingerprint) => Ok(fingerprint),
        Definition::Missing => {
            let message = format!("the server has no ingest pipeline of this name: {fix}");
            Err(Error::config(message).with("pipeline", name).with("index", job.index))
        }
    }
}

/// Refuses to mend behind an ingest pipeline, which may change any field.
///
/// # Errors
/// `Config`, with the pipelines.
pub(crate) fn check_mend(job: &Job<'_>, pipelines: &[String]) -> Result<()> {
    if !job.options.mend || pipelines.is_empty() {
        return Ok(());
    }
    let what = "fields can't be compared behind an ingest pipeline, which may change any of them: leave `--mend` out";
    Err(Error::config(what).with("pipeline", pipelines.join(", ")).with("index", job.index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_set_are_told() {
        assert_eq!(Flags::default().names().count(), 0);
        let some = Flags { reduce_whitespace: true, ..Flags::default() };
        assert_eq!(some.names().collect::<Vec<_>>(), ["_reduce_whitespace"]);
        let other = Flags { run_ml_inference: true, ..Flags::default() };
        let fingerprints = [Flags::default(), some, other, Pipeline::new("p").flags].map(flags_fingerprint);
        let unlike = fingerprints.iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unlike.len(), fingerprints.len());
    }
}
