//! Servers that end with the work that needs them: when it is done, when it fails, and when it is interrupted.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::server::Server;
use super::{Backend, lifecycle};
use crate::error::{Error, Result};
use crate::shell::Shell;

/// Runs `body` with these backends up. Those that did not run before are stopped afterwards, whatever happens.
///
/// # Errors
/// When a server cannot be started, or `body` fails.
pub fn with<T>(
    shell: &Shell,
    backends: &[&'static Backend],
    body: impl FnOnce(&[Server]) -> Result<T>,
) -> Result<T> {
    let mut guard = Guard::new(shell)?;
    let servers: Vec<Server> = backends.iter().map(|backend| guard.start(backend)).collect::<Result<_>>()?;
    body(&servers)
}

/// Stops the servers that were started through it when it is dropped, or when the process is asked to end.
pub struct Guard {
    shell: Shell,
    started: Started,
    signals: Handle,
    listener: Option<JoinHandle<()>>,
}

type Started = Arc<Mutex<Vec<&'static Backend>>>;

impl Guard {
    /// A guard over nothing yet, which from now on answers Ctrl-C, SIGTERM and SIGHUP.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn new(shell: &Shell) -> Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|cause| Error::Start { command: "the listener for signals".into(), cause })?;
        let handle = signals.handle();
        let started = Started::default();
        let (theirs, shell_of_listener) = (Arc::clone(&started), shell.clone());
        let listener = std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                stop_all(&shell_of_listener, &theirs);
                std::process::exit(128 + signal);
            }
        });
        Ok(Self { shell: shell.clone(), started, signals: handle, listener: Some(listener) })
    }

    /// Starts a backend, unless it runs already: then it is not this guard's to stop.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, backend: &'static Backend) -> Result<Server> {
        let server = lifecycle::status(&self.shell, backend);
        if server.running {
            self.shell.note(format_args!("{} runs already", backend.name));
            return Ok(server);
        }
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(backend);
        lifecycle::start(&self.shell, backend)
    }

    /// Lets the servers live on.
    pub fn keep(self) {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(listener) = self.listener.take() {
            // It has nothing to say, and a panic in it was printed already.
            let _ = listener.join();
        }
        stop_all(&self.shell, &self.started);
    }
}

fn stop_all(shell: &Shell, started: &Started) {
    let mut started = started.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(backend) = started.pop() {
        if let Err(error) = lifecycle::stop(shell, backend) {
            shell.note(format_args!("error: {error}"));
        }
    }
}

#[cfg(test)]
mod tests;
