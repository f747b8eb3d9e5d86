//! The promises of a source, each a named test.

mod access;
mod blocking;
mod cancel;
mod changes;
mod contents;
mod documents;
mod exercise;
mod fault;
mod fields;
mod heap;
mod incremental;
mod json;
mod listing;
mod names;
mod rules;
mod secrets;
mod settings;
mod stage;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connectors_core::{Capabilities, Error, Registered};
use futures::FutureExt;
use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use thiserror::Error as ThisError;

use crate::{BoxError, Debugs, Fixture};
use stage::Stage;

/// Why a promise's test did not pass.
#[derive(Debug, ThisError)]
pub enum Broken {
    /// The source does not keep it.
    #[error("{0}")]
    Promise(String),
    /// The source answered with an error where it must not.
    #[error("{doing}: {error}")]
    Source {
        /// What was tried.
        doing: &'static str,
        /// What it answered.
        error: Error,
    },
    /// The fixture failed or lacks something, so nothing is known of the source.
    #[error("the fixture: {0}")]
    Fixture(BoxError),
    /// It could not be tried, and this is why; ignored where [`Fixture::UNTRIED`] names it, a failure elsewhere.
    #[error("not tried: {0}")]
    Untried(String),
}

impl From<BoxError> for Broken {
    fn from(error: BoxError) -> Self {
        Self::Fixture(error)
    }
}

/// Whether a promise was kept.
pub type Outcome = Result<(), Broken>;

/// That something else than what was promised came out.
fn broken<T>(text: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::Promise(text.into()))
}

/// An outcome that is broken unless `holds`.
fn ensure(holds: bool, text: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Broken::Promise(text())) }
}

/// A promise by its name, and how it is tried.
struct Promise<F> {
    name: &'static str,
    counts: fn(Capabilities) -> bool,
    attempt: for<'a> fn(&'a mut Stage<F>) -> BoxFuture<'a, Outcome>,
}

/// The promises of one room, in the order of its functions.
macro_rules! promises {
    ($counts:expr, $($name:ident),* $(,)?) => {
        vec![$($crate::suite::Promise {
            name: stringify!($name),
            counts: $counts,
            attempt: |stage| Box::pin($name(stage)),
        }),*]
    };
}
use promises;

/// True for promises that every source makes.
fn always(_: Capabilities) -> bool {
    true
}

/// Every promise of the contract, tried on one source.
pub struct Suite<F> {
    source: &'static dyn Registered,
    debugs: Arc<Debugs>,
    fixture: PhantomData<fn() -> F>,
}

impl<F: Fixture> Suite<F> {
    /// For a definition; [`suite!`](crate::suite) finds `debugs` by itself.
    #[must_use]
    pub fn new(source: &'static dyn Registered, debugs: Debugs) -> Self {
        Self { source, debugs: Arc::new(debugs), fixture: PhantomData }
    }

    /// The names of the promises that this source makes, by its capabilities.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.promises().iter().map(|promise| promise.name).collect()
    }

    /// Tries one promise, in a backend and a runtime of its own; no two at a time in one process, since
    /// they measure it.
    ///
    /// # Errors
    /// Why it was not kept, or that there is none of this name.
    pub fn attempt(&self, name: &str) -> Outcome {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let promises = self.promises();
        let Some(promise) = promises.iter().find(|promise| promise.name == name) else {
            return broken(format!("there is no promise {name} for this source"));
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Broken::Fixture(error.into()))?;
        let outcome = runtime.block_on(self.on_stage(promise));
        runtime.shutdown_timeout(Duration::from_secs(5));
        outcome
    }

    /// Runs the tests that the command line names, as any test program does.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads = Some(1);
        libtest_mimic::run(&arguments, self.trials()).exit_code()
    }

    fn trials(self) -> Vec<Trial> {
        let suite = Arc::new(self);
        let trial = |name: &'static str| {
            let suite = Arc::clone(&suite);
            Trial::ignorable_test(name, move || {
                completion(suite.attempt(name), F::UNTRIED.contains(&name)).map_err(Failed::from)
            })
        };
        suite.names().into_iter().map(trial).collect()
    }

    fn promises(&self) -> Vec<Promise<F>> {
        let rooms = [
            settings::promises(),
            documents::promises(),
            names::promises(),
            fields::promises(),
            contents::promises(),
            changes::promises(),
            fault::promises(),
            cancel::promises(),
            blocking::promises(),
            heap::promises(),
            secrets::promises(),
            incremental::promises(),
            rules::promises(),
            access::promises(),
        ];
        let capabilities = self.source.capabilities();
        rooms.into_iter().flatten().filter(|promise| (promise.counts)(capabilities)).collect()
    }

    async fn on_stage(&self, promise: &Promise<F>) -> Outcome {
        let Ok(started) = tokio::time::timeout(F::PATIENCE, F::start()).await else {
            return Err(Broken::Fixture(format!("it did not start within {:?}", F::PATIENCE).into()));
        };
        let mut stage = Stage::new(started?, self.source, Arc::clone(&self.debugs));
        let attempt = AssertUnwindSafe((promise.attempt)(&mut stage)).catch_unwind();
        let outcome = match tokio::time::timeout(F::PATIENCE, attempt).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => broken(format!("panicked: {}", message(&*panic))),
            Err(_) => broken(format!("did not end within {:?}", F::PATIENCE)),
        };
        let stopped = stage.fixture.stop().await.map_err(Broken::Fixture);
        outcome.and(stopped)
    }
}

/// What the test of a promise reports. None is left out in silence: one that could not be tried fails, unless the fixture says that
/// it can't be, and so does one that was tried after all.
fn completion(outcome: Outcome, is_excused: bool) -> Result<Completion, Broken> {
    match outcome {
        Ok(()) if is_excused => broken("it was tried and kept: take it out of `UNTRIED` of the fixture"),
        Ok(()) => Ok(Completion::Completed),
        Err(Broken::Untried(reason)) if is_excused => Ok(Completion::ignored_with(reason)),
        Err(Broken::Untried(reason)) => broken(format!(
            "not tried, as {reason}: make it possible in the fixture, or name the promise in its `UNTRIED`"
        )),
        Err(broken) => Err(broken),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

/// Some of many, so that a message stays readable.
fn some<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let mut shown: Vec<String> = items.by_ref().take(5).map(|item| item.to_string()).collect();
    let rest = items.count();
    if rest > 0 {
        shown.push(format!("and {rest} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests;
