//! What is measured: a table.

use crate::error::{Error, Result};

/// One workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Its name on the command line, perhaps with a letter for one of several parts.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The source, by the end of its crate's name.
    pub source: &'static str,
    /// The shape of documents, where the source's performance program knows several.
    pub shape: Option<&'static str>,
    /// How many documents.
    pub documents: u64,
    /// What is done with them.
    pub kind: Kind,
}

/// What is done with the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Into an empty index.
    Load,
    /// The same, and what reading, encoding and everything but the server cost by themselves.
    LoadInParts,
    /// Again, when nothing changed.
    Unchanged,
    /// Again, when a hundredth was touched.
    Touched(Touch),
    /// Into a server that keeps ids and marks only, and again when a thousandth is gone.
    Large,
    /// Into an empty index, and again.
    Twice,
    /// Into an empty index, by each preset of the mapping.
    Mappings,
    /// Into a server that answers at once: a hundredth, a tenth, all.
    Growth,
}

/// What happens to a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Other contents.
    Change,
    /// Gone.
    Remove,
    /// New.
    Add,
}

impl Touch {
    /// The driver's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Remove => "remove",
            Self::Add => "add",
        }
    }
}

const MILLION: u64 = 1_000_000;

const fn mongo(name: &'static str, title: &'static str, documents: u64, kind: Kind) -> Workload {
    Workload { name, title, source: "mongo", shape: Some("order"), documents, kind }
}

const fn shaped(workload: Workload, shape: &'static str) -> Workload {
    Workload { shape: Some(shape), ..workload }
}

const FILES: Workload =
    Workload { source: "directory", ..mongo("W9", "10k files, 1 GB", 10_000, Kind::Twice) };

/// Every workload, in the order of the tables.
pub const WORKLOADS: &[Workload] = &[
    mongo("W1", "100k documents of 570 B", 100_000, Kind::Load),
    mongo("W1m", "100k documents of 570 B, by mapping", 100_000, Kind::Mappings),
    mongo("W2", "1M documents of 570 B", MILLION, Kind::LoadInParts),
    shaped(mongo("W3a", "1M documents of 120 B", MILLION, Kind::Load), "small"),
    shaped(mongo("W3b", "200k documents of 5 KB", 200_000, Kind::Load), "page"),
    shaped(mongo("W3c", "2k documents of 1 MB", 2_000, Kind::Load), "blob"),
    mongo("W4", "1M documents, nothing changed", MILLION, Kind::Unchanged),
    mongo("W5", "1M documents, 1 % changed", MILLION, Kind::Touched(Touch::Change)),
    mongo("W6", "1M documents, 1 % deleted", MILLION, Kind::Touched(Touch::Remove)),
    mongo("W7", "1M documents, 1 % new", MILLION, Kind::Touched(Touch::Add)),
    shaped(mongo("W8", "10M documents of 40 B, 0.1 % deleted", 10 * MILLION, Kind::Large), "tiny"),
    shaped(FILES, "large"),
    mongo("growth", "100k, 1M, 10M documents of 570 B", 10 * MILLION, Kind::Growth),
];

/// What a contributor's source is held to: 10,000 documents of its fixture, twice.
#[must_use]
pub fn of_source(source: &'static str) -> Workload {
    Workload {
        source,
        shape: None,
        ..mongo("source", "10k documents of the fixture, twice", 10_000, Kind::Twice)
    }
}

/// The workloads of these names; all of them when there are none. `W3` names all its parts.
///
/// # Errors
/// Names the first name that is none, and those that are.
pub fn select(names: &[String]) -> Result<Vec<Workload>> {
    if names.is_empty() {
        return Ok(WORKLOADS.to_vec());
    }
    let mut chosen = Vec::new();
    for name in names {
        let before = chosen.len();
        chosen.extend(WORKLOADS.iter().filter(|workload| is_named(workload, name)));
        if chosen.len() == before {
            let known: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
            return Err(Error::Usage(format!("no workload `{name}`; there are {}", known.join(", "))));
        }
    }
    Ok(chosen)
}

fn is_named(workload: &Workload, name: &str) -> bool {
    workload.name == name || (name == "W3" && workload.name.starts_with("W3"))
}
