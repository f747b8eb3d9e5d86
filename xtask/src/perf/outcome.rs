//! What came out of a workload, and whether it is what must come out.

use serde::Serialize;

use super::measure::Sample;
use super::stats::{self, Line, Spread, number};
use super::workloads::{Kind, Workload};

/// The program under test.
pub(super) const US: &str = "connectors";
/// A second sync.
pub(super) const AGAIN: &str = "again";
/// A second sync by a worker that kept nothing of the first.
pub(super) const FORGETFUL: &str = "again, nothing kept";
/// A second sync in the same process, where the source knows that nothing changed.
pub(super) const CHANGED: &str = "through changed()";
/// The minimal loader.
pub(super) const C1: &str = "C1 minimal loader";
/// Raw batches of the driver.
pub(super) const C2: &str = "C2 raw drain";
/// Documents encoded and dropped.
pub(super) const C3: &str = "C3 drain and encode";
/// The program against a server that answers at once.
pub(super) const C4: &str = "C4 connectors, instant server";

/// The samples of one contestant, a round each.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) samples: Vec<Sample>,
}

/// A workload with its figures.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) workload: &'static str,
    pub(super) title: &'static str,
    pub(super) documents: u64,
    /// Bytes of all documents as they are posted, or of those that changed.
    pub(super) bytes: u64,
    /// Documents that were found equal in the last comparison.
    pub(super) equal: u64,
    pub(super) lanes: Vec<Lane>,
    pub(super) checks: Vec<Check>,
}

/// A requirement and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Check {
    pub(super) requirement: String,
    pub(super) limit: f64,
    pub(super) measured: f64,
    pub(super) met: bool,
}

/// One figure of a run.
pub(super) type Figure = fn(&Sample) -> f64;

/// Requirement, bound, and what was measured, if anything was.
type Bound = (&'static str, f64, Option<f64>);

pub(super) const WALL: Figure = |sample| sample.wall;
const CPU: Figure = |sample| sample.cpu;
const MEMORY: Figure = |sample| sample.memory;
const WRITTEN: Figure = |sample| sample.written as f64;
const OPENED: Figure = |sample| sample.opened as f64;
const SENT: Figure = |sample| sample.sent as f64 / 1e6;
const EXCHANGED: Figure = |sample| (sample.sent + sample.received) as f64 / 1e6;

/// What must grow in a straight line.
pub(super) const GROWING: [(&str, Figure); 2] = [("wall", WALL), ("CPU", CPU)];

impl Lane {
    /// One figure of every round.
    pub(super) fn figures(&self, of: Figure) -> Vec<f64> {
        self.samples.iter().map(of).collect()
    }

    /// One figure, over the rounds.
    pub(super) fn spread(&self, of: Figure) -> Option<Spread> {
        stats::spread(&self.figures(of))
    }
}

impl Outcome {
    /// Nothing measured yet.
    pub(super) fn of(workload: &Workload) -> Self {
        let Workload { name, title, documents, .. } = *workload;
        Self { workload: name, title, documents, bytes: 0, equal: 0, lanes: Vec::new(), checks: Vec::new() }
    }

    /// Adds a round of a contestant.
    pub(super) fn push(&mut self, name: &str, sample: Sample) {
        match self.lanes.iter_mut().find(|lane| lane.name == name) {
            Some(lane) => lane.samples.push(sample),
            None => self.lanes.push(Lane { name: name.into(), samples: vec![sample] }),
        }
    }

    fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// The lane that the others are held against: the first one that is a ceiling.
    pub(super) fn ceiling(&self) -> Option<&Lane> {
        self.lanes.iter().find(|lane| [C1, C2].contains(&lane.name.as_str()))
    }

    /// Wall time of a lane over that of another, round by round.
    fn ratio(&self, above: &str, below: &str) -> Option<f64> {
        stats::ratio(&self.lane(above)?.figures(WALL), &self.lane(below)?.figures(WALL))
    }

    /// Processor time of the program over that of reading and of posting alone, round by round: a multiple, because
    /// the time of the same instructions differs by two between machines.
    fn cpu_ratio(&self) -> Option<f64> {
        let cpu = |name| self.lane(name).map(|lane| lane.figures(CPU));
        let bare: Vec<_> = cpu(C1)?.iter().zip(cpu(C2)?).map(|(posted, read)| posted + read).collect();
        stats::ratio(&cpu(US)?, &bare)
    }

    fn median(&self, name: &str, of: Figure) -> Option<f64> {
        Some(self.lane(name)?.spread(of)?.median)
    }

    fn worst(&self, name: &str, of: Figure) -> Option<f64> {
        Some(self.lane(name)?.spread(of)?.max)
    }

    /// Holds the figures against what the project asks of this workload.
    pub(super) fn judge(&mut self, workload: &Workload) {
        let bounds: Vec<Bound> = match workload.kind {
            Kind::Load | Kind::LoadInParts if workload.shape == Some("order") => vec![
                ("wall ÷ C1", 1.05, self.ratio(US, C1)),
                ("CPU ÷ (C1 + C2)", 6.0, self.cpu_ratio()),
                ("peak memory, MiB", 64.0, self.worst(US, MEMORY)),
            ],
            Kind::Load | Kind::LoadInParts | Kind::Mappings => Vec::new(),
            Kind::Unchanged => vec![
                ("wall ÷ C2", 1.5, self.ratio(AGAIN, C2)),
                ("documents written", 0.0, self.worst(AGAIN, WRITTEN)),
                ("MB exchanged", 1.0, self.worst(AGAIN, EXCHANGED)),
                ("peak memory, MiB", 64.0, self.worst(AGAIN, MEMORY)),
                ("seconds through changed()", 0.1, self.median(CHANGED, |sample| sample.reported)),
            ],
            Kind::Touched(_) => self.bounds_of_touched(),
            Kind::Large => vec![
                ("peak memory of `connectors`, MiB", 220.0, self.worst(US, MEMORY)),
                ("peak memory of `again`, MiB", 220.0, self.worst(AGAIN, MEMORY)),
                (
                    "documents written when 0.1 % is gone",
                    self.documents as f64 / 1000.0,
                    self.worst(AGAIN, WRITTEN),
                ),
            ],
            Kind::Twice => self.bounds_of_twice(workload.name == "W9"),
            Kind::Growth => vec![
                ("1 − R² of wall", 0.01, self.growth(WALL).map(|line| 1.0 - line.r_squared)),
                ("1 − R² of CPU", 0.01, self.growth(CPU).map(|line| 1.0 - line.r_squared)),
            ],
        };
        let measured = bounds.into_iter().filter_map(|(name, limit, measured)| {
            let measured = measured?;
            Some(Check { requirement: name.into(), limit, measured, met: measured <= limit })
        });
        self.checks = measured.collect();
    }

    fn bounds_of_touched(&self) -> Vec<Bound> {
        let limit = self.median(AGAIN, WALL).zip(self.median(C1, WALL));
        let limit = limit.map(|(again, loader)| again + loader + 0.5);
        vec![
            ("MB sent: 1.2 × the change", 1.2 * self.bytes as f64 / 1e6, self.median(US, SENT)),
            (
                "wall: W4 + C1 of the change + 0.5 s",
                limit.unwrap_or_default(),
                limit.and_then(|_| self.median(US, WALL)),
            ),
            ("documents written", self.documents as f64 / 100.0, self.worst(US, WRITTEN)),
        ]
    }

    /// Contents that are read ahead are allowed their budget of 50 MiB.
    fn bounds_of_twice(&self, are_files: bool) -> Vec<Bound> {
        let opens = self.worst(US, OPENED).is_some_and(|opened| opened > 0.0);
        let memory = if opens { 114.0 } else { 64.0 };
        let limit = self.median(C1, WALL).map_or(0.0, |wall| 1.5 * wall + 0.5);
        let wall = if are_files { None } else { self.median(US, WALL) };
        vec![
            ("peak memory, MiB", memory, self.worst(US, MEMORY)),
            ("wall: 1.5 × C1 + 0.5 s", limit, wall),
            ("documents written again", 0.0, self.worst(AGAIN, WRITTEN)),
            ("files opened again", 0.0, self.worst(AGAIN, OPENED)),
            ("seconds of the second sync", if are_files { 0.3 } else { 1.0 }, self.median(AGAIN, WALL)),
        ]
    }

    /// The requirements that are not met, in words.
    pub(super) fn missed(&self) -> impl Iterator<Item = String> {
        self.checks.iter().filter(|check| !check.met).map(|check| {
            let (limit, measured) = (number(check.limit), number(check.measured));
            format!("{}: {} is {measured}, and must be at most {limit}", self.workload, check.requirement)
        })
    }

    /// The line through the medians of lanes that are named by how many documents there were.
    pub(super) fn growth(&self, of: Figure) -> Option<Line> {
        let point = |lane: &Lane| Some((lane.name.parse().ok()?, lane.spread(of)?.median));
        stats::line(&self.lanes.iter().filter_map(point).collect::<Vec<_>>())
    }
}
