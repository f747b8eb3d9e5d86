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
use connectors_service::protocol::Store;
use connectors_service::{Registry, secrets};
use serde_json::Value;

use crate::cli::{Cli, Command, SourceArgs};
use crate::server::{self, Server};
use crate::settings::{self, Settings};
use crate::{logging, private, registry, show};

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

/// What the commands of one run share.
struct Session {
    settings: Settings,
    registry: Registry,
    context: Context,
    /// Where marks are kept between syncs.
    marks: Option<PathBuf>,
    json: bool,
}

impl Session {
    /// Makes a source from its settings.
    fn connect(&self, arguments: &SourceArgs) -> Result<Box<dyn Connection>> {
        let source = self.registry.get(&arguments.name)?;
        let fields = source.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let values = self.settings.secrets().resolve(&settings::of_source(arguments, &names)?)?;
        secrets::meet_sensitive(&values, &fields);
        source.connect(&values, &self.context)
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

/// Opens the server, and the connectors and jobs that it keeps.
async fn open_store(session: &Session) -> Result<(Server, Store)> {
    let server = Server::open(&session.settings).await?;
    let store = Store::open(&server.client, session.settings.wants_connectors_api()).await?;
    Ok((server, store))
}

/// Opens both for as long as the work takes.
async fn with_store(session: &Session, work: impl AsyncFnOnce(&Store) -> Result<()>) -> Result<End> {
    let (server, store) = open_store(session).await?;
    let done = work(&store).await;
    server.close().await?;
    done.map(|()| End::Done)
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
    let registry = registry::registry(&settings.sources);
    let session = Session { settings, registry, context, marks, json: cli.global.json };
    match cli.command {
        Command::Sync(arguments) => sync::run(&session, &arguments).await,
        Command::Follow(arguments) => follow::run(&session, &arguments).await,
        Command::Search(arguments) => search::run(&session, &arguments).await,
        Command::Sources { name } => sources::run(&session, name.as_deref()),
        Command::Check { name, values, index } => {
            let source = name.map(|name| SourceArgs { name, values });
            check::run(&session, source.as_ref(), index.as_deref()).await
        }
        Command::Run => run::run(&session).await,
        Command::Login(asked) => login::run(&session, asked).await,
        Command::Apply(asked) => apply::run(&session, &asked).await,
        Command::Connector(asked) => connector::run(&session, asked).await,
        Command::Job(asked) => job::run(&session, asked).await,
        Command::Index(asked) => index::run(&session, asked).await,
        Command::Failures { index } => failures::run(&session, index.as_deref()).await,
        Command::Verify(arguments) => verify::run(&session, &arguments).await,
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
