//! Whose an index is, before a connector is given it.

use connectors_core::elastic::index::{self, check_content_name};
use connectors_core::sync::{Owner, give};
use connectors_core::{Error, Result};

use crate::protocol::{Kind, Store};

/// What happens where an index belongs to another connector or to another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It is an error: each would delete the documents of the other.
    Refuse,
    /// The index is taken over.
    TakeOver,
}

/// An index that a connector may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) index: String,
    /// True where the index names another owner, and is to name this connector.
    pub(crate) is_transferred: bool,
}

impl Target {
    /// Checks an index for a new connector, whose id is given if it is known.
    ///
    /// # Errors
    /// `Config` for a name that is none, and for an index of somebody else, with the owner and the ways out; when the server
    /// can't be asked.
    pub async fn check(
        store: &Store,
        index: &str,
        connector: Option<&str>,
        conflict: Conflict,
    ) -> Result<Self> {
        check_content_name(index)?;
        let is_transferred = match conflict {
            Conflict::TakeOver => true,
            Conflict::Refuse => {
                is_free(store, index).await?;
                is_orphaned(store, index, connector).await?
            }
        };
        Ok(Self { index: index.to_owned(), is_transferred })
    }
}

/// Refuses an index that another connector keeps: each would delete the documents of the other.
async fn is_free(store: &Store, index: &str) -> Result<()> {
    store.refresh(Kind::Connector).await?;
    let connectors = store.connectors().await?;
    let keeper = connectors.iter().find(|connector| connector.index_name() == Some(index));
    let Some(keeper) = keeper else { return Ok(()) };
    let message = format!(
        "another connector keeps this index, and each would delete the documents of the other; take another index, delete that connector (`connectors connector delete {}`), or say `--take-over`",
        keeper.id()
    );
    Err(Error::config(message).with("index", index).with("connector", keeper.name()))
}

/// True for an index whose connector was deleted, which is free to be given to another one.
///
/// # Errors
/// `Config` for an index that belongs to somebody else than this connector, with the owner and both ways out.
pub(crate) async fn is_orphaned(store: &Store, index: &str, connector: Option<&str>) -> Result<bool> {
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
pub(crate) async fn transfer(store: &Store, index: &str, connector: &str) -> Result<()> {
    give(store.client(), index, &owned_by(connector)).await.map(drop)
}

fn owned_by(connector: &str) -> Owner {
    Owner::Connector { connector: connector.to_owned() }
}
