//! What every source is held to, and what it takes to hold it.
//!
//! A source's whole `tests/source/main.rs`, declared as the test `source` with `harness = false`:
//!
//! ```ignore
//! mod fixture;
//!
//! connectors_testkit::main!(source_notes::SOURCE, fixture::NotesServer);
//! ```
//!
//! `fixture` tells, by the trait [`Fixture`], how to start the backend, how to load, change and remove
//! documents, and what must then be indexed. Each promise of the contract is one named test; `cargo test
//! --test source -- --list` shows them, and a part of a name runs those that hold it. A capability's
//! tests are there when the definition names the capability.
//!
//! The same program is more by its first argument ([`Program`]): [`ftest`], the end-to-end test through the program; [`perf`], its
//! performance run; and [`chaos`], the program under faults. Beside them: [`backend`], the server that a source is tested with;
//! [`memory`], a source whose backend is the process itself; and [`proxy`], which puts faults between any program and its server.
#![warn(missing_docs)]

pub mod backend;
mod bodies;
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
mod program;
pub mod proxy;
mod random;
mod serve;
mod suite;
mod target;
mod tokens;
mod watch;

pub use debug::{Debugs, Hidden, Probe, Shown};
pub use fixture::{BoxError, Expected, Fixture, Result, RuleCase, Verdict, WrongSettings};
pub use heap::CountingAllocator;
pub use population::Population;
pub use program::{EndToEnd, Program};
pub use serve::Service;
pub use suite::{Broken, Outcome, Suite};
pub use tokens::Tokens;

/// The suite of a definition and its fixture, as a value.
#[macro_export]
macro_rules! suite {
    ($source:expr, $fixture:ty $(,)?) => {
        $crate::Suite::<$fixture>::new(&$source, $crate::debugs!($source))
    };
}

/// What `Debug` shows of a source and its settings, where they have it.
#[doc(hidden)]
#[macro_export]
macro_rules! debugs {
    ($source:expr) => {{
        #[allow(
            unused_imports,
            reason = "which of the two is used depends on whether the type has Debug"
        )]
        use $crate::{Hidden as _, Shown as _};
        let source = $crate::Probe::of(&$source);
        let config = source.config();
        $crate::Debugs::new((&&source).show(), (&&config).show())
    }};
}
