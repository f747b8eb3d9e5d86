//! Documents that another tool wrote: those without `_sync`.

use serde_json::{Value, json};

use super::hit::marked;
use super::pit::{PointInTime, Reading};
use crate::Result;
use crate::elastic::{Client, index};

/// How many documents of an index carry no mark, as of the last refresh. A copy of a document of ours carries one, and is
/// found by [`locate`](super::locate).
///
/// # Errors
/// When the server can't be asked.
pub async fn count_unmarked(client: &Client, index: &str) -> Result<u64> {
    index::count(client, index, &without_mark()).await
}

/// The `_id`s of the documents of an index that carry no mark, page by page, so that memory does not grow with them.
pub struct Unmarked<'a> {
    pit: Option<PointInTime<'a>>,
    /// What is still to be read.
    open: Vec<Reading<'static>>,
}

impl<'a> Unmarked<'a> {
    /// Over an index as it is now, its last refresh counted; where every document carries a mark, there is no page.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub async fn open(client: &'a Client, index: &'a str) -> Result<Self> {
        if count_unmarked(client, index).await? == 0 {
            return Ok(Self { pit: None, open: Vec::new() });
        }
        let pit = PointInTime::open(client, index).await?;
        Ok(Self { pit: Some(pit), open: vec![Reading::all(without_mark())] })
    }

    /// The next page; none at the end, and after an error.
    ///
    /// # Errors
    /// When the server can't be asked, or answers for some shards only.
    pub async fn next(&mut self) -> Result<Option<Vec<String>>> {
        let Some(pit) = &self.pit else { return Ok(None) };
        let page = pit.ids(&mut self.open).await;
        if !matches!(page, Ok(Some(_)))
            && let Some(pit) = self.pit.take()
        {
            pit.close().await;
        }
        Ok(page?.map(|hits| hits.into_iter().filter_map(|hit| hit.id).collect()))
    }
}

fn without_mark() -> Value {
    json!({ "bool": { "must_not": [marked()] } })
}
