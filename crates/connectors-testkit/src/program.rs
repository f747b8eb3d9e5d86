//! The one test program of a source: its promises as tests, and whatever else its fixture is for.

use std::process::ExitCode;

use connectors_core::Registered;
use futures::future::LocalBoxFuture;

use crate::perf::Words;
use crate::{Debugs, Fixture, Result, Suite, backend, chaos, ftest, perf};

/// A further end-to-end test: given the address of the server that is written to, it says in a few words what it found.
pub type EndToEnd = fn(String) -> LocalBoxFuture<'static, Result<String>>;

/// What [`main!`](crate::main) runs. By its first argument the program is
///
/// | | |
/// |---|---|
/// | | the tests: a promise each; other arguments are those of any test program |
/// | `--ftest` | the end-to-end test ([`ftest`]), as `cargo xtask ftest NAME` runs it |
/// | `--perf` | the parts of the performance run ([`perf`]), as `cargo xtask perf NAME` runs them |
/// | `--chaos` | the program under faults ([`chaos`]), as `cargo xtask chaos NAME` runs it |
/// | `--backend` | its server, to stay: `cargo xtask backend start NAME` |
pub struct Program<F> {
    source: &'static dyn Registered,
    suite: Suite<F>,
    shapes: Vec<(&'static str, perf::Main)>,
    seeds: &'static [u64],
    further: Vec<(&'static str, EndToEnd)>,
}

impl<F: Fixture> Program<F> {
    /// Of a definition; [`main!`](crate::main) finds `debugs` by itself.
    #[must_use]
    pub fn new(source: &'static dyn Registered, debugs: Debugs) -> Self {
        let suite = Suite::new(source, debugs);
        Self { source, suite, shapes: Vec::new(), seeds: &[], further: Vec::new() }
    }

    /// Another fixture for the performance run, by the name of a shape of documents.
    #[must_use]
    pub fn shape<S: Fixture>(mut self, name: &'static str) -> Self {
        self.shapes.push((name, perf::main::<S>));
        self
    }

    /// Seeds that found something in this source; `--chaos --seeds N` runs them before those from 1 to N.
    #[must_use]
    pub fn seeds(mut self, seeds: &'static [u64]) -> Self {
        self.seeds = seeds;
        self
    }

    /// What `--ftest` runs behind its own steps.
    #[must_use]
    pub fn ftest(mut self, name: &'static str, test: EndToEnd) -> Self {
        self.further.push((name, test));
        self
    }

    /// Does what the command line says.
    #[must_use]
    pub fn main(self) -> ExitCode {
        self.run(&std::env::args().skip(1).collect::<Vec<_>>())
    }

    fn run(self, words: &[String]) -> ExitCode {
        let (mode, rest) = words.split_first().map_or(("", &[][..]), |(mode, rest)| (mode.as_str(), rest));
        match mode {
            "--ftest" => ftest::main::<F>(self.source, rest, &self.further),
            "--chaos" => chaos::main::<F>(self.source, rest, self.seeds),
            "--perf" => self.perf(rest),
            "--backend" => backend::command::main(F::backend(), rest),
            _ => self.tests(),
        }
    }

    fn perf(self, words: &[String]) -> ExitCode {
        let mut words = Words::new(words.to_vec());
        let Some(shape) = words.value("--shape") else { return perf::main::<F>(self.source, words) };
        match self.shapes.iter().find(|(name, _)| *name == shape) {
            Some((_, main)) => main(self.source, words),
            None => {
                perf::unknown_shape(&shape, &self.shapes.iter().map(|(name, _)| *name).collect::<Vec<_>>())
            }
        }
    }

    fn tests(self) -> ExitCode {
        if F::backend().is_some_and(|backend| backend.is_left_out()) {
            ExitCode::SUCCESS
        } else {
            self.suite.main()
        }
    }
}

/// The whole of a source's `tests/source/main.rs`, beside its fixture: the test program of a definition. A third argument adds to it
/// what only some sources have, such as `|program| program.seeds(&[17])`.
#[macro_export]
macro_rules! main {
    ($source:expr, $fixture:ty $(,)?) => {
        $crate::main!($source, $fixture, |program| program);
    };
    ($source:expr, $fixture:ty, $more:expr $(,)?) => {
        #[global_allocator]
        static ALLOCATOR: $crate::CountingAllocator = $crate::CountingAllocator::new();

        fn main() -> ::std::process::ExitCode {
            let more: fn($crate::Program<$fixture>) -> $crate::Program<$fixture> = $more;
            more($crate::Program::new(&$source, $crate::debugs!($source))).main()
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{self, MemoryFixture};

    #[test]
    fn each_mode_refuses_words_that_make_no_sense() {
        for line in [
            "--ftest",
            "--chaos --what x",
            "--perf fly",
            "--perf serve --shape huge",
            "--backend fly",
            "--backend",
        ] {
            let program = Program::<MemoryFixture>::new(&memory::SOURCE, crate::debugs!(memory::SOURCE));
            let program = program.shape::<MemoryFixture>("small").seeds(&[7]);
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(program.run(&words), ExitCode::FAILURE, "{line}");
        }
    }
}
