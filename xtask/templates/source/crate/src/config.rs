//! Where the items are, and who reads them.

use connectors_core::config::Secret;
use url::Url;

connectors_core::config! {
    /// Where the items are, and who reads them.
    pub struct __Name__Config {
        /// Address of the server, such as `https://__name__.example.com`.
        #[label = "Server address"]
        pub host: Url,
        /// Id of the client that reads.
        #[label = "Client id"]
        pub client_id: String,
        /// Secret of the client, which needs the right `items.read` and nothing more.
        #[label = "Client secret"]
        pub client_secret: Secret,
        /// Calls to the server in a second, at the most.
        #[label = "Requests per second", between(1, 1000)]
        pub rate: u32 = 10,
        /// Calls to the server at the same time, at the most.
        #[label = "Concurrent requests", between(1, 100)]
        pub concurrency: usize = 5,
    }
}
