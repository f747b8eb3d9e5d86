//! The commands, and how each may end.

mod apply;
mod check;
mod completions;
mod connector;
mod dry_run;
mod end;
mod failures;
mod follow;
mod index;
mod interrupts;
mod job;
mod login;
mod names;
mod privileges;
mod progress;
mod prompt;
mod rules;
mod run;
mod search;
mod session;
mod sources;
mod sync;
mod take_over;
mod verify;

#[cfg(test)]
pub(crate) use connector::COLUMNS as CONNECTORS;
pub(crate) use end::End;
#[cfg(test)]
pub(crate) use job::COLUMNS as JOBS;

use connectors_core::{Context, Result};
use connectors_service::secrets;

use crate::cli::{Cli, Command, SourceArgs};
use crate::settings::Settings;
use crate::show::{Times, Zone};
use crate::{logging, private, registry, server};
use session::Session;

/// Does what was asked.
pub(crate) async fn run(cli: Cli) -> Result<End> {
    if let Command::EmbeddedServer(asked) = cli.command {
        return server::serve(asked, cli.global.log.as_deref()).await.map(|()| End::Done);
    }
    if let Command::Completions { shell } = cli.command {
        return Ok(completions::run(shell));
    }
    let settings = Settings::load(&cli.global)?;
    logging::start(settings.log(), settings.log_format())?;
    settings.log_notes();
    let context = Context { limits: settings.limits(), mask: secrets::failure_mask(), ..Context::default() };
    let marks = settings.marks();
    if let Some(marks) = &marks {
        private::close_folder(marks)?;
    }
    let registry = registry::registry(&settings.sources);
    let zone = if cli.global.utc { Zone::Utc } else { Zone::Local };
    let times = Times::new(zone, context.clock.now());
    let session = Session { settings, registry, context, marks, json: cli.global.json, times };
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
        Command::Completions { .. } | Command::EmbeddedServer(_) => Ok(End::Done),
    }
}
