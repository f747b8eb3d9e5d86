//! Taking over an index: what is in it is shown, and somebody agrees, before anything is written.

use connectors_core::elastic::Client;
use connectors_core::elastic::index;
use connectors_core::sync::{Holding, Owner, give, holding};
use connectors_core::{Error, Result};

use super::{Desk, prompt};
use crate::protocol::Store;
use crate::show;

/// Shows what is in the index and asks; returns at once where there is nothing to take over.
///
/// # Errors
/// `Config` where nobody agrees; when the server can't be asked.
pub(super) async fn agreed(desk: &Desk, client: &Client, (index, yes): (&str, bool)) -> Result<()> {
    let Some(held) = holding(client, index).await?.filter(|held| held.documents > 0) else { return Ok(()) };
    show::note(&shown(index, &held));
    if yes {
        return Ok(());
    }
    let can_ask = prompt::is_possible() && !desk.json;
    if can_ask && matches!(prompt::line("take it over? [y/N]")?.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::config(
        "nothing was written: an index is taken over only after a yes; `--yes` says it beforehand",
    )
    .with("index", index))
}

/// Refuses an index that belongs to somebody else than this connector, if it is there and says so; true for one whose connector
/// was deleted, which is free to be given to another.
///
/// # Errors
/// `Config`, with the owner and both ways out.
pub(super) async fn check_owner(store: &Store, index: &str, connector: Option<&str>) -> Result<bool> {
    let owner = index::find(store.client(), index).await?.and_then(|existing| existing.meta.owner);
    let theirs = owner.filter(|owner| connector.is_none_or(|id| *owner != owned_by(id)));
    let Some(owner) = theirs else { return Ok(false) };
    if let Owner::Connector { connector } = &owner
        && store.connector(connector).await?.is_none()
    {
        return Ok(true);
    }
    Err(Error::config(format!(
        "the index belongs to {owner}, and each would delete the documents of the other: name another index, or take this one \
         over with `--take-over`"
    ))
    .with("index", index))
}

/// Makes an index this connector's, if it is there.
///
/// # Errors
/// When the server can't be asked, or refuses.
pub(super) async fn give_to(client: &Client, index: &str, connector: &str) -> Result<()> {
    give(client, index, &owned_by(connector)).await.map(drop)
}

fn owned_by(connector: &str) -> Owner {
    Owner::Connector { connector: connector.to_owned() }
}

fn shown(index: &str, held: &Holding) -> String {
    let owner = held.owner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    format!(
        "the index `{index}` belongs to {owner} and holds {} documents, {} of them written by another tool; those that the \
         source does not have will be deleted, unless they are more than the set share",
        held.documents, held.foreign
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_owner_are_shown() {
        let held = Holding { owner: None, documents: 7, foreign: 5 };
        let text = shown("docs", &held);
        assert!(
            text.contains("belongs to nobody and holds 7 documents, 5 of them written by another tool"),
            "{text}"
        );
        let owner = Some(Owner::Connector { connector: "c1".into() });
        assert!(shown("docs", &Holding { owner, ..held }).contains("belongs to the connector `c1`"));
    }
}
