//! What goes wrong, decided per request by a script.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

use super::fake::{Kept, Seen};

/// Decides for each request what goes wrong with it.
pub(crate) type Script = Box<dyn FnMut(&Call) -> Fault + Send>;

/// A request as a script sees it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The how manieth bulk into a content index this is, from 1; 0 for anything else.
    pub(crate) bulk: usize,
    /// Ids of a bulk, in order.
    pub(crate) ids: Vec<String>,
    /// Ids of a bulk that are to be deleted.
    pub(crate) deletes: Vec<String>,
    /// Bytes of the body before compression.
    pub(crate) bytes: usize,
    /// Whether it is a search for documents with ignored fields.
    pub(crate) is_for_ignored: bool,
}

impl Call {
    pub(crate) fn of(seen: &Seen, kept: &Kept) -> Self {
        let is_bulk = seen.path.ends_with("/_bulk") && !seen.path.contains(".connectors-failures");
        let (mut ids, mut deletes) = (Vec::new(), Vec::new());
        let mut lines = seen.body.lines().filter(|_| is_bulk);
        while let Some(line) = lines.next() {
            let Ok(action) = serde_json::from_str::<Value>(line) else { break };
            if action.get("update").is_some() {
                lines.next();
                continue;
            }
            let is_delete = action.get("delete").is_some();
            let name = if is_delete { "delete" } else { "index" };
            let id = action[name]["_id"].as_str().unwrap_or_default().to_owned();
            if is_delete {
                deletes.push(id.clone());
            } else {
                lines.next();
            }
            ids.push(id);
        }
        let bulk = if is_bulk { kept.bulks + 1 } else { 0 };
        let (method, path) = (seen.method.clone(), seen.path.clone());
        Self {
            method,
            path,
            bulk,
            ids,
            deletes,
            bytes: seen.body.len(),
            is_for_ignored: seen.path.ends_with("/_search") && seen.body.contains("_ignored"),
        }
    }

    pub(crate) fn is_bulk(&self) -> bool {
        self.bulk > 0
    }

    pub(crate) fn is_search(&self) -> bool {
        self.path.ends_with("/_search")
    }

    /// The same status for each of these items.
    pub(crate) fn items(&self, status: u16, wanted: impl Fn(&str) -> bool) -> Fault {
        let picked = self.ids.iter().filter(|id| wanted(id));
        Fault::Items(picked.map(|id| (id.clone(), status)).collect())
    }
}

/// What goes wrong with one request.
pub(crate) enum Fault {
    None,
    /// The whole request is answered with this status.
    Status(u16),
    /// The same, with a `Retry-After` in seconds.
    RetryAfter(u16, u64),
    /// These items of a bulk are answered with this status and not applied.
    Items(Vec<(String, u16)>),
    /// The connection breaks before anything is done.
    DropBefore,
    /// The connection breaks when everything is done.
    DropAfter,
    /// Everything is done, and the connection breaks half way through the answer.
    Half,
    /// Everything is done, and half of the answer arrives as if it were all.
    Shortened,
    /// Everything is done, and the answer is changed.
    Change(fn(&mut Value)),
    /// Done and answered once this is notified.
    Hold(Arc<Notify>),
}
