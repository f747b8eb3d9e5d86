//! Start, stop and status of one backend.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use super::server::Server;
use super::site::{self, Site};
use super::{Backend, Installed, docker, ports, process};
use crate::error::{Error, Result, tail};
use crate::shell::Shell;

/// How long a server may take to end before it is killed.
const FAREWELL: Duration = Duration::from_secs(20);

/// The server of this backend as it is now.
#[must_use]
pub fn status(shell: &Shell, backend: &Backend) -> Server {
    recorded(shell, backend).unwrap_or_else(|| Server::stopped(backend.name, backend.version))
}

fn record_file(shell: &Shell, backend: &Backend) -> PathBuf {
    site::state(shell, backend.name).join("server.json")
}

// A record that cannot be read is as good as none: the process that it told of cannot be found again.
fn recorded(shell: &Shell, backend: &Backend) -> Option<Server> {
    let server = Server::read(&record_file(shell, backend)).ok().flatten()?;
    let alive = match &server.process {
        Some(process) => process::is_alive(process),
        None => docker::is_up(shell, backend),
    };
    alive.then_some(server)
}

/// Starts the backend, waits until it answers, and says where.
///
/// # Errors
/// When it cannot be installed or started, or ends or stays silent; then nothing of it is left running.
pub fn start(shell: &Shell, backend: &Backend) -> Result<Server> {
    let state = site::state(shell, backend.name);
    fs::create_dir_all(&state).map_err(Error::file("make", &state))?;
    if docker::answers(shell) { start_container(shell, backend) } else { start_native(shell, backend) }
}

fn choose_ports(shell: &Shell, backend: &Backend) -> Result<[u16; 2]> {
    let first = match shell.var(backend.port_variable) {
        None => backend.first_port,
        Some(text) => text
            .parse()
            .map_err(|_| Error::Usage(format!("{} is `{text}`, which is no port", backend.port_variable)))?,
    };
    ports::two_free(first).ok_or_else(|| {
        let range = format!("{first} and {}", ports::FIRST_EPHEMERAL);
        Error::Server {
            name: backend.name,
            what: format!("no free port between {range}"),
            tail: String::new(),
        }
    })
}

fn start_container(shell: &Shell, backend: &Backend) -> Result<Server> {
    shell.note(format_args!("{}: starting it with Docker", backend.name));
    let _turn = ports::turn(&site::temporary(shell))?;
    let [port, _] = choose_ports(shell, backend)?;
    let server = running(backend, backend.version, port);
    server.write(&record_file(shell, backend))?;
    let outcome = docker::up(shell, backend, port);
    if outcome.is_err() {
        stop(shell, backend)?;
    }
    outcome.map(|()| server)
}

fn start_native(shell: &Shell, backend: &Backend) -> Result<Server> {
    let dir = site::files(shell, backend.name);
    fs::create_dir_all(&dir).map_err(Error::file("make", &dir))?;
    let installed = (backend.install)(shell, &dir)?;
    let _turn = ports::turn(&site::temporary(shell))?;
    let site = Site { run: dir.join("run"), dir, ports: choose_ports(shell, backend)? };
    site::empty_run_folder(&site.run)?;
    site::hand_over(shell, &[&installed.home, &site.run])?;
    let (server, mut child) = launch(shell, backend, &installed, &site)?;
    shell.note(format_args!("{}: waiting for an answer at {}", backend.name, server.url));
    match wait_until_ready(backend, &mut child, site.ports[0]) {
        Ok(()) => Ok(server),
        Err(what) => {
            let log = fs::read_to_string(&server.log).unwrap_or_default();
            stop(shell, backend)?;
            Err(Error::Server { name: backend.name, what, tail: tail(&log, 25) })
        }
    }
}

fn launch(shell: &Shell, backend: &Backend, installed: &Installed, site: &Site) -> Result<(Server, Child)> {
    let log = site::state(shell, backend.name).join("server.log");
    let command = (backend.start)(shell, installed, site)?;
    let child = process::spawn(&mut site::unprivileged(shell, command), &log)?;
    let process = process::identify(child.id(), &site.dir.display().to_string());
    let server = Server { process, log, ..running(backend, &installed.version, site.ports[0]) };
    server.write(&record_file(shell, backend))?;
    Ok((server, child))
}

fn running(backend: &Backend, version: &str, port: u16) -> Server {
    Server { running: true, url: (backend.address)(port), ..Server::stopped(backend.name, version) }
}

fn wait_until_ready(backend: &Backend, child: &mut Child, port: u16) -> std::result::Result<(), String> {
    let begin = Instant::now();
    while begin.elapsed() < backend.patience {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("it ended with {status} before it answered"));
        }
        if (backend.ready)(port) {
            return Ok(());
        }
        process::pause();
    }
    Err(format!("no answer within {} s", backend.patience.as_secs()))
}

/// Ends the backend's server, if one runs, and forgets it.
///
/// # Errors
/// When Docker cannot stop it or its record cannot be removed.
pub fn stop(shell: &Shell, backend: &Backend) -> Result<()> {
    let file = record_file(shell, backend);
    match recorded(shell, backend).map(|server| server.process) {
        Some(Some(process)) => end(shell, backend, &process),
        Some(None) => docker::down(shell, backend)?,
        None => {}
    }
    if file.exists() { fs::remove_file(&file).map_err(Error::file("remove", &file)) } else { Ok(()) }
}

fn end(shell: &Shell, backend: &Backend, process: &process::Identity) {
    if process::end(process, FAREWELL) == process::Ending::Killed {
        shell.note(format_args!("{}: it did not end by itself and was killed", backend.name));
    }
}

#[cfg(test)]
mod tests;
