//! The server that the program under test writes to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// A server that the program writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `elastic-embedded` at this path, in a process of its own that is killed and restarted at will.
    Embedded(PathBuf),
    /// One that runs already, at this address of HTTP.
    At(String),
}

/// A server that runs; one of our own can be killed.
pub(crate) struct Server {
    address: SocketAddr,
    own: Option<Own>,
}

/// A process with its data.
struct Own {
    program: PathBuf,
    data: PathBuf,
    process: Child,
    is_full: bool,
}

impl Server {
    /// Starts one over this folder, or takes the one that runs.
    pub(crate) async fn start(target: &Target, data: &Path) -> Result<Self> {
        match target {
            Target::At(url) => {
                let host = url.trim_start_matches("http://");
                let address = tokio::net::lookup_host(host).await?.next();
                Ok(Self { address: address.ok_or_else(|| format!("{url} has no address"))?, own: None })
            }
            Target::Embedded(program) => {
                let (process, address) = launch(program, data, None).await?;
                let own = Own { program: program.clone(), data: data.to_owned(), process, is_full: false };
                Ok(Self { address, own: Some(own) })
            }
        }
    }

    /// Where it listens now.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as an address of HTTP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// True when it can be killed.
    pub(crate) fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// True while it can't write large files.
    pub(crate) fn is_full(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_full)
    }

    /// Kills it without a farewell and starts it over the same data, with files of at most so many KiB.
    pub(crate) async fn restart(&mut self, room: Option<u64>) -> Result<()> {
        let Some(own) = &mut self.own else { return Ok(()) };
        own.process.kill().await?;
        own.is_full = room.is_some();
        (own.process, self.address) = launch(&own.program, &own.data, room).await?;
        Ok(())
    }

    /// Ends it, if it is ours.
    pub(crate) async fn end(mut self) -> Result<()> {
        match &mut self.own {
            Some(own) => Ok(own.process.kill().await?),
            None => Ok(()),
        }
    }
}

async fn launch(program: &Path, data: &Path, room: Option<u64>) -> Result<(Child, SocketAddr)> {
    let mut command = match room {
        Some(kib) => limited(program, kib),
        None => Command::new(program),
    };
    let log = std::fs::File::options().create(true).append(true).open(data.with_extension("log"))?;
    command.arg(data).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    // A log with a limit would end the process with it.
    command.stderr(if room.is_some() { Stdio::null() } else { log.into() });
    let mut process = command.spawn()?;
    let output = process.stdout.take().ok_or("the server has no output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    let url = line.ok_or("the server did not start")?;
    let address = url.trim_start_matches("http://").parse();
    Ok((process, address.map_err(|error| format!("the server told `{url}`: {error}"))?))
}

/// A command whose files can't become larger than so many KiB, as on a full disk.
pub(crate) fn limited(program: &Path, kib: u64) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &kib.to_string()]).arg(program);
    command
}
