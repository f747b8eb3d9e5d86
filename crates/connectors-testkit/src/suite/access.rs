//! Who may read what.

use std::collections::{BTreeMap, BTreeSet};

use connectors_core::{Capabilities, Change, Connection, Identity, Permissions, Rules};
use futures::StreamExt;

use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, broken, ensure, promises};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    fn counts(capabilities: Capabilities) -> bool {
        capabilities.access_control
    }
    fn counts_changes(capabilities: Capabilities) -> bool {
        capabilities.access_control && capabilities.incremental
    }
    let mut all = promises![
        counts,
        identities_are_complete_and_unique,
        identities_carry_their_terms,
        documents_carry_their_permissions_where_they_count,
        documents_carry_no_permissions_where_they_do_not_count,
        permissions_that_can_not_be_read_are_unknown,
    ];
    all.extend(promises![counts_changes, changes_carry_their_permissions]);
    all
}

async fn identities_are_complete_and_unique<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (identities, expected) = identities(stage).await?;
    let mut listed = BTreeMap::new();
    for identity in &identities {
        ensure(listed.insert(identity.id.clone(), ()).is_none(), || {
            format!("{} is listed twice", identity.id)
        })?;
    }
    same_ids(listed.keys(), expected.keys())
}

async fn identities_carry_their_terms<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let (identities, expected) = identities(stage).await?;
    for Identity { id, mut access, .. } in identities {
        access.sort();
        let mut wanted = expected.get(&id).cloned().unwrap_or_default();
        wanted.sort();
        ensure(access == wanted, || format!("{id}: {wanted:?} are expected, {access:?} are there"))?;
    }
    Ok(())
}

async fn documents_carry_their_permissions_where_they_count<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    stage.fixture.load(F::DOCUMENTS).await?;
    let listing = list(&*stage.connect_guarded()?).await?;
    stage.is_whole(&listing)?;
    let expected = permissions(stage)?;
    let mut listed = listing.documents.iter();
    listed.try_for_each(|(id, seen)| same(id, seen.permissions.as_ref(), &expected))
}

async fn documents_carry_no_permissions_where_they_do_not_count<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let listing = list(&*connection).await?;
    let carries = listing.documents.iter().find(|(_, seen)| seen.permissions.is_some());
    carries.map_or(Ok(()), |(id, seen)| {
        broken(format!("{id}: nobody asked who may read it, and {:?} was read", seen.permissions))
    })
}

async fn permissions_that_can_not_be_read_are_unknown<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    stage.fixture.load(F::DOCUMENTS).await?;
    let Some(closed) = stage.fixture.break_permissions().await? else {
        return Err(Broken::Untried("the fixture can't make permissions unreadable".into()));
    };
    let mut expected = permissions(stage)?;
    if expected.insert(closed.clone(), Permissions::Unknown).is_none() {
        let unlisted = format!("break_permissions() named {closed}, which is not expected to be listed");
        return Err(Broken::Fixture(unlisted.into()));
    }
    let listing = list(&*stage.connect_guarded()?).await;
    stage.fixture.mend().await?;
    let listing = listing?;
    stage.is_whole(&listing)?;
    let mut listed = listing.documents.iter();
    listed.try_for_each(|(id, seen)| same(id, seen.permissions.as_ref(), &expected))
}

async fn changes_carry_their_permissions<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    stage.fixture.load(F::DOCUMENTS).await?;
    let connection = stage.connect_guarded()?;
    let Some(incremental) = connection.incremental() else {
        return broken("advertised, but the connection has none of it");
    };
    let failed = |error| Broken::Source { doing: "asking for changes", error };
    let cursor = incremental.cursor().await.map_err(failed)?;
    let changed = stage.fixture.change(F::DOCUMENTS / 100).await?;
    let (expected, rules) = (permissions(stage)?, Rules::default());
    let mut changes = incremental.changes(cursor, &rules);
    let mut told = BTreeMap::new();
    while let Some(change) = changes.next().await {
        if let Change::Upsert(document) = change.map_err(failed)? {
            told.insert(document.id().as_str().to_owned(), document.into_parts().permissions);
        }
    }
    same_ids(told.keys(), &changed)?;
    told.iter().try_for_each(|(id, permissions)| same(id, permissions.as_ref(), &expected))
}

/// Who may read each document, as the fixture knows it.
fn permissions<F: Fixture>(stage: &Stage<F>) -> Result<BTreeMap<String, Permissions>, Broken> {
    let all = stage.fixture.expected().map(|(id, expected)| Some((id, expected.permissions?)));
    all.collect::<Option<_>>().ok_or_else(|| {
        Broken::Fixture("access control is advertised, but expected() tells no permissions".into())
    })
}

/// Broken unless the permissions are those expected; order and repetition of terms do not count.
fn same(id: &str, listed: Option<&Permissions>, expected: &BTreeMap<String, Permissions>) -> Outcome {
    let wanted = expected.get(id).map(in_order);
    let listed = listed.map(in_order);
    ensure(listed == wanted, || format!("{id}: {wanted:?} are expected, {listed:?} are there"))
}

fn in_order(permissions: &Permissions) -> Permissions {
    match permissions {
        Permissions::To(terms) => Permissions::To(BTreeSet::from_iter(terms.clone()).into_iter().collect()),
        other => other.clone(),
    }
}

type Terms = BTreeMap<String, Vec<String>>;

async fn identities<F: Fixture>(stage: &mut Stage<F>) -> Result<(Vec<Identity>, Terms), Broken> {
    let connection: Box<dyn Connection> = stage.loaded(F::DOCUMENTS).await?;
    let expected = stage.fixture.identities();
    if expected.is_empty() {
        return Err(Broken::Fixture("access control is advertised, but identities() is empty".into()));
    }
    let Some(access) = connection.access_control() else {
        return broken("advertised, but the connection has none of it");
    };
    let mut stream = access.identities();
    let mut identities = Vec::new();
    while let Some(identity) = stream.next().await {
        identities.push(identity.map_err(|error| Broken::Source { doing: "listing identities", error })?);
    }
    Ok((identities, expected))
}
