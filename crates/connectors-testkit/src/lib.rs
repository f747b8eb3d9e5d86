//! What every source is held to, and what it takes to hold it.
//!
//! A source's whole `tests/contract.rs`, declared with `harness = false`:
//!
//! ```ignore
//! mod fixture;
//!
//! connectors_testkit::contract!(source_notes::SOURCE, fixture::NotesServer);
//! ```
//!
//! `fixture` tells, by the trait [`Fixture`], how to start the backend, how to load, change and remove
//! documents, and what must then be indexed. Each promise of the contract is one named test; `cargo test
//! --test contract -- --list` shows them, and a part of a name runs those that hold it. A capability's
//! tests are there when the definition names the capability.
//!
//! Beside the suite: [`ftest`], the end-to-end test through the program; [`perf`], its performance run; [`chaos`], the
//! program under faults; [`memory`], a source whose backend is
//! the process itself; and [`proxy`], which puts faults between any program and its server.
#![warn(missing_docs)]

pub mod chaos;
mod command;
mod debug;
mod fixture;
pub mod ftest;
mod heap;
mod logs;
pub mod memory;
pub mod perf;
mod population;
pub mod proxy;
mod random;
mod suite;
mod watch;

pub use debug::{Debugs, Hidden, Probe, Shown};
pub use fixture::{BoxError, Expected, Fixture, Result, RuleCase, Verdict, WrongSettings};
pub use heap::CountingAllocator;
pub use population::Population;
pub use suite::{Broken, Outcome, Suite};

/// The `main` of a source's `tests/contract.rs`: the whole suite for a definition and its fixture.
#[macro_export]
macro_rules! contract {
    ($source:expr, $fixture:ty $(,)?) => {
        #[global_allocator]
        static ALLOCATOR: $crate::CountingAllocator = $crate::CountingAllocator::new();

        fn main() -> ::std::process::ExitCode {
            $crate::suite!($source, $fixture).main()
        }
    };
}

/// The suite of a definition and its fixture, as a value.
#[macro_export]
macro_rules! suite {
    ($source:expr, $fixture:ty $(,)?) => {{
        #[allow(
            unused_imports,
            reason = "which of the two is used depends on whether the type has Debug"
        )]
        use $crate::{Hidden as _, Shown as _};
        let source = $crate::Probe::of(&$source);
        let config = source.config();
        let debugs = $crate::Debugs::new((&&source).show(), (&&config).show());
        $crate::Suite::<$fixture>::new(&$source, debugs)
    }};
}
