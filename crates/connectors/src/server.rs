//! The server that a command talks to: the one of the settings, or the embedded one.

use connectors_core::elastic::Client;
use connectors_core::{Error, Result};
use elastic_embedded::{Options, Server as Embedded};
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;

/// A connection, and the embedded server where that is what answers.
pub(crate) struct Server {
    /// The connection.
    pub(crate) client: Client,
    /// What answers, in words.
    pub(crate) shown: String,
    embedded: Option<Embedded>,
}

impl Server {
    /// Connects to `elasticsearch.host`, or starts the embedded server.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        if let Some(elastic) = settings.elastic()? {
            let host = elastic.host.host_str().unwrap_or_default().to_owned();
            let client = Client::connect(elastic).await?;
            let shown = format!("{} at {host}", client.engine());
            return Ok(Self { client, shown, embedded: None });
        }
        let data = settings.data()?;
        let shown = format!("the embedded server (no elasticsearch.host is set), data in {}", data.display());
        let embedded = Embedded::start(Options::new(data)).await.map_err(|error| {
            Error::config("the embedded server did not start; set `elasticsearch.host` to use another")
                .caused_by(error)
        })?;
        let host = embedded.url().parse().map_err(|error: url::ParseError| {
            Error::unexpected("the embedded server has no address").caused_by(error)
        })?;
        let client = Client::connect(settings.tuned(host)).await?;
        Ok(Self { client, shown, embedded: Some(embedded) })
    }

    /// The same; none when it is time to stop before anything answered.
    pub(crate) async fn open_until(settings: &Settings, stop: &CancellationToken) -> Result<Option<Self>> {
        tokio::select! {
            () = stop.cancelled() => Ok(None),
            opened = Self::open(settings) => opened.map(Some),
        }
    }

    /// Ends the embedded server, if it is ours.
    pub(crate) async fn close(self) -> Result<()> {
        let Some(embedded) = self.embedded else { return Ok(()) };
        embedded
            .stop()
            .await
            .map_err(|error| Error::unexpected("the embedded server did not end well").caused_by(error))
    }
}
