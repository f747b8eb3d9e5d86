//! The end-to-end test: the program, a real backend and a real Elasticsearch, compared by id and content.
//!
//! `cargo xtask ftest NAME` runs it: it is the source's test program, called with `--ftest`.

pub(crate) mod compare;
pub(crate) mod index;
mod options;
pub(crate) mod program;
mod steps;

pub use options::Options;

pub(crate) use compare::compare;
pub(crate) use index::Index;

use std::time::Instant;

use connectors_core::Registered;

use crate::command::{self, say};
use crate::target::{Server, Target};
use crate::{EndToEnd, Fixture, Result};

use self::program::Program;
use self::steps::Steps;

/// Runs every step as the command line says, and then what the source tests besides; 0 when all went well.
#[must_use]
pub(crate) fn main<F: Fixture>(
    source: &'static dyn Registered,
    words: &[String],
    further: &[(&'static str, EndToEnd)],
) -> std::process::ExitCode {
    command::run(&format!("ftest {}", source.name()), async {
        let (server, options) = with_server(words).await?;
        run::<F>(source, &options).await?;
        tokio::select! {
            done = besides(&options.es, further) => done?,
            _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
        }
        drop(server);
        Ok(())
    })
}

/// The options, and the embedded server where they name its program: it ends when it is dropped.
async fn with_server(words: &[String]) -> Result<(Option<(Server, tempfile::TempDir)>, Options)> {
    let mut words = words.to_vec();
    let Some(place) = words.iter().position(|word| word == "--embedded") else {
        return Ok((None, Options::of(words.into_iter())?));
    };
    let program = words.get(place + 1).ok_or("--embedded takes a value")?;
    let folder = tempfile::tempdir()?;
    let server = Server::start(&Target::Embedded(program.into()), &folder.path().join("data")).await?;
    words.splice(place..place + 2, ["--es".into(), server.url()]);
    Ok((Some((server, folder)), Options::of(words.into_iter())?))
}

async fn besides(es: &str, further: &[(&'static str, EndToEnd)]) -> Result<()> {
    for (name, test) in further {
        let started = Instant::now();
        let told = test(es.to_owned()).await.map_err(|error| format!("{name}: {error}"))?;
        say(&format!("  {name}: {:.2} s, {told}", started.elapsed().as_secs_f64()));
    }
    Ok(())
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

#[cfg(test)]
mod tests;
