//! Jobs whose connectors are deleted.

use std::collections::HashSet;

use crate::protocol::{Connector, Store, SyncJob};

/// The connectors of these jobs that do not exist. A search does not show a connector that was made a moment
/// ago, so each one that it lacks is looked up by its id.
pub(super) async fn deleted<'a>(
    store: &Store,
    connectors: &[Connector],
    jobs: &'a [SyncJob],
) -> HashSet<&'a str> {
    let found: HashSet<&str> = connectors.iter().map(Connector::id).collect();
    let unseen: HashSet<&str> =
        jobs.iter().filter_map(SyncJob::connector_id).filter(|id| !found.contains(id)).collect();
    let mut deleted = HashSet::new();
    for id in unseen {
        match store.connector(id).await {
            Ok(None) => drop(deleted.insert(id)),
            Ok(Some(_)) => {}
            Err(error) => {
                tracing::warn!(connector = id, %error, "a connector was not looked up; its jobs are kept");
            }
        }
    }
    deleted
}
