//! Who may read what.

use std::collections::BTreeMap;

use connectors_core::{Capabilities, Connection, Identity};
use futures::StreamExt;

use super::stage::{Stage, same_ids};
use super::{Broken, Outcome, Promise, broken, ensure, promises};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    fn counts(capabilities: Capabilities) -> bool {
        capabilities.access_control
    }
    promises![counts, identities_are_complete_and_unique, identities_carry_their_terms]
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
