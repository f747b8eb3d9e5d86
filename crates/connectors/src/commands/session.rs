//! What the commands of one run share, and the server that they talk to.

use std::path::PathBuf;

use connectors_core::sync::{Options, Owner};
use connectors_core::{Connection, Context, Result};
use connectors_service::protocol::Store;
use connectors_service::{Registry, secrets};
use serde_json::Value;

use super::end::End;
use crate::cli::SourceArgs;
use crate::server::Server;
use crate::settings::{self, Settings};
use crate::show::{self, Times};

/// What the commands of one run share.
pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) registry: Registry,
    pub(super) context: Context,
    /// Where marks are kept between syncs.
    pub(super) marks: Option<PathBuf>,
    /// Whether answers are JSON.
    pub(super) json: bool,
    /// How times are shown.
    pub(super) times: Times,
}

impl Session {
    /// Makes a source from its settings.
    pub(super) fn connect(&self, arguments: &SourceArgs) -> Result<Box<dyn Connection>> {
        let source = self.registry.get(&arguments.name)?;
        let fields = source.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let values = self.settings.secrets().resolve(&settings::of_source(arguments, &names)?)?;
        secrets::mask_sensitive(&values, &fields);
        source.connect(&values, &self.context)
    }

    /// Who keeps an index equal to a source that the command line names.
    pub(super) fn owner(connection: &dyn Connection, arguments: &SourceArgs) -> Owner {
        Owner::Source { service_type: arguments.name.clone(), source: connection.source().origin() }
    }

    /// How syncs of a source are done.
    pub(super) fn sync_options(&self, connection: &dyn Connection) -> Options {
        Options { document_level_security: connection.document_level_security(), ..self.settings.sync() }
    }

    /// One answer, for a program or for a person.
    pub(super) fn say(&self, json: &Value, text: &str) {
        show::line(&if self.json { json.to_string() } else { text.to_owned() });
    }
}

/// Opens the server, and the connectors and jobs that it keeps.
pub(super) async fn open_store(session: &Session) -> Result<(Server, Store)> {
    let server = Server::open(&session.settings).await?;
    let store = Store::open(&server.client, session.settings.wants_connectors_api()).await?;
    Ok((server, store))
}

/// Opens both for as long as the work takes.
pub(super) async fn with_store(
    session: &Session,
    work: impl AsyncFnOnce(&Store) -> Result<()>,
) -> Result<End> {
    let (server, store) = open_store(session).await?;
    let done = work(&store).await;
    server.close().await?;
    done.map(|()| End::Done)
}
