//! The commands, and how each may end.

mod apply;
mod check;
mod connector;
mod failures;
mod follow;
mod index;
mod interrupts;
mod job;
mod login;
mod privileges;
mod progress;
mod prompt;
mod rules;
mod run;
mod search;
mod sources;
mod sync;
mod take_over;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use connectors_core::sync::{Options, Owner, Report, Status};
use connectors_core::{Connection, Context, Error, ErrorKind, Result};
use serde_json::Value;

use crate::cli::{Cli, Command, SourceArgs};
use crate::protocol::Store;
use crate::server::{self, Server};
use crate::settings::{self, Settings};
use crate::{logging, private, registry, secrets, show};

/// How a command ended; its number is the program's exit code, as `--help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done = 0,
    Failed = 1,
    Misused = 2,
    Partial = 3,
    Withheld = 4,
    Differs = 5,
    Stopped = 130,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end as u8)
    }
}

impl End {
    /// What an error ends the program with.
    pub(crate) fn of(error: &Error) -> Self {
        if error.kind() == ErrorKind::Config { Self::Misused } else { Self::Failed }
    }

    fn of_sync(report: &Report) -> Self {
        match report.status {
            Status::Completed | Status::Skipped => Self::Done,
            Status::Partial => Self::Partial,
            Status::Withheld | Status::Refused => Self::Withheld,
            Status::Stopped => Self::Stopped,
            Status::Failed => Self::Failed,
        }
    }
}

/// Everything that commands share.
struct Desk {
    settings: Settings,
    context: Context,
    /// Where marks are kept between syncs.
    marks: Option<PathBuf>,
    json: bool,
}

impl Desk {
    /// Makes a source from its settings.
    fn connect(&self, arguments: &SourceArgs) -> Result<Box<dyn Connection>> {
        let connector = registry::source(&arguments.name, &self.settings.sources)?;
        let fields = connector.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let values = self.settings.secrets().resolve(&settings::of_source(arguments, &names)?)?;
        secrets::meet_sensitive(&values, &fields);
        connector.connect(&values, &self.context)
    }

    /// Who keeps an index equal to a source that the command line names.
    fn owner(connection: &dyn Connection, arguments: &SourceArgs) -> Owner {
        Owner::Source { service_type: arguments.name.clone(), source: connection.source().origin() }
    }

    /// How syncs of a source are done.
    fn sync_options(&self, connection: &dyn Connection) -> Options {
        Options { document_level_security: connection.document_level_security(), ..self.settings.sync() }
    }

    /// One answer, for a program or for a person.
    fn say(&self, json: &Value, text: &str) {
        show::line(&if self.json { json.to_string() } else { text.to_owned() });
    }
}

/// A server and the connectors that are registered there.
struct Fleet {
    server: Server,
    store: Store,
}

impl Fleet {
    async fn open(desk: &Desk) -> Result<Self> {
        let server = Server::open(&desk.settings).await?;
        let store = Store::open(&server.client, desk.settings.wants_connectors_api()).await?;
        Ok(Self { server, store })
    }

    /// Opens it for as long as the work takes.
    async fn during(desk: &Desk, work: impl AsyncFnOnce(&Self) -> Result<()>) -> Result<End> {
        let fleet = Self::open(desk).await?;
        let done = work(&fleet).await;
        fleet.server.close().await?;
        done.map(|()| End::Done)
    }
}

/// Does what was asked.
pub(crate) async fn run(cli: Cli) -> Result<End> {
    if let Command::EmbeddedServer(asked) = cli.command {
        return server::serve(asked, cli.global.log.as_deref()).await.map(|()| End::Done);
    }
    let settings = Settings::load(&cli.global)?;
    logging::start(settings.log(), settings.log_format())?;
    let context = Context { limits: settings.limits(), mask: secrets::kept(), ..Context::default() };
    let marks = settings.marks();
    if let Some(marks) = &marks {
        private::close_folder(marks)?;
    }
    let desk = Desk { settings, context, marks, json: cli.global.json };
    match cli.command {
        Command::Sync(arguments) => sync::run(&desk, &arguments).await,
        Command::Follow(arguments) => follow::run(&desk, &arguments).await,
        Command::Search(arguments) => search::run(&desk, &arguments).await,
        Command::Sources { name } => sources::run(&desk, name.as_deref()),
        Command::Check { name, values, index } => {
            let source = name.map(|name| SourceArgs { name, values });
            check::run(&desk, source.as_ref(), index.as_deref()).await
        }
        Command::Run => run::run(&desk).await,
        Command::Login(asked) => login::run(&desk, asked).await,
        Command::Apply(asked) => apply::run(&desk, &asked).await,
        Command::Connector(asked) => connector::run(&desk, asked).await,
        Command::Job(asked) => job::run(&desk, asked).await,
        Command::Index(asked) => index::run(&desk, asked).await,
        Command::Failures { index } => failures::run(&desk, index.as_deref()).await,
        Command::Verify(arguments) => verify::run(&desk, &arguments).await,
        Command::EmbeddedServer(_) => Ok(End::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_have_a_code_of_their_own() {
        assert_eq!(End::of(&Error::config("x")), End::Misused);
        assert_eq!(End::of(&Error::transient("x")), End::Failed);
    }
}
