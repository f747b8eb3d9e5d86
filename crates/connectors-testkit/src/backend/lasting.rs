//! Servers that stay until they are stopped: `cargo xtask backend`.
//!
//! Each has a folder below the build folder with its record, its log, and the named pipe of its keeper. It is running if
//! the pipe has a reader, so no process id is ever mistaken for another's.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::ports::{self, GLANCE};
use super::{Backend, Machine, Server};
use crate::Result;

/// How long a server may take to end.
const FAREWELL: Duration = Duration::from_secs(30);

/// A server, running or not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) running: bool,
    /// Where it answers.
    pub(crate) url: String,
    /// What it writes.
    pub(crate) log: PathBuf,
    /// The group of its processes; of a container's client, where it is one.
    pub(crate) group: i32,
}

impl Record {
    pub(crate) fn of(name: &str, server: &Server) -> Self {
        Self {
            name: name.to_owned(),
            version: server.version.clone(),
            running: true,
            url: server.address().to_owned(),
            log: server.log.clone(),
            group: server.group,
        }
    }
}

/// The state folder of the server of this name.
pub(crate) struct State {
    name: String,
    folder: PathBuf,
}

impl State {
    pub(crate) fn new(machine: &Machine, name: &str) -> Self {
        Self { name: name.to_owned(), folder: machine.backends.join(name) }
    }

    /// The server as it is now.
    pub(crate) fn record(&self) -> Record {
        let stopped = || Record { name: self.name.clone(), ..Record::default() };
        if self.listener().is_err() {
            return stopped();
        }
        let text = fs::read_to_string(self.folder.join("server.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|_| stopped())
    }

    /// Starts a server that stays, unless one runs; true when it was started now.
    ///
    /// # Errors
    /// As [`Backend::start`]; nothing is left then, nor when this process ends before it is ready.
    pub(crate) async fn start(&self, backend: &Backend, machine: &Machine) -> Result<(Record, bool)> {
        fs::create_dir_all(&self.folder)?;
        // If two start it at once, the second finds it running.
        let _alone = ports::lock(&self.folder.join("start.lock")).await?;
        let record = self.record();
        if record.running {
            return Ok((record, false));
        }
        let log = self.folder.join("server.log");
        File::create(&log)?;
        let machine = Machine { log: Some(log), ..machine.clone() };
        let mut server = backend.start_on(&machine).await?;
        let record = Record::of(&self.name, &server);
        fs::write(self.folder.join("server.json"), serde_json::to_string(&record)?)?;
        if let Some(keeper) = &mut server.keeper {
            keeper.last(&self.pipe())?;
        }
        Ok((record, true))
    }

    /// Ends the server, if one runs, and waits for that.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) async fn stop(&self) -> Result<()> {
        let begin = Instant::now();
        if let Ok(mut pipe) = self.listener() {
            pipe.write_all(b"end\n")?;
        }
        while self.listener().is_ok() {
            if begin.elapsed() > FAREWELL {
                return Err(format!("{}: it did not end within {} s", self.name, FAREWELL.as_secs()).into());
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    fn pipe(&self) -> PathBuf {
        self.folder.join("words")
    }

    /// The pipe to the keeper; an error where nobody listens.
    fn listener(&self) -> io::Result<File> {
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        File::options().write(true).custom_flags(nonblocking).open(self.pipe())
    }
}
