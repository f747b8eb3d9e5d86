//! Taking over an index: what is in it is shown, and somebody agrees, before anything is written.

use connectors_core::elastic::Client;
use connectors_core::sync::{Holding, holding};
use connectors_core::{Error, Result};

use super::prompt;
use super::session::Session;
use crate::show;

/// Shows what is in the index and asks; returns at once where there is nothing to take over.
///
/// # Errors
/// `Config` where nobody agrees; when the server can't be asked.
pub(super) async fn agreed(session: &Session, client: &Client, (index, yes): (&str, bool)) -> Result<()> {
    let Some(held) = holding(client, index).await?.filter(|held| held.documents > 0) else { return Ok(()) };
    show::note(&shown(index, &held));
    if yes {
        return Ok(());
    }
    if prompt::is_agreed(session, "take it over?")? {
        return Ok(());
    }
    Err(Error::config(
        "nothing was written: an index is taken over only after a yes; `--yes` says it beforehand",
    )
    .with("index", index))
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
    use connectors_core::sync::Owner;

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
