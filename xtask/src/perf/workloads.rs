//! What is measured: a table.

use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Workload {
    /// Its name on the command line, perhaps with a letter for one of several parts.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The source, by the end of its crate's name.
    pub(super) source: &'static str,
    /// The shape of documents, where the source's performance program knows several.
    pub(super) shape: Option<&'static str>,
    pub(super) documents: u64,
    pub(super) kind: Kind,
}

/// What is done with the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Into an empty index.
    Load,
    /// The same, and what reading, encoding and everything but the server cost by themselves.
    LoadInParts,
    /// Again, when nothing changed.
    Unchanged,
    /// Again, when a hundredth was touched, by the driver's word for it.
    Touched(&'static str),
    /// Into a server that keeps ids and marks only, and again when a thousandth is gone.
    Large,
    /// Into an empty index, and again.
    Twice,
    /// Into an empty index, by each preset of the mapping.
    Mappings,
    /// Into a server that answers at once: a hundredth, a tenth, all.
    Growth,
}

/// The driver's word for documents that are deleted.
pub(super) const REMOVE: &str = "remove";

const MILLION: u64 = 1_000_000;

const fn mongo(name: &'static str, title: &'static str, documents: u64, kind: Kind) -> Workload {
    Workload { name, title, source: "mongo", shape: Some("order"), documents, kind }
}

const fn shaped(shape: &'static str, workload: Workload) -> Workload {
    Workload { shape: Some(shape), ..workload }
}

const FILES: Workload =
    Workload { source: "directory", ..mongo("W9", "10k files, 1 GB", 10_000, Kind::Twice) };

/// Every workload, in the order of the tables.
pub(super) const WORKLOADS: &[Workload] = &[
    mongo("W1", "100k documents of 570 B", 100_000, Kind::Load),
    mongo("W1m", "100k documents of 570 B, by mapping", 100_000, Kind::Mappings),
    mongo("W2", "1M documents of 570 B", MILLION, Kind::LoadInParts),
    shaped("small", mongo("W3a", "1M documents of 120 B", MILLION, Kind::Load)),
    shaped("page", mongo("W3b", "200k documents of 5 KB", 200_000, Kind::Load)),
    shaped("blob", mongo("W3c", "2k documents of 1 MB", 2_000, Kind::Load)),
    mongo("W4", "1M documents, nothing changed", MILLION, Kind::Unchanged),
    mongo("W5", "1M documents, 1 % changed", MILLION, Kind::Touched("change")),
    mongo("W6", "1M documents, 1 % deleted", MILLION, Kind::Touched(REMOVE)),
    mongo("W7", "1M documents, 1 % new", MILLION, Kind::Touched("add")),
    shaped("tiny", mongo("W8", "10M documents of 40 B, 0.1 % deleted", 10 * MILLION, Kind::Large)),
    shaped("large", FILES),
    mongo("growth", "100k, 1M, 10M documents of 570 B", 10 * MILLION, Kind::Growth),
];

/// What a contributor's source is held to: 10,000 documents of its fixture, twice.
pub(super) fn of_source(source: &str) -> Workload {
    let fixture = mongo("source", "10k documents of the fixture, twice", 10_000, Kind::Twice);
    // The command runs once: the name lives as long as the table's do.
    Workload { source: source.to_owned().leak(), shape: None, ..fixture }
}

/// The workloads of these names; all of them when there are none. `W3` names all its parts.
pub(super) fn select(names: &[String]) -> Result<Vec<Workload>> {
    if names.is_empty() {
        return Ok(WORKLOADS.to_vec());
    }
    let mut chosen = Vec::new();
    for name in names {
        let is_named =
            |workload: &&Workload| workload.name == name || (name == "W3" && workload.name.starts_with("W3"));
        let before = chosen.len();
        chosen.extend(WORKLOADS.iter().filter(is_named));
        if chosen.len() == before {
            let known: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
            return Err(Error::Usage(format!("no workload `{name}`; there are {}", known.join(", "))));
        }
    }
    Ok(chosen)
}
