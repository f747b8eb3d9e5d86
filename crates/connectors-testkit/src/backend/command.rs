//! `--backend start|stop|status|hold [NAME…] [--json]`: what `cargo xtask backend` has done.

use std::process::ExitCode;

use tokio::io::AsyncReadExt as _;

use super::lasting::{Record, State};
use super::{Backend, Machine, elasticsearch, opensearch};
use crate::Result;
use crate::command::say;

/// Does what the words say, with the servers that are written to and the source's own.
#[expect(clippy::print_stderr, reason = "a command's errors")]
pub(crate) fn main(own: Option<Backend>, words: &[String]) -> ExitCode {
    let table: Vec<Backend> = [elasticsearch(), opensearch()].into_iter().chain(own).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| {
        let done = runtime.block_on(run((&table, &Machine::of_process()), words, &mut tokio::io::stdin()));
        // A read of the standard input that nobody waits for any more must not keep the process.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(told) => {
            told.iter().for_each(|line| say(line));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The lines that come out. `hold` tells first, and keeps what it started until the input ends.
pub(super) async fn run(
    (table, machine): (&[Backend], &Machine),
    words: &[String],
    input: &mut (impl tokio::io::AsyncRead + Unpin),
) -> Result<Vec<String>> {
    let json = words.iter().any(|word| word == "--json");
    let words: Vec<&String> = words.iter().filter(|word| *word != "--json").collect();
    let (action, names) = words.split_first().ok_or("say start, stop, status or hold")?;
    let chosen = select(table, names)?;
    let records = match action.as_str() {
        "start" => start(&chosen, machine).await?,
        "stop" => stop(&chosen, machine).await?,
        "status" => chosen.iter().map(|backend| State::new(machine, backend.name()).record()).collect(),
        "hold" => return hold(&chosen, machine, input).await,
        other => return Err(format!("backend cannot `{other}`; it can start, stop, status").into()),
    };
    if json {
        return Ok(vec![serde_json::to_string(&records)?]);
    }
    Ok(records.iter().map(|record| line(record, action.as_str())).collect())
}

fn line(record: &Record, action: &str) -> String {
    let Record { name, version, url, log, .. } = record;
    match (record.running, action) {
        (true, "status") => format!("{name} {version} at {url}, log {}", log.display()),
        (true, _) => format!("{name} {version} at {url}"),
        (false, _) => format!("{name} is not running"),
    }
}

fn select<'a>(table: &'a [Backend], names: &[&String]) -> Result<Vec<&'a Backend>> {
    let all = || table.iter().map(Backend::name).collect::<Vec<_>>().join(", ");
    let by_name = |name: &&String| {
        let found = table.iter().find(|backend| backend.name() == name.as_str());
        found.ok_or_else(|| format!("no backend `{name}`; there are {}", all()).into())
    };
    if names.is_empty() { Ok(table.iter().collect()) } else { names.iter().map(by_name).collect() }
}

/// All of them or none: where one does not start, those that were started for it are stopped.
async fn start(chosen: &[&Backend], machine: &Machine) -> Result<Vec<Record>> {
    let (mut records, mut started) = (Vec::new(), Vec::new());
    for backend in chosen {
        let state = State::new(machine, backend.name());
        match state.start(backend, machine).await {
            Ok((record, is_new)) => {
                records.push(record);
                started.extend(is_new.then_some(state));
            }
            Err(error) => {
                for state in started {
                    state.stop().await?;
                }
                return Err(error);
            }
        }
    }
    Ok(records)
}

async fn stop(chosen: &[&Backend], machine: &Machine) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for backend in chosen {
        let state = State::new(machine, backend.name());
        state.stop().await?;
        records.push(state.record());
    }
    Ok(records)
}

/// Servers for as long as somebody holds the other end of the input; one that stays already is taken.
async fn hold(
    chosen: &[&Backend],
    machine: &Machine,
    input: &mut (impl tokio::io::AsyncRead + Unpin),
) -> Result<Vec<String>> {
    let (mut records, mut held) = (Vec::new(), Vec::new());
    for backend in chosen {
        let mut record = State::new(machine, backend.name()).record();
        if !record.running {
            let server = backend.start_on(machine).await?;
            record = Record::of(backend.name(), &server);
            held.push(server);
        }
        records.push(record);
    }
    say(&serde_json::to_string(&records)?);
    input.read_to_end(&mut Vec::new()).await?;
    Ok(Vec::new())
}
