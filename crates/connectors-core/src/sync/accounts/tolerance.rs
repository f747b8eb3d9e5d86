//! How many documents may fail before a sync ends.

use std::collections::VecDeque;

use crate::elastic::Run;
use crate::{Error, Result};

/// The documents that may fail; with more of them the sync fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// In all.
    pub total: usize,
    /// One after the other; none for any number.
    pub in_a_row: Option<u64>,
    /// Among those that were written last; none for any number.
    pub of_last: Option<Share>,
}

/// A share of the documents that were written last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// From 0 to 1.
    pub most: f64,
    /// How many documents it is of, also before as many were written.
    pub window: u64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { total: 10_000, in_a_row: None, of_last: None }
    }
}

/// What came of the documents of a sync, in order.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    in_a_row: u64,
    /// The last ones, as many as the share is of.
    last: VecDeque<Run>,
    /// Why the sync ends: more failed than may.
    exceeded: Option<String>,
}

impl Outcomes {
    /// Notes what came of some documents.
    pub(crate) fn add(&mut self, run: Run, tolerance: &Tolerance) {
        self.in_a_row = if run.is_done { 0 } else { self.in_a_row + run.length };
        if tolerance.in_a_row.is_some_and(|most| self.in_a_row > most) {
            self.exceed(format!("{} in a row", self.in_a_row));
        }
        if let Some(share) = tolerance.of_last {
            self.last.push_back(run);
            let failed = self.failed_of_last(share.window);
            if failed as f64 > share.most * share.window as f64 {
                self.exceed(format!("{failed} of the last {}", share.window));
            }
        }
    }

    /// Fine until more failed than may.
    ///
    /// # Errors
    /// `Unexpected`, with the number.
    pub(crate) fn check(&self) -> Result<()> {
        self.exceeded.as_ref().map_or(Ok(()), |failed| Err(too_many(failed)))
    }

    /// The first reason counts.
    fn exceed(&mut self, failed: String) {
        self.exceeded.get_or_insert(failed);
    }

    /// Forgets what is older than the window; how many in it failed.
    fn failed_of_last(&mut self, window: u64) -> u64 {
        let mut excess = self.last.iter().map(|run| run.length).sum::<u64>().saturating_sub(window);
        while let Some(oldest) = self.last.front_mut().filter(|_| excess > 0) {
            let cut = oldest.length.min(excess);
            (oldest.length, excess) = (oldest.length - cut, excess - cut);
            if oldest.length == 0 {
                self.last.pop_front();
            }
        }
        self.last.iter().filter(|run| !run.is_done).map(|run| run.length).sum()
    }
}

/// Too many documents fail for the rest to be worth it.
pub(crate) fn too_many(failed: impl ToString) -> Error {
    Error::unexpected("too many documents failed; `connectors failures` lists the first")
        .with("failed", failed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason after these runs, `+` for a document that was written and `-` for one that failed.
    fn after(outcomes: &str, tolerance: Tolerance) -> Option<String> {
        let mut noted = Outcomes::default();
        for outcome in outcomes.chars() {
            noted.add(Run { is_done: outcome == '+', length: 1 }, &tolerance);
        }
        noted.check().err().map(|error| error.to_string())
    }

    #[test]
    fn failures_in_a_row_end_a_sync() {
        let two = Tolerance { in_a_row: Some(2), ..Tolerance::default() };
        assert_eq!(after("--+--+--", two), None);
        assert!(after("+---+", two).unwrap().contains("3 in a row"));
        assert_eq!(after(&"-".repeat(500), Tolerance::default()), None);
        let mut noted = Outcomes::default();
        noted.add(Run { is_done: false, length: 3 }, &two);
        assert!(noted.check().is_err(), "runs are noted as a whole");
    }

    #[test]
    fn a_share_of_the_last_documents_ends_a_sync() {
        let share = Share { most: 0.25, window: 8 };
        let tolerance = Tolerance { of_last: Some(share), ..Tolerance::default() };
        assert_eq!(after("--", tolerance), None, "2 of 8");
        assert!(after("---", tolerance).unwrap().contains("3 of the last 8"), "before 8 were written");
        assert_eq!(after("--++++++-++++++-", tolerance), None, "what is older is forgotten");
        assert!(after("++++++++++-++-++-", tolerance).is_some());
        let mut noted = Outcomes::default();
        for run in [(false, 2), (true, 100), (false, 2)] {
            noted.add(Run { is_done: run.0, length: run.1 }, &tolerance);
        }
        assert!(noted.check().is_ok() && noted.last.iter().map(|run| run.length).sum::<u64>() == 8);
    }
}
