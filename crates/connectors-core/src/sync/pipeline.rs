//! The ingest pipelines that documents go through on the server: which are in force, and what they are told.

use crate::elastic::index::Facts;
use crate::elastic::pipeline::{Definition, definition};
use crate::{Error, Result};

use super::Job;
use super::mark::hash_of;

/// The pipeline of connectors that name none: servers that lack it are no fault of anybody's settings.
pub const DEFAULT_PIPELINE: &str = "search-default-ingestion";

/// The ingest pipeline that somebody wants documents to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// What it is to do.
    pub flags: Flags,
}

impl Pipeline {
    /// The pipeline of this name, which is to do all that it can.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let flags = Flags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: true };
        Self { name: name.into(), flags }
    }
}

/// What a pipeline is to do, told by fields of the document that it may look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Extract text (`_extract_binary_content`).
    pub extract_binary_content: bool,
    /// Make one space of several (`_reduce_whitespace`).
    pub reduce_whitespace: bool,
    /// Run models (`_run_ml_inference`).
    pub run_ml_inference: bool,
}

impl Flags {
    /// The fields that are written.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.extract_binary_content, "_extract_binary_content"),
            (self.reduce_whitespace, "_reduce_whitespace"),
            (self.run_ml_inference, "_run_ml_inference"),
        ];
        all.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name)
    }

    fn print(self) -> u64 {
        self.names().fold(0, |print, name| hash_of(&[print, crate::document::hash(name.as_bytes())]))
    }
}

/// The pipelines that documents of a sync go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InForce {
    /// The one that bulks name, in place of the index's default.
    pub(super) asked: Option<String>,
    pub(super) flags: Flags,
    /// Changes with what they do and are told; never 0.
    pub(super) print: u64,
    /// Their names.
    pub(super) names: Vec<String>,
}

/// Finds out which are in force: the one that is asked for, else the index's default, and behind it the index's final
/// one.
///
/// # Errors
/// `Config`, naming a pipeline that the server lacks.
pub(super) async fn in_force(job: &Job<'_>, facts: &Facts) -> Result<Option<InForce>> {
    let asked = asked(job).await?;
    let name = asked.as_ref().map(|(pipeline, print)| (pipeline.name.clone(), Some(*print)));
    let first = name.or_else(|| facts.default_pipeline.clone().map(|name| (name, None)));
    let last = facts.final_pipeline.clone().map(|name| (name, None));
    let (mut print, mut names) = (0, Vec::new());
    for (name, known) in first.into_iter().chain(last) {
        let of_it = match known {
            Some(known) => known,
            None => print_of(job, &name, "make it, or take it out of the settings of the index").await?,
        };
        print = hash_of(&[print, crate::document::hash(name.as_bytes()), of_it]);
        names.push(name);
    }
    if names.is_empty() {
        return Ok(None);
    }
    let flags = asked.as_ref().map(|(pipeline, _)| pipeline.flags).unwrap_or_default();
    let print = hash_of(&[print, flags.print()]).max(1);
    Ok(Some(InForce { asked: asked.map(|(pipeline, _)| pipeline.name.clone()), flags, print, names }))
}

/// The pipeline that is asked for, where the server has it.
async fn asked<'a>(job: &Job<'a>) -> Result<Option<(&'a Pipeline, u64)>> {
    let Some(pipeline) = job.pipeline.filter(|pipeline| !matches!(&*pipeline.name, "" | "_none")) else {
        return Ok(None);
    };
    if pipeline.name != DEFAULT_PIPELINE {
        let print = print_of(job, &pipeline.name, "make it, or name another one").await?;
        return Ok(Some((pipeline, print)));
    }
    match definition(job.client, DEFAULT_PIPELINE).await? {
        Definition::Print(print) => Ok(Some((pipeline, print))),
        Definition::Missing => {
            tracing::info!(
                index = job.index,
                "this server has no pipeline `{DEFAULT_PIPELINE}`; documents go through none"
            );
            Ok(None)
        }
    }
}

async fn print_of(job: &Job<'_>, name: &str, fix: &str) -> Result<u64> {
    match definition(job.client, name).await? {
        Definition::Print(print) => Ok(print),
        Definition::Missing => {
            let told = format!("the server has no ingest pipeline of this name: {fix}");
            Err(Error::config(told).with("pipeline", name).with("index", job.index))
        }
    }
}

/// Refuses to mend behind an ingest pipeline, which may change any field.
///
/// # Errors
/// `Config`, with the pipelines.
pub(super) fn check_mend(job: &Job<'_>, pipelines: &[String]) -> Result<()> {
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
        let prints = [Flags::default(), some, other, Pipeline::new("p").flags].map(Flags::print);
        let unlike = prints.iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unlike.len(), prints.len());
    }
}
