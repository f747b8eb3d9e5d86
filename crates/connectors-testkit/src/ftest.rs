//! The end-to-end test: the program, a real backend and a real Elasticsearch, compared by id and content.
//!
//! A source's whole `examples/ftest-NAME.rs`, which `cargo xtask ftest NAME` runs:
//!
//! ```ignore
//! #[path = "../fixture.rs"]
//! mod fixture;
//!
//! connectors_testkit::ftest!(source_notes::SOURCE, fixture::NotesServer);
//! ```

pub(crate) mod compare;
pub(crate) mod index;
mod options;
pub(crate) mod program;
mod steps;

pub use options::Options;

pub(crate) use compare::compare;
pub(crate) use index::Index;

use connectors_core::Registered;

use crate::{Fixture, Result, command};

use self::program::Program;
use self::steps::Steps;

/// The `main` of a source's `examples/ftest-NAME.rs`.
#[macro_export]
macro_rules! ftest {
    ($source:expr, $fixture:ty $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::ftest::main::<$fixture>(&$source)
        }
    };
}

/// Runs every step as the command line says; 0 when all went well.
#[must_use]
pub fn main<F: Fixture>(source: &'static dyn Registered) -> std::process::ExitCode {
    command::run(&format!("ftest {}", source.name()), async {
        run::<F>(source, &Options::of(std::env::args().skip(1))?).await
    })
}

/// Runs every step against a fresh backend; ends the backend whatever happens.
///
/// # Errors
/// The first thing that is not as it must be.
pub async fn run<F: Fixture>(source: &'static dyn Registered, options: &Options) -> Result<()> {
    let program = Program::new(source.name(), options)?;
    let index = Index::new(options)?;
    say(&format!("ftest {}: {} documents into {}", source.name(), options.documents, index.url()));
    let mut fixture = F::start().await?;
    let steps = Steps { source, documents: options.documents, program, index };
    let done = tokio::select! {
        done = steps.all(&mut fixture) => done,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    let stopped = fixture.stop().await;
    steps.end(options.keep).await;
    done.and(stopped)
}

/// One line for whoever watches.
#[expect(clippy::print_stdout, reason = "a command's output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests;
