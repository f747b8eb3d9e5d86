//! A server that runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tokio::sync::OnceCell;

use super::keeper::{Keeper, Orders};
use super::ports::{self, GLANCE};
use super::{Backend, Installed, Machine};
use crate::Result;

/// Lines of a log that are shown with an error.
const LINES: usize = 25;

/// A running server: one of ours, which is killed when this is dropped, or one that was running before.
pub struct Server {
    address: String,
    port: u16,
    pub(super) version: String,
    pub(super) log: PathBuf,
    pub(super) group: i32,
    pub(super) keeper: Option<Keeper>,
}

impl Server {
    /// A server that somebody else started.
    pub(super) fn at(address: String) -> Self {
        Self { address, port: 0, version: String::new(), log: PathBuf::new(), group: 0, keeper: None }
    }

    /// The address for clients: that of the backend, or the one in the environment.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its port, where it is ours.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it; its data stay.
    ///
    /// # Errors
    /// When it is not ours.
    pub fn kill(&mut self) -> Result<()> {
        self.keeper()?.kill()
    }

    /// Starts it again over its data, and does not wait until it is ready.
    ///
    /// # Errors
    /// When it is not ours.
    pub fn restart(&mut self) -> Result<()> {
        self.group = self.keeper()?.restart()?;
        Ok(())
    }

    fn keeper(&mut self) -> Result<&mut Keeper> {
        self.keeper.as_mut().ok_or_else(|| "it was started by somebody else".into())
    }
}

/// One server for the whole process, started at its first use.
pub struct Shared {
    backend: fn() -> Backend,
    server: OnceCell<Server>,
}

impl Shared {
    /// Of this backend; for a `static`.
    #[must_use]
    pub const fn new(backend: fn() -> Backend) -> Self {
        Self { backend, server: OnceCell::const_new() }
    }

    /// The server.
    ///
    /// # Errors
    /// As [`Backend::start`]; the next call tries again.
    pub async fn get(&self) -> Result<&Server> {
        self.server.get_or_try_init(|| async { (self.backend)().start().await }).await
    }
}

/// The values of the placeholders.
struct Words {
    values: Vec<(&'static str, String)>,
}

impl Words {
    fn new([port, second]: [u16; 2], data: &Path, installed: &Installed) -> Self {
        let folder = installed.program.parent().unwrap_or(data);
        let mut values = vec![
            ("{port}", port.to_string()),
            ("{second_port}", second.to_string()),
            ("{data}", data.display().to_string()),
            ("{program}", installed.program.display().to_string()),
            ("{folder}", folder.display().to_string()),
        ];
        values.extend(installed.values.iter().map(|(name, path)| (*name, path.display().to_string())));
        Self { values }
    }

    fn fill(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Starts the backend as a container or a program, and waits until it is ready.
pub(super) async fn start(backend: &Backend, machine: &Machine) -> Result<Server> {
    let container = backend.compose.filter(|_| machine.has_docker());
    let installed = match container {
        Some(compose) => Installed { version: compose.version(machine), ..Installed::default() },
        None => backend.program.find(backend.name, machine).await?,
    };
    let turn = ports::turn(&machine.temporary).await?;
    let ports = ports::two_free(first_port(backend, machine)?)?;
    let data = tempfile::Builder::new()
        .prefix(&format!("connectors-{}-", backend.name))
        .tempdir_in(&machine.temporary)?;
    let words = Words::new(ports, data.path(), &installed);
    let (command, farewell) = match container {
        Some(compose) => compose.commands(machine, ports[0]),
        None => (prepared(backend, machine, (data.path(), &words)).await?, String::new()),
    };
    let log = machine.log.clone().unwrap_or_else(|| data.path().join("log"));
    let orders = Orders { command, folder: data.path(), log: &log, farewell: &farewell };
    let (keeper, group) = Keeper::start(&orders)?;
    // From here on the keeper removes it.
    drop(data.keep());
    let mut server = Server {
        address: words.fill(&backend.address),
        port: ports[0],
        version: installed.version,
        log,
        // What a container uses is not its client's.
        group: if container.is_some() { 0 } else { group },
        keeper: Some(keeper),
    };
    match until_ready(backend, &mut server, turn).await {
        Ok(()) => Ok(server),
        Err(error) => {
            Err(format!("{error}{}", tail(&fs::read_to_string(&server.log).unwrap_or_default())).into())
        }
    }
}

fn first_port(backend: &Backend, machine: &Machine) -> Result<u16> {
    let Some(compose) = backend.compose else { return Ok(backend.first_port) };
    let Some(text) = machine.variable(compose.port_variable) else { return Ok(backend.first_port) };
    text.parse().map_err(|_| format!("{} is `{text}`, which is no port", compose.port_variable).into())
}

/// The command of the server, after its files are written and the commands before it have run.
async fn prepared(backend: &Backend, machine: &Machine, (data, words): (&Path, &Words)) -> Result<Command> {
    for (name, text) in &backend.files {
        let path = data.join(name);
        fs::write(&path, words.fill(text))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    }
    let is_other = backend.not_as_root && machine.is_root;
    if is_other {
        machine.hand_over(data).await?;
    }
    let command = |program: &str, arguments: &[String]| {
        let mut command = if is_other { machine.as_user(program) } else { machine.command(program) };
        command
            .args(arguments.iter().map(|argument| words.fill(argument)))
            .current_dir(data)
            .env("HOME", data);
        command.envs(backend.variables.iter().map(|(name, value)| (*name, words.fill(value))));
        command
    };
    for before in &backend.before {
        let Some((program, arguments)) = before.split_first() else { continue };
        machine.run(command(&words.fill(program), arguments)).await?;
    }
    Ok(command(&words.fill("{program}"), &backend.arguments))
}

/// Waits until the server is ready; other servers may choose their ports once it listens.
async fn until_ready(backend: &Backend, server: &mut Server, turn: fs::File) -> Result<()> {
    let (begin, port, mut turn) = (Instant::now(), server.port, Some(turn));
    loop {
        let ready = async {
            super::accepts(port).await?;
            drop(turn.take());
            (backend.ready)(port).await
        };
        let left = backend.patience.saturating_sub(begin.elapsed());
        let failure = match tokio::time::timeout(left, ready).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".into(),
        };
        if let Some(ended) = server.keeper()?.ended()? {
            return Err(format!("it {ended} before it was ready").into());
        }
        if begin.elapsed() >= backend.patience {
            return Err(format!("not ready within {} s: {failure}", backend.patience.as_secs()).into());
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// The end of a log, each line indented.
pub(super) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("\n    {line}")).collect()
}
