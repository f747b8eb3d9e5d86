//! Opening the store.

use connectors_core::Result;
use connectors_core::elastic::Client;

use super::{Kind, PAGE, Store, api, indices};

impl Store {
    /// Makes the indices where they are not there, and learns whether the server has the connector API.
    ///
    /// # Errors
    /// When the server can't be reached or refuses the indices.
    pub async fn open(client: &Client, wants_api: bool) -> Result<Self> {
        let has_api = wants_api && api::is_available(client).await?;
        for kind in [Kind::Connector, Kind::Job] {
            indices::prepare(client, kind).await?;
        }
        Ok(Self { client: client.clone(), has_api, page: PAGE })
    }
}
