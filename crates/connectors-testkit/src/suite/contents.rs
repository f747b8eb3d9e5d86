//! Files that belong to documents.

use std::collections::BTreeSet;

use connectors_core::{Connection, Content, Rules};
use futures::{StreamExt, TryStreamExt};

use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, always, broken, ensure, promises};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![
        always,
        contents_are_as_expected,
        contents_can_be_read_twice,
        a_content_that_fails_leaves_its_document,
    ]
}

async fn contents_are_as_expected<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let contents = contents(stage).await?;
    let mut expected = stage.expected();
    expected.retain(|_, document| document.content.is_some());
    same_ids(contents.iter().map(|(id, _)| id), expected.keys())?;
    for (id, content) in &contents {
        let wanted = expected.get(id).and_then(|document| document.content.as_ref());
        let bytes = read(id, content).await?;
        ensure(wanted == Some(&bytes), || {
            let wanted = wanted.map_or(0, Vec::len);
            format!(
                "{id}: the content of {} bytes is not the one of {wanted} bytes that is there",
                bytes.len()
            )
        })?;
    }
    Ok(())
}

async fn contents_can_be_read_twice<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let mut given = BTreeSet::new();
    for (id, content) in contents(stage).await? {
        let (first, second) = (read(&id, &content).await?, read(&id, &content).await?);
        ensure(first == second, || {
            format!("{id}: {} bytes, read again {} other ones", first.len(), second.len())
        })?;
        given.insert(id);
    }
    if given.is_empty() { Err(Broken::Untried("no document has a content".into())) } else { Ok(()) }
}

/// The document is listed as if nothing were wrong; whoever opens the content gets an error, and no torn bytes.
async fn a_content_that_fails_leaves_its_document<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let Some(broken_id) = stage.fixture.break_a_content().await? else {
        return Err(Broken::Untried("the fixture can't break a content".into()));
    };
    stage.is_whole(&list(&*connection).await?)?;
    let contents = contents_of(&*connection).await?;
    let Some((_, content)) = contents.iter().find(|(id, _)| *id == broken_id) else {
        return broken(format!("{broken_id}: the content can't be read, and is told to be none at all"));
    };
    let read = read(&broken_id, content).await;
    ensure(read.is_err(), || {
        format!("{broken_id}: the content can't be read, and yet it was without an error")
    })?;
    Ok(stage.fixture.mend().await?)
}

async fn contents<F: Fixture>(stage: &mut Stage<F>) -> Result<Vec<(String, Content)>, Broken> {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    contents_of(&*connection).await
}

/// The contents of a listing, held until it is over: they must not depend on it.
async fn contents_of(connection: &dyn Connection) -> Result<Vec<(String, Content)>, Broken> {
    let rules = Rules::default();
    let mut documents = connection.source().documents(&rules);
    let mut contents = Vec::new();
    while let Some(listed) = documents.next().await {
        let parts = listed.map_err(|error| Broken::Source { doing: "listing", error })?.into_parts();
        contents.extend(parts.content.map(|content| (parts.id.into_string(), content)));
    }
    Ok(contents)
}

async fn read(id: &str, content: &Content) -> Result<Vec<u8>, Broken> {
    let pieces = async { content.open().await?.try_collect::<Vec<_>>().await };
    match pieces.await {
        Ok(pieces) => Ok(pieces.concat()),
        Err(error) => broken(format!("{id}: the content can't be read: {error}")),
    }
}
