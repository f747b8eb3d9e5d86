//! The words after `cargo xtask perf`.

use std::path::PathBuf;

use super::workloads::{self, Workload};
use crate::cli::{no_more_switches, take_value};
use crate::error::{Error, Result};

/// What is measured, and where the figures go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    /// The workloads.
    pub(super) workloads: Vec<Workload>,
    /// How often each.
    pub(super) rounds: usize,
    /// True where `--docs` makes the workloads smaller than what the requirements speak of.
    pub(super) scaled: bool,
    /// MiB of a bulk and bulks in flight of the minimal loader; tried out when none is given.
    pub(super) pace: Option<(u64, u64)>,
    /// Files for programs, for documents, for eyes.
    pub(super) json: Option<PathBuf>,
    pub(super) markdown: Option<PathBuf>,
    pub(super) svg: Option<PathBuf>,
    /// A folder with programs, in place of a build.
    pub(super) built: Option<PathBuf>,
}

impl Options {
    /// Reads the words, given the sources that there are.
    ///
    /// # Errors
    /// Names the word that makes no sense, and those that do.
    pub(super) fn of(words: &[String], known: &[String]) -> Result<Self> {
        let mut words = words.to_vec();
        let mut names = Vec::new();
        while let Some(value) = take_value(&mut words, "--workload")? {
            names.extend(value.split(',').map(str::to_owned));
        }
        let mut path = |name: &str| take_value(&mut words, name).map(|value| value.map(PathBuf::from));
        let (json, markdown, svg, built) =
            (path("--json")?, path("--markdown")?, path("--svg")?, path("--built")?);
        let rounds = number(&mut words, "--rounds")?.unwrap_or(5).max(1);
        let documents = number(&mut words, "--docs")?;
        let pace = take_value(&mut words, "--pace")?.map(|text| pace(&text)).transpose()?;
        no_more_switches(&words)?;
        let mut workloads = chosen(&words, &names, known)?;
        workloads
            .iter_mut()
            .for_each(|workload| workload.documents = documents.unwrap_or(workload.documents));
        let rounds = usize::try_from(rounds).unwrap_or(usize::MAX);
        Ok(Self { workloads, rounds, scaled: documents.is_some(), pace, json, markdown, svg, built })
    }
}

/// By a source's name what it is held to; by names of workloads those; without either all.
fn chosen(words: &[String], names: &[String], known: &[String]) -> Result<Vec<Workload>> {
    let Some(source) = words.first() else { return workloads::select(names) };
    if words.len() > 1 || !known.contains(source) {
        let wrong = words.iter().find(|word| !known.contains(word)).unwrap_or(&words[words.len() - 1]);
        return Err(Error::Usage(format!("no source `{wrong}` to measure; there are {}", known.join(", "))));
    }
    if names.is_empty() {
        // The command runs once: the name lives as long as the table's do.
        return Ok(vec![workloads::of_source(source.clone().leak())]);
    }
    let of_source = workloads::select(names)?.into_iter().filter(|workload| workload.source == source);
    Ok(of_source.collect())
}

fn number(words: &mut Vec<String>, name: &str) -> Result<Option<u64>> {
    let Some(text) = take_value(words, name)? else { return Ok(None) };
    let number = text.parse::<u64>().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| Error::Usage(format!("{name} takes a number above 0, not `{text}`")))
}

fn pace(text: &str) -> Result<(u64, u64)> {
    let parts =
        text.split_once('x').and_then(|(size, window)| Some((size.parse().ok()?, window.parse().ok()?)));
    parts.ok_or_else(|| {
        Error::Usage(format!("--pace takes MiB and bulks in flight such as 5x2, not `{text}`"))
    })
}
