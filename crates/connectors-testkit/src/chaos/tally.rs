//! What was done, counted.

use std::collections::BTreeMap;
use std::fmt;

/// Counts of one seed, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) seeds: u64,
    pub(super) rounds: u64,
    /// Runs of the program.
    pub(super) runs: u64,
    /// Runs of the program that were killed.
    pub(super) killed: u64,
    /// Runs that ended otherwise than completed, the killed ones apart.
    pub(super) uncompleted: u64,
    /// Full syncs that were completed and say that they could not verify the index.
    pub(super) unverified: u64,
    /// Full syncs that found at the end that documents differed.
    pub(super) repairing: u64,
    /// Restarts of the server.
    pub(super) restarts: u64,
    /// Documents compared by content.
    pub(super) compared: u64,
    /// Faults by kind.
    pub(super) faults: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts faults of a kind.
    pub(super) fn fault(&mut self, kind: &str, count: u64) {
        if count > 0 {
            *self.faults.entry(kind.to_owned()).or_default() += count;
        }
    }

    /// Takes another's counts in.
    pub(super) fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.rounds += other.rounds;
        self.runs += other.runs;
        self.killed += other.killed;
        self.uncompleted += other.uncompleted;
        self.unverified += other.unverified;
        self.repairing += other.repairing;
        self.restarts += other.restarts;
        self.compared += other.compared;
        other.faults.iter().for_each(|(kind, count)| self.fault(kind, *count));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seeds > 1 {
            write!(f, "{} seeds, ", self.seeds)?;
        }
        write!(
            f,
            "{} rounds, {} runs, {} killed, {} not completed, {} completed unverified, {} repaired, {} restarts of \
             the server, {} documents compared",
            self.rounds,
            self.runs,
            self.killed,
            self.uncompleted,
            self.unverified,
            self.repairing,
            self.restarts,
            self.compared
        )?;
        let faults: Vec<String> = self.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(f, ", {} faults ({})", self.faults.values().sum::<u64>(), faults.join(", "))
    }
}
