//! Faults that were added to the bench later, drawn from numbers of their own: a seed's first faults stay the same.

use crate::proxy::{Fault, Plan};
use crate::random::Random;

use super::churn::{Churn, Step};

/// Added to a seed, so that these numbers are others than those of its first faults.
const APART: u64 = 0x5eed_0f18;
/// Longer than any run: what is held back until then is delivered after it.
const AFTER_THE_RUN: u64 = u64::MAX;
/// Documents that change at a time while the program runs: all of a seed fit into a page of 10,000.
const MOST_MOVED: u64 = 25;

/// What happens in a round besides.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extra {
    /// Bulks that are held back: how many pass before each, and the requests after which it is delivered.
    pub(super) late: Vec<(u64, u64)>,
    /// A request to the server, or its answer, that nothing follows.
    pub(super) silent: Option<(u64, Fault)>,
    /// A connection to the backend that falls silent at this byte.
    pub(super) silent_backend: Option<(u64, Fault, u64)>,
    /// Bulks that pass before the index is blocked, and those that are then refused.
    pub(super) block: Option<(u64, u64)>,
    /// The largest search that the server takes, in bytes.
    pub(super) max_search: Option<u64>,
    /// Changes of the source while the program runs.
    pub(super) churn: Vec<Step>,
}

impl Extra {
    /// Numbers for what is added to a seed.
    pub(super) fn numbers(seed: u64) -> Random {
        Random::seeded(seed.wrapping_add(APART).wrapping_mul(APART))
    }

    /// True where a peer falls silent, so that the program must not wait for long.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.is_some() || self.silent_backend.is_some()
    }

    /// The plan of the server's wire with these faults in it.
    pub(super) fn on(&self, plan: Plan) -> Plan {
        let plan = plan.max_search(self.max_search.unwrap_or(u64::MAX));
        let plan = self.late.iter().fold(plan, |plan, (bulk, after)| plan.single(*bulk, Fault::Late(*after)));
        let plan = self.silent.iter().fold(plan, |plan, (request, fault)| plan.single(*request, *fault));
        let (before, blocked) = self.block.unwrap_or_default();
        plan.block(before, blocked)
    }

    /// The plan of the backend's wire with these faults in it.
    pub(super) fn on_backend(&self, plan: Plan) -> Plan {
        let silent = self.silent_backend.iter();
        silent.fold(plan, |plan, (connection, fault, byte)| plan.single_at(*connection, *fault, *byte))
    }

    /// What is added to a round of a source with so many documents.
    pub(super) fn draw(random: &mut Random, documents: u64) -> Self {
        let quiet = |random: &mut Random| random.one_of(&[Fault::Silent, Fault::SilentAnswer]);
        let late =
            |random: &mut Random| (random.below(5), random.one_of(&[1, 5, 20, AFTER_THE_RUN, AFTER_THE_RUN]));
        let lates = if random.one_in(3) { random.between(1, 3) } else { 0 };
        let moved = if random.one_in(4) { random.between(1, 8) } else { 0 };
        Self {
            late: (0..lates).map(|_| late(random)).collect(),
            silent: random.one_in(8).then(|| (random.below(24), quiet(random))),
            silent_backend: random.one_in(8).then(|| (random.below(4), quiet(random), random.below(1 << 14))),
            block: random.one_in(5).then(|| (random.below(4), random.between(1, 8))),
            max_search: random.one_in(4).then(|| random.one_of(&[4 << 10, 16 << 10])),
            churn: (0..moved).map(|_| Step::draw(random, documents)).collect(),
        }
    }
}

impl Step {
    fn draw(random: &mut Random, documents: u64) -> Self {
        let count = random.between(1, (documents / 20).clamp(2, MOST_MOVED)) as usize;
        let kinds = [Churn::Change, Churn::Remove, Churn::Add, Churn::InsertAgain, Churn::InsertAgain];
        Self { after: random.below(30), count, churn: random.one_of(&kinds) }
    }
}
