//! Whether operations were done, in the order of their answers.

/// Operations with the same result, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Whether they were done, or refused each for itself.
    pub is_done: bool,
    /// How many.
    pub length: u64,
}

/// Results in order. Those of a bulk are few runs: one where nothing is refused.
#[derive(Debug, Default)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// The runs, first to last.
    pub fn iter(&self) -> impl Iterator<Item = Run> {
        self.0.iter().copied()
    }

    pub(super) fn done(&mut self) {
        self.add(Run { is_done: true, length: 1 });
    }

    pub(super) fn refused(&mut self) {
        self.add(Run { is_done: false, length: 1 });
    }

    pub(super) fn append(&mut self, later: &Self) {
        later.iter().for_each(|run| self.add(run));
    }

    fn add(&mut self, run: Run) {
        match self.0.last_mut() {
            Some(last) if last.is_done == run.is_done => last.length += run.length,
            _ => self.0.push(run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_one_kind_are_one_run_also_over_two_bulks() {
        let (mut first, mut second) = (Runs::default(), Runs::default());
        first.done();
        first.refused();
        second.refused();
        second.done();
        first.append(&second);
        let runs: Vec<(bool, u64)> = first.iter().map(|run| (run.is_done, run.length)).collect();
        assert_eq!(runs, [(true, 1), (false, 2), (true, 1)]);
    }
}
