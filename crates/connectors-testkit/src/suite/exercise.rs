//! Everything that a sync asks of a source, once.

use connectors_core::{Connection, Content, Document, Error, Result, Rules};
use futures::StreamExt;

use crate::bodies::with_bodies;

/// Contents that are read.
const CONTENTS: usize = 20;

/// Calls all that a connection offers, gives way after each item, and hands back the errors.
pub(super) async fn exercise(connection: &dyn Connection) -> Vec<Error> {
    let source = connection.source();
    let mut errors = Vec::from_iter(source.ping().await.err());
    errors.extend(source.changed().await.err());
    errors.extend(documents(connection).await);
    errors.extend(changes(connection).await.err());
    if let Some(access) = connection.access_control() {
        let mut identities = access.identities();
        while let Some(identity) = identities.next().await {
            errors.extend(identity.err());
            tokio::task::yield_now().await;
        }
    }
    errors.extend(source.close().await.err());
    errors
}

async fn documents(connection: &dyn Connection) -> Vec<Error> {
    let rules = Rules::default();
    let mut documents = with_bodies(connection.source(), &rules);
    let (mut errors, mut contents) = (Vec::new(), 0);
    while let Some(listed) = documents.next().await {
        match listed.and_then(taken) {
            Ok(Some(content)) if contents < CONTENTS => {
                contents += 1;
                errors.extend(read(&content).await.err());
            }
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
        tokio::task::yield_now().await;
    }
    errors
}

/// Takes a document as a sync does: the body is serialised, the content kept.
fn taken(document: Document) -> Result<Option<Content>> {
    let parts = document.into_parts();
    parts.body.into_bytes()?;
    Ok(parts.content)
}

async fn read(content: &Content) -> Result<()> {
    let mut pieces = content.open().await?;
    while let Some(piece) = pieces.next().await {
        piece?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn changes(connection: &dyn Connection) -> Result<()> {
    let Some(incremental) = connection.incremental() else { return Ok(()) };
    let rules = Rules::default();
    let mut changes = incremental.changes(incremental.cursor().await?, &rules);
    while let Some(change) = changes.next().await {
        change?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
