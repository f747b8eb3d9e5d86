//! The server that a command talks to: the one of the settings, or the embedded one.

mod embedded;

use connectors_core::Result;
use connectors_core::elastic::Client;
use elastic_embedded::Shared;
use tokio_util::sync::CancellationToken;

pub(crate) use self::embedded::serve;
use crate::settings::Settings;

/// A connection, and the embedded server where that is what answers.
pub(crate) struct Server {
    /// The connection.
    pub(crate) client: Client,
    /// What answers, in words.
    pub(crate) shown: String,
    embedded: Option<Shared>,
}

impl Server {
    /// Connects to `elasticsearch.host`, or to the embedded server, which is started where none runs.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        if let Some(elastic) = settings.elastic()? {
            let host = elastic.host.host_str().unwrap_or_default().to_owned();
            let client = Client::connect(elastic).await?;
            let shown = format!("{} at {host}", client.engine());
            return Ok(Self { client, shown, embedded: None });
        }
        let data = settings.data()?;
        let shown = format!("the embedded server (no elasticsearch.host is set), data in {}", data.display());
        let (embedded, client) = embedded::open(settings, &data).await?;
        Ok(Self { client, shown, embedded: Some(embedded) })
    }

    /// The same; none when it is time to stop before anything answered.
    pub(crate) async fn open_until(settings: &Settings, stop: &CancellationToken) -> Result<Option<Self>> {
        tokio::select! {
            () = stop.cancelled() => Ok(None),
            opened = Self::open(settings) => opened.map(Some),
        }
    }

    /// Lets the server go; an embedded one ends when nobody uses it any more.
    pub(crate) async fn close(self) -> Result<()> {
        if let Some(embedded) = self.embedded {
            embedded.close().await;
        }
        Ok(())
    }
}
