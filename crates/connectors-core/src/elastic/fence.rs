//! What has to hold for a write to be sent.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Client, index};
use crate::{Error, Result};

type Check = dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync;

/// Checked before each request that writes: while it holds, bulks are sent; once it does not, nothing is.
///
/// A fence is made of a function: it returns why nothing may be written any more, such as a job that another worker
/// took over, a sync that was cancelled, or an index that was replaced.
#[derive(Clone, Default)]
pub struct Fence(Option<Arc<Check>>);

impl Fence {
    /// A fence that holds while this returns `Ok`.
    pub fn new<F>(check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self(Some(Arc::new(move || Box::pin(check()))))
    }

    /// A fence that holds while the index is the one with this uuid. Each check is a small request.
    #[must_use]
    pub fn same_index(client: &Client, index: &str, uuid: &str) -> Self {
        let (client, index, uuid): (_, Arc<str>, Arc<str>) = (client.clone(), index.into(), uuid.into());
        Self::new(move || {
            let (client, index, uuid) = (client.clone(), index.clone(), uuid.clone());
            async move { same(&index, &uuid, index::uuid(&client, &index).await?) }
        })
    }

    /// A fence that holds while both do; this one is checked first.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.0.is_none() {
            return other;
        }
        Self::new(move || {
            let (first, second) = (self.clone(), other.clone());
            async move {
                first.check().await?;
                second.check().await
            }
        })
    }

    /// Whether a write may be sent now.
    ///
    /// # Errors
    /// Why nothing may be written any more.
    pub async fn check(&self) -> Result<()> {
        match &self.0 {
            Some(check) => check().await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Fence" } else { "Fence(open)" })
    }
}

fn same(index: &str, expected: &str, found: Option<String>) -> Result<()> {
    let what = match found {
        Some(uuid) if uuid == expected => return Ok(()),
        Some(_) => "the index was replaced while it was written: what was written before is not in it",
        None => "the index was deleted while it was written",
    };
    Err(Error::unexpected(format!("{what}; run the sync again")).with("index", index))
}
