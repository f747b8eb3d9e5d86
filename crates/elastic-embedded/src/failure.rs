//! A refusal in the shape that Elasticsearch answers.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::tree::Tree;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// What the system says where there is no room, wherever the engine wrapped it in words.
const NO_ROOM: [&str; 3] = ["No space left on device", "Disk quota exceeded", "File too large"];

/// Why a request, or one item of it, was refused.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    status: u16,
    kind: &'static str,
    reason: String,
    extra: Map<String, Value>,
    cause: Option<Failure>,
}

impl Failure {
    pub(crate) fn new(status: u16, kind: &'static str, reason: impl Into<String>) -> Self {
        Failure(Box::new(Details { status, kind, reason: reason.into(), extra: Map::new(), cause: None }))
    }

    /// 400: an argument that makes no sense.
    pub(crate) fn argument(reason: impl Into<String>) -> Self {
        Failure::new(400, "illegal_argument_exception", reason)
    }

    /// 400: a body that can't be read as what the endpoint takes.
    pub(crate) fn parsing(reason: impl Into<String>) -> Self {
        Failure::new(400, "parsing_exception", reason)
    }

    /// 501: the real one may know this; this server does not.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Failure::new(
            501,
            "unsupported_operation_exception",
            format!("elastic-embedded does not support {what}"),
        )
    }

    pub(crate) fn index_not_found(name: &str) -> Self {
        Self::index_not_found_as(name, &format!("no such index [{name}]"))
    }

    /// The same, in these words.
    pub(crate) fn index_not_found_as(name: &str, reason: &str) -> Self {
        Failure::new(404, "index_not_found_exception", reason)
            .with("resource.type", "index_or_alias")
            .with("resource.id", name)
            .with("index_uuid", "_na_")
            .with("index", name)
    }

    /// 403: there is no room on the disk for a write, in the words of the real one's flood stage.
    pub(crate) fn disk_full(index: Option<&str>, folder: &Path) -> Self {
        let (index, folder) = (index.unwrap_or("_all"), folder.display());
        Failure::new(
            403,
            "cluster_block_exception",
            format!(
                "index [{index}] blocked by: [FORBIDDEN/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block]: the disk of [{folder}] is full; free space on it, and writes go on by themselves"
            ),
        )
    }

    fn full() -> Self {
        Failure::disk_full(None, Path::new("embedded.data"))
    }

    /// True where there was no room on the disk.
    pub(crate) fn is_of_a_full_disk(&self) -> bool {
        self.0.kind == "cluster_block_exception"
    }

    /// 500: the disk or the engine failed.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Failure::new(500, "exception", error.to_string())
    }

    /// Adds a member to the error object.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(key.to_owned(), value.into());
        self
    }

    pub(crate) fn caused_by(mut self, cause: Failure) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// Wraps a refusal of one index's part of a search, as a shard's failure is reported.
    pub(crate) fn of_shard(self, index: &str) -> Self {
        let status = self.0.status;
        if status == 501 || self.0.kind == "search_phase_execution_exception" {
            return self;
        }
        let shard = json!({"shard": 0, "index": index, "reason": self.object()});
        let mut outer = Failure::new(status, "search_phase_execution_exception", "all shards failed")
            .with("phase", "query")
            .with("grouped", true)
            .with("failed_shards", json!([shard]));
        outer.0.cause = Some(self);
        outer
    }

    pub(crate) fn reason(&self) -> &str {
        &self.0.reason
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.status
    }

    /// The error as an item of a bulk response carries it.
    pub(crate) fn object(&self) -> Value {
        let Details { kind, reason, extra, cause, .. } = &*self.0;
        let mut object = Map::new();
        object.insert("type".into(), (*kind).into());
        object.insert("reason".into(), reason.clone().into());
        object.extend(extra.clone());
        if let Some(cause) = cause {
            object.insert("caused_by".into(), cause.object());
        }
        Value::Object(object)
    }

    /// The whole response body.
    pub(crate) fn body(&self) -> Tree {
        let mut error = self.object();
        let root = match (&self.0.cause, self.0.kind) {
            (Some(cause), "search_phase_execution_exception") => cause.object(),
            _ => {
                let mut root = self.object();
                if let Some(members) = root.as_object_mut() {
                    members.remove("caused_by");
                }
                root
            }
        };
        error["root_cause"] = json!([root]);
        json!({"error": error, "status": self.0.status}).into()
    }
}

impl From<tantivy::TantivyError> for Failure {
    fn from(error: tantivy::TantivyError) -> Self {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |cause| cause.source());
        let full = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(is_full);
        let words = error.to_string();
        match full || NO_ROOM.iter().any(|said| words.contains(said)) {
            true => Failure::full(),
            false => Failure::internal(words),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if is_full(&error) { Failure::full() } else { Failure::internal(error) }
    }
}

/// True for an error that says that there is no room: of the disk, of this user's share of it, or in a file
/// as large as this process may write.
fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_full_disk_is_told_from_others() {
        let full = std::fs::write("/dev/full", "x").unwrap_err();
        assert!(is_full(&full) && !is_full(&std::io::ErrorKind::NotFound.into()));
        assert_eq!(Failure::from(full).status(), 403);
    }
}
