//! The embedded server: a process of its own, of this same program, which all commands on a data folder share.

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio, exit};
use std::time::Duration;

use connectors_core::config::Secret;
use connectors_core::elastic::{self, Auth, Client};
use connectors_core::{Error, Result, Retry};
use elastic_embedded::{Access, Options, Server, Shared};
use tokio::time::sleep;

use crate::cli::EmbeddedServer;
use crate::logging;
use crate::settings::Settings;

/// The hidden command that [`serve`] carries out.
const COMMAND: &str = "embedded-server";
/// The log of the server, in its data folder.
const LOG: &str = "log";
/// A server that was killed is there again in less than a second: so tries are many, and soon.
const RETRY: Retry = Retry {
    max: 120,
    initial: Duration::from_millis(50),
    multiplier: 1.5,
    longest: Duration::from_millis(300),
    longest_asked: Duration::from_secs(1),
};

/// Finds or starts the server of a data folder, and connects to it.
pub(super) async fn open(settings: &Settings, data: &Path) -> Result<(Shared, Client)> {
    let data = absolute(data)?;
    let (program, log) = (program(), settings.log().to_owned());
    let (open, folder) = (settings.is_embedded_open(), data.clone());
    let launch = move || {
        let mut command = command(&program, &folder, &log);
        command.args(open.then_some("--open"));
        command
    };
    let shared = Shared::open(&data, launch).await.map_err(|error| {
        Error::config("the embedded server did not start; set `elasticsearch.host` to use another")
            .caused_by(error)
    })?;
    let host = shared.url().parse().map_err(|error: url::ParseError| {
        Error::unexpected("the embedded server has no address").caused_by(error)
    })?;
    let mut elastic = settings.tuned(host);
    elastic.retry = RETRY;
    elastic.auth = shared.token().map_or(Auth::None, |token| Auth::ApiKey(Secret::new(token)));
    Ok((shared, connect(elastic).await?))
}

/// A server that is killed just now is there again soon.
async fn connect(elastic: elastic::Settings) -> Result<Client> {
    let mut delays = RETRY.delays();
    loop {
        match (Client::connect(elastic.clone()).await, delays.next()) {
            (Err(error), Some(delay)) if error.kind().is_passing() => sleep(delay).await,
            (connected, _) => return connected,
        }
    }
}

/// This program. The system's link to it leads there even when its file was replaced meanwhile; without it, as in a
/// root without `/proc`, the name goes by which it was called.
fn program() -> PathBuf {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        return link.to_owned();
    }
    let called = || env::args_os().next().unwrap_or_else(|| OsString::from("connectors"));
    env::current_exe().unwrap_or_else(|_| called().into())
}

fn command(program: &Path, data: &Path, log: &str) -> Command {
    let mut command = Command::new(program);
    command.args([COMMAND, "--log", log, "--data"]).arg(data).current_dir("/");
    std::os::unix::process::CommandExt::arg0(&mut command, "connectors");
    let lines = OpenOptions::new().create(true).append(true).open(data.join(LOG));
    command.stderr(lines.map_or_else(|_| Stdio::null(), Stdio::from));
    command
}

/// Serves a data folder until nobody uses it, and ends the process.
pub(crate) async fn serve(asked: EmbeddedServer, filter: Option<&str>) -> Result<()> {
    logging::start_bounded(filter.unwrap_or("warn"), &asked.data.join(LOG))?;
    let access = if asked.open { Access::Open } else { Access::Token };
    let served = Server::serve(Options { access, ..Options::new(asked.data) }).await;
    // At once: as soon as the folder's locks are free, nothing here may touch it any more.
    exit(i32::from(served.is_err()))
}
