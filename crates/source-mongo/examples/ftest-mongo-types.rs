//! Random documents of every type, end to end; `cargo xtask ftest mongo` runs it behind `ftest-mongo`.

#[path = "../server.rs"]
mod server;
#[path = "../types.rs"]
mod types;

use std::process::ExitCode;
use std::time::Instant;

use connectors_testkit::Result;
use connectors_testkit::ftest::Options;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("ftest mongodb: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = Options::of(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = both(&options.es) => done,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    })
}

async fn both(es: &str) -> Result<()> {
    let started = Instant::now();
    let told = types::every_type_is_taken(es).await.map_err(|error| format!("random types: {error}"))?;
    say(&format!("  random types, a name for each: {:.2} s, {told}", started.elapsed().as_secs_f64()));
    let started = Instant::now();
    let told = types::conflicts_are_accounted_for(es).await.map_err(|error| format!("conflicts: {error}"))?;
    say(&format!("  random types, the names mixed: {:.2} s, {told}", started.elapsed().as_secs_f64()));
    Ok(())
}

/// One line for whoever watches.
#[expect(clippy::print_stdout, reason = "a command's output")]
fn say(text: &str) {
    println!("{text}");
}
