//! Awaiting several things at once, and one thing for a limited time.

use std::time::Duration;

use connectors_core::{Error, Result};
use futures::StreamExt;

/// Requests of one pass at the same time.
const LIMIT: usize = 8;

/// The results of all of them, a few at a time, in the order in which they end.
pub(super) async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    futures::stream::iter(futures).buffer_unordered(LIMIT).collect().await
}

/// Gives up what the server does not answer in this time: a lease is lost by the clock, not by the server's patience.
///
/// # Errors
/// What `request` returns; `Transient` when it takes longer.
pub(super) async fn within(limit: Duration, request: impl Future<Output = Result<()>>) -> Result<()> {
    let late = |_| Err(Error::transient("Elasticsearch did not answer in time"));
    tokio::time::timeout(limit, request).await.unwrap_or_else(late)
}
