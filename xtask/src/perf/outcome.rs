//! What came out of a workload, and whether it is what must come out.

use serde::Serialize;

use super::measure::Sample;
use super::stats::{self, Line, Spread};
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// A round each.
    pub samples: Vec<Sample>,
}

/// A workload with its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The workload.
    pub workload: &'static str,
    /// What it is.
    pub title: &'static str,
    /// How many documents.
    pub documents: u64,
    /// Bytes of all documents as they are posted, or of those that changed.
    pub bytes: u64,
    /// Documents that were found equal in the last comparison.
    pub equal: u64,
    /// Whatever was measured.
    pub lanes: Vec<Lane>,
    /// What must be.
    pub checks: Vec<Check>,
}

/// A requirement and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What must be.
    pub requirement: String,
    /// The bound.
    pub limit: f64,
    /// The figure.
    pub measured: f64,
    /// Whether it is within.
    pub met: bool,
}

impl Lane {
    /// One figure of every round.
    pub fn figures(&self, of: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.samples.iter().map(of).collect()
    }

    /// One figure, over the rounds.
    pub fn spread(&self, of: impl Fn(&Sample) -> f64) -> Option<Spread> {
        stats::spread(&self.figures(of))
    }
}

impl Outcome {
    /// Nothing measured yet.
    #[must_use]
    pub fn of(workload: &Workload) -> Self {
        let Workload { name, title, documents, .. } = *workload;
        Self { workload: name, title, documents, bytes: 0, equal: 0, lanes: Vec::new(), checks: Vec::new() }
    }

    /// Adds a round of a contestant.
    pub fn push(&mut self, name: &str, sample: Sample) {
        match self.lanes.iter_mut().find(|lane| lane.name == name) {
            Some(lane) => lane.samples.push(sample),
            None => self.lanes.push(Lane { name: name.into(), samples: vec![sample] }),
        }
    }

    /// The lane of a contestant.
    #[must_use]
    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// The lane that the others are held against: the first one that is a ceiling.
    #[must_use]
    pub fn ceiling(&self) -> Option<&Lane> {
        self.lanes.iter().find(|lane| [C1, C2].contains(&lane.name.as_str()))
    }

    /// Wall time of a lane over that of another, round by round.
    fn ratio(&self, above: &str, below: &str) -> Option<f64> {
        let (above, below) = (self.lane(above)?, self.lane(below)?);
        let wall = |lane: &Lane| lane.figures(|sample| sample.wall);
        stats::ratios(&wall(above), &wall(below)).map(|ratios| ratios.median)
    }

    /// Processor time of the program over that of reading and of posting alone, round by round: a multiple, because
    /// the time of the same instructions differs by two between machines.
    fn cpu_ratio(&self) -> Option<f64> {
        let cpu = |name| self.lane(name).map(|lane| lane.figures(|sample| sample.cpu));
        let (posted, read) = (cpu(C1)?, cpu(C2)?);
        let bare: Vec<_> = posted.iter().zip(&read).map(|(posted, read)| posted + read).collect();
        stats::ratios(&cpu(US)?, &bare).map(|ratios| ratios.median)
    }

    fn median(&self, name: &str, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        self.lane(name)?.spread(of).map(|spread| spread.median)
    }

    fn worst(&self, name: &str, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        self.lane(name)?.spread(of).map(|spread| spread.max)
    }

    fn check(&mut self, requirement: &str, limit: f64, measured: Option<f64>) {
        if let Some(measured) = measured {
            let met = measured <= limit;
            self.checks.push(Check { requirement: requirement.into(), limit, measured, met });
        }
    }

    /// Holds the figures against what the project asks of this workload.
    pub(super) fn judge(&mut self, workload: &Workload) {
        match workload.kind {
            Kind::Load | Kind::LoadInParts => self.judge_load(workload.shape == Some("order")),
            Kind::Unchanged => self.judge_unchanged(),
            Kind::Touched(_) => self.judge_touched(),
            Kind::Large => self.judge_large(),
            Kind::Twice => self.judge_twice(workload.name == "W9"),
            Kind::Mappings => {}
            Kind::Growth => self.judge_growth(),
        }
    }

    fn judge_load(&mut self, is_order: bool) {
        let memory = self.worst(US, |sample| sample.memory);
        if is_order {
            self.check("wall ÷ C1", 1.05, self.ratio(US, C1));
            self.check("CPU ÷ (C1 + C2)", 6.0, self.cpu_ratio());
            self.check("peak memory, MiB", 64.0, memory);
        }
    }

    fn judge_unchanged(&mut self) {
        self.check("wall ÷ C2", 1.5, self.ratio(AGAIN, C2));
        self.check("documents written", 0.0, self.worst(AGAIN, |sample| sample.written as f64));
        let exchanged = self.worst(AGAIN, |sample| (sample.sent + sample.received) as f64 / 1e6);
        self.check("MB exchanged", 1.0, exchanged);
        self.check("peak memory, MiB", 64.0, self.worst(AGAIN, |sample| sample.memory));
        self.check("seconds through changed()", 0.1, self.median(CHANGED, |sample| sample.reported));
    }

    fn judge_touched(&mut self) {
        let wall = |sample: &Sample| sample.wall;
        let limit =
            self.median(AGAIN, wall).zip(self.median(C1, wall)).map(|(again, loader)| again + loader + 0.5);
        let bytes = 1.2 * self.bytes as f64 / 1e6;
        self.check("MB sent: 1.2 × the change", bytes, self.median(US, |sample| sample.sent as f64 / 1e6));
        if let Some(limit) = limit {
            self.check("wall: W4 + C1 of the change + 0.5 s", limit, self.median(US, wall));
        }
        let touched = self.documents as f64 / 100.0;
        self.check("documents written", touched, self.worst(US, |sample| sample.written as f64));
    }

    fn judge_large(&mut self) {
        for name in [US, AGAIN] {
            let memory = self.worst(name, |sample| sample.memory);
            self.check(&format!("peak memory of `{name}`, MiB"), 220.0, memory);
        }
        let gone = self.documents as f64 / 1000.0;
        self.check(
            "documents written when 0.1 % is gone",
            gone,
            self.worst(AGAIN, |sample| sample.written as f64),
        );
    }

    /// Contents that are read ahead are allowed their budget of 50 MiB.
    fn judge_twice(&mut self, is_files: bool) {
        let opened = self.worst(US, |sample| sample.opened as f64).unwrap_or_default();
        let contents = if opened > 0.0 { 50.0 } else { 0.0 };
        self.check("peak memory, MiB", 64.0 + contents, self.worst(US, |sample| sample.memory));
        if !is_files {
            let limit = self.median(C1, |sample| sample.wall).map(|wall| 1.5 * wall + 0.5);
            self.check(
                "wall: 1.5 × C1 + 0.5 s",
                limit.unwrap_or_default(),
                self.median(US, |sample| sample.wall),
            );
        }
        self.check("documents written again", 0.0, self.worst(AGAIN, |sample| sample.written as f64));
        self.check("files opened again", 0.0, self.worst(AGAIN, |sample| sample.opened as f64));
        let again = self.median(AGAIN, |sample| sample.wall);
        self.check("seconds of the second sync", if is_files { 0.3 } else { 1.0 }, again);
    }

    fn judge_growth(&mut self) {
        for (name, of) in GROWING {
            let (r_squared, name) =
                (self.growth(*of).map(|line| 1.0 - line.r_squared), format!("1 − R² of {name}"));
            self.check(&name, 0.01, r_squared);
        }
    }

    /// The line through the medians of lanes that are named by how many documents there were.
    pub(super) fn growth(&self, of: Figure) -> Option<Line> {
        let point = |lane: &Lane| Some((lane.name.parse().ok()?, lane.spread(of)?.median));
        stats::line(&self.lanes.iter().filter_map(point).collect::<Vec<_>>())
    }
}

/// One figure of a run.
pub(super) type Figure = fn(&Sample) -> f64;

/// What must grow in a straight line.
pub(super) const GROWING: &[(&str, Figure)] = &[("wall", |sample| sample.wall), ("CPU", |sample| sample.cpu)];

#[cfg(test)]
mod tests;
