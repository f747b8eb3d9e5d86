//! The server that a source is tested with: started for the test program, and ended with it, even if that is killed.
//!
//! A source declares its server once:
//!
//! ```
//! use connectors_testkit::backend::{Backend, Program};
//!
//! fn redis() -> Backend {
//!     Backend::new("redis", Program::named("redis-server").apt(&["redis-server"]))
//!         .arguments("--bind 127.0.0.1 --port {port} --dir {data}")
//! }
//!
//! fn postgresql() -> Backend {
//!     Backend::new("postgresql", Program::named("/usr/lib/postgresql/15/bin/postgres").apt(&["postgresql-15"]))
//!         .not_as_root()
//!         .before("{folder}/initdb -D {data}/db -U root -A trust -N")
//!         .arguments("-D {data}/db -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c wal_level=logical")
//!         .address("postgresql://root@127.0.0.1:{port}/postgres")
//!         .compose("postgresql", "POSTGRESQL_PORT")
//!         .running("CONNECTORS_POSTGRESQL")
//! }
//! # assert!(!redis().is_left_out() && !postgresql().is_left_out());
//! ```
//!
//! Its fixture starts one for the whole program if it can empty it: `static SERVER: Shared = Shared::new(redis)`, then
//! `SERVER.get().await?.address()`.
//!
//! Placeholders in arguments, variables, files and the address: `{port}`, `{second_port}`, `{data}` (an empty folder, removed at
//! the end), `{program}`, and `{folder}`, the folder of the program.
//!
//! A server whose address is in the environment is used as it is. Otherwise the source's `docker/NAME/compose.yml` is used if a
//! Docker engine answers, and else the program. `cargo xtask backend start NAME` starts the same server until it is stopped.

pub(crate) mod command;
mod compose;
mod elastic;
mod keeper;
mod lasting;
mod machine;
mod ports;
mod program;
mod server;

pub use elastic::{elasticsearch, opensearch};
pub use machine::Machine;
pub use program::{Installed, Program};
pub use server::{Server, Shared};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use futures::future::BoxFuture;

use crate::Result;

/// Succeeds if the server at this port is ready.
type Probe = Arc<dyn Fn(u16) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A server: its program, how that is started, and when it is ready.
#[derive(Clone)]
pub struct Backend {
    name: &'static str,
    program: Program,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    files: Vec<(&'static str, String)>,
    before: Vec<Vec<String>>,
    not_as_root: bool,
    compose: Option<compose::Compose>,
    running: Option<&'static str>,
    left_out: Option<&'static str>,
    address: String,
    first_port: u16,
    ready: Probe,
    patience: Duration,
}

impl Backend {
    /// A server of this name, run by a program. It is ready when it accepts connections, its address is
    /// `127.0.0.1:{port}`, and it is given a minute to start.
    #[must_use]
    pub fn new(name: &'static str, program: Program) -> Self {
        Self {
            name,
            program,
            arguments: Vec::new(),
            variables: Vec::new(),
            files: Vec::new(),
            before: Vec::new(),
            not_as_root: false,
            compose: None,
            running: None,
            left_out: None,
            address: "127.0.0.1:{port}".into(),
            first_port: 20_000,
            ready: Arc::new(|_| Box::pin(async { Ok(()) })),
            patience: Duration::from_secs(60),
        }
    }

    /// Further arguments of the program, separated by spaces.
    #[must_use]
    pub fn arguments(mut self, arguments: &str) -> Self {
        self.arguments.extend(arguments.split_whitespace().map(str::to_owned));
        self
    }

    /// One more argument, which may be empty or have spaces in it.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A variable of the program's environment.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// A file in `{data}`, which nobody but the server may read.
    #[must_use]
    pub fn file(mut self, name: &'static str, text: &str) -> Self {
        self.files.push((name, text.to_owned()));
        self
    }

    /// A command that must succeed before the server is started, its words separated by spaces.
    #[must_use]
    pub fn before(mut self, command: &str) -> Self {
        self.before.push(command.split_whitespace().map(str::to_owned).collect());
        self
    }

    /// If we are root, the program runs as the system user `connectors-backend`, created if needed.
    #[must_use]
    pub fn not_as_root(mut self) -> Self {
        self.not_as_root = true;
        self
    }

    /// The compose file `docker/FOLDER/compose.yml`, which binds the port that the variable names.
    #[must_use]
    pub fn compose(mut self, folder: &'static str, port_variable: &'static str) -> Self {
        self.compose = Some(compose::Compose { folder, port_variable });
        self
    }

    /// The variable of the environment that holds the address of a server that runs already.
    #[must_use]
    pub fn running(mut self, variable: &'static str) -> Self {
        self.running = Some(variable);
        self
    }

    /// The environment variable that leaves out its tests if it is `1`.
    #[must_use]
    pub fn left_out_by(mut self, variable: &'static str) -> Self {
        self.left_out = Some(variable);
        self
    }

    /// The address for clients.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The first port that is tried; below 32768, where the system hands out those of outgoing connections.
    #[must_use]
    pub fn first_port(mut self, port: u16) -> Self {
        self.first_port = port;
        self
    }

    /// It is ready when it accepts connections and this probe of its port succeeds; the probe is repeated until then.
    #[must_use]
    pub fn ready<F>(mut self, probe: impl Fn(u16) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.ready = Arc::new(move |port| Box::pin(probe(port)));
        self
    }

    /// It is ready when a `GET` of this path returns a success status.
    #[must_use]
    pub fn ready_at(self, path: &'static str) -> Self {
        self.ready(move |port| async move {
            let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await?;
            Ok(answer.error_for_status().map(drop)?)
        })
    }

    /// How long it may take to start.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Its name, as `cargo xtask backend` knows it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn left_out_on(&self, machine: &Machine) -> Option<&'static str> {
        self.left_out.filter(|name| machine.variable(name) == Some("1"))
    }

    /// Whether the environment leaves out its tests; says so on the error output.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that is left out must not pass in silence")]
    pub fn is_left_out(&self) -> bool {
        let variable = self.left_out_on(&Machine::of_process());
        if let Some(variable) = variable {
            eprintln!("skipped: {variable}=1 leaves out the tests that need {}", self.name);
        }
        variable.is_some()
    }

    /// The server that the environment names, else one that is started: a container if a Docker engine answers, or a
    /// process. It ends when it is dropped, and with this process, even if that is killed.
    ///
    /// # Errors
    /// What is missing and how to install it, or why it did not start, with the end of its log. Nothing is left running.
    pub async fn start(&self) -> Result<Server> {
        if ALONE.load(Relaxed) {
            return self.start_program().await;
        }
        let named = self.running.and_then(|name| std::env::var(name).ok());
        match named.filter(|address| !address.is_empty()) {
            Some(address) => Ok(Server::at(address)),
            None => self.start_on(&Machine::of_process()).await,
        }
    }

    /// A process of its own, never a container or a shared server: for tests that pass other arguments or kill it.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_program(&self) -> Result<Server> {
        Self { compose: None, ..self.clone() }.start_on(&Machine::of_process()).await
    }

    /// Starts it on this machine.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_on(&self, machine: &Machine) -> Result<Server> {
        if let Some(variable) = self.left_out_on(machine) {
            return Err(format!("{}: {variable}=1 says to do without", self.name).into());
        }
        server::start(self, machine).await.map_err(|error| format!("{}: {error}", self.name).into())
    }
}

/// From now on this process shares no server: it starts each as a program, since it injects faults into them.
pub(crate) fn stay_alone() {
    ALONE.store(true, Relaxed);
}

static ALONE: AtomicBool = AtomicBool::new(false);

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("name", &self.name).finish_non_exhaustive()
    }
}

async fn accepts(port: u16) -> Result<()> {
    Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.map(drop)?)
}

#[cfg(test)]
mod tests;
