//! The parts of the performance run that need our code: a backend to fill, and what the program is held against.
//!
//! `cargo xtask perf NAME` drives them: they are the source's test program, called with `--perf`.
//!
//! The program has four commands, each a process of its own, so that what they cost is measured alone:
//!
//! - `serve` starts the fixture's backend and does what comes on its standard input, a line a command
//!   (see [`serve`]);
//! - `post --es URL --index NAME --from DIR` sends recorded documents as fast as it can, and with `--deletes` removes them
//!   (see [`post`]);
//! - `sink` is a server that answers at once (see [`sink`]);
//! - `drain --settings FILE` lists the source and drops what it gives (see [`drain`]).

pub mod drain;
pub mod post;
pub mod serve;
pub mod sink;

mod words;

use std::process::ExitCode;

use connectors_core::Registered;
use serde_json::{Value, json};

use crate::{Fixture, Result, heap};

pub use words::Words;

/// The performance program over one fixture.
pub(crate) type Main = fn(&'static dyn Registered, Words) -> ExitCode;

/// Does what the words say; what came out is one JSON object a line.
#[must_use]
pub fn main<F: Fixture>(source: &'static dyn Registered, words: Words) -> ExitCode {
    // What is measured is not to be counted besides.
    heap::rest();
    let done = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Into::into).and_then(
        |runtime| {
            let done = runtime.block_on(run::<F>(source, words));
            // A read of the standard input that nobody waits for any more must not keep the process.
            runtime.shutdown_background();
            done
        },
    );
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// Says that there is no such shape.
#[must_use]
pub fn unknown_shape(shape: &str, known: &[&str]) -> ExitCode {
    fail(&format!("no shape `{shape}`; there are {}", known.join(", ")))
}

async fn run<F: Fixture>(source: &'static dyn Registered, mut words: Words) -> Result<()> {
    match words.first().as_deref() {
        Some("serve") => serve::run::<F>(source.name()).await?,
        Some("post") => say(&json!(post::run(&post::Options::of(&mut words)?).await?)),
        Some("sink") => sink::run(words.flag("--keep"), words.value("--record").map(Into::into)).await?,
        Some("drain") => {
            let (file, bodies) = (words.needed("--settings")?, words.flag("--bodies"));
            say(&json!(drain::run(source, file.as_ref(), bodies).await?));
        }
        _ => return Err("say serve, post, sink or drain".into()),
    }
    Ok(())
}

fn fail(text: &str) -> ExitCode {
    say(&json!({ "error": text }));
    ExitCode::FAILURE
}

/// One line for the program that reads.
#[expect(clippy::print_stdout, reason = "a command's output")]
fn say(answer: &Value) {
    println!("{answer}");
}

#[cfg(test)]
mod tests;
