//! Faults of a whole index, which every operation of a bulk is refused for: one error in place of one for each document.

use super::answer::Outcome;
use super::batch::{Kind, Sealed};
use crate::{Error, ErrorKind};

/// Fields that every document of a sync has: an index that does not take them takes no document.
const OURS: [&str; 4] = ["[_sync]", "[id]", "[_timestamp]", "[_allow_access_control]"];

/// Why nothing can be written into the index, or nothing deleted: what all documents of a bulk, or all its deletes, are refused
/// for. None where some came through, or where each has a reason of its own.
pub(super) fn fault(batch: &Sealed, outcomes: &[Outcome]) -> Option<Error> {
    let of = |deletes: bool| {
        let pairs =
            batch.items().zip(outcomes).filter(move |(item, _)| (item.kind == Kind::Delete) == deletes);
        let mut faults = pairs.map(|(_, outcome)| Fault::of(outcome));
        let first = faults.next()??;
        faults.all(|other| other.is_some_and(|other| other.what == first.what)).then_some((first, deletes))
    };
    let (fault, deletes) = of(false).or_else(|| of(true))?;
    Some(fault.error(deletes))
}

/// Whether an operation was refused for a fault of its index.
pub(super) fn is_fault(outcome: &Outcome) -> bool {
    Fault::of(outcome).is_some()
}

/// What the server says of a disk that is full, in an error that names the fix.
pub(super) fn waited_for(outcome: &Outcome) -> Error {
    let block = outcome.kind() == Some("cluster_block_exception");
    match block {
        true => Fault { what: What::Block, reason: outcome.reason() }.error(false),
        false => Error::transient("Elasticsearch kept asking to wait").with("reason", outcome.reason()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Block,
    Closed,
    Gone,
    Denied,
    Routing,
    NoWriteIndex,
    Strict,
}

struct Fault {
    what: What,
    reason: String,
}

impl Fault {
    fn of(outcome: &Outcome) -> Option<Self> {
        let kind = outcome.kind().filter(|_| !outcome.may_pass())?;
        let reason = outcome.reason();
        let what = match kind {
            "cluster_block_exception" => What::Block,
            "index_closed_exception" => What::Closed,
            "index_not_found_exception" => What::Gone,
            "security_exception" => What::Denied,
            "routing_missing_exception" => What::Routing,
            "illegal_argument_exception" if reason.contains("no write index") => What::NoWriteIndex,
            "strict_dynamic_mapping_exception" if OURS.iter().any(|field| reason.contains(field)) => {
                What::Strict
            }
            _ => return None,
        };
        Some(Self { what, reason })
    }

    fn error(&self, deletes: bool) -> Error {
        let (kind, message) = match self.what {
            What::Block if is_disk(&self.reason) => (
                ErrorKind::Config,
                "the index is read-only, as a disk of Elasticsearch is nearly full (flood stage); free space on it, or raise \
                 `cluster.routing.allocation.disk.watermark.flood_stage`, and where the block stays then, remove it by \
                 `index.blocks.read_only_allow_delete: null`",
            ),
            What::Block => (
                ErrorKind::Config,
                "the index is blocked for writes; remove the block from its settings (`index.blocks.*`)",
            ),
            What::Closed => (ErrorKind::Config, "the index is closed; open it by `POST INDEX/_open`"),
            What::Gone => {
                (ErrorKind::Unexpected, "the index was deleted while it was written; run the sync again")
            }
            What::Denied if deletes => (
                ErrorKind::Denied,
                "these credentials may not delete documents; grant them the privilege `delete` on the index",
            ),
            What::Denied => (
                ErrorKind::Denied,
                "these credentials may not write documents; grant them the privilege `index` on the index",
            ),
            What::Routing => (
                ErrorKind::Config,
                "the mapping of the index requires routing, which documents of a sync do not have; sync into another index",
            ),
            What::NoWriteIndex => (
                ErrorKind::Config,
                "the alias has no write index; name one by `is_write_index`, or sync into an index",
            ),
            What::Strict => (
                ErrorKind::Config,
                "the mapping of the index is strict and lacks a field of the sync; add the field, or set `dynamic` to true",
            ),
        };
        Error::new(kind, message).with("reason", &self.reason)
    }
}

fn is_disk(reason: &str) -> bool {
    ["flood", "FORBIDDEN/12", "TOO_MANY_REQUESTS/12"].iter().any(|word| reason.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::batch::{Batch, Item};
    use super::*;

    fn batch(kinds: &[Kind]) -> Sealed {
        let mut batch = Batch::default();
        for (number, kind) in kinds.iter().enumerate() {
            let item =
                Item { id: format!("d{number}"), hash: number as u64, kind: *kind, mark: 0, scope: None };
            batch.push(item, |_, out| out.extend_from_slice(b"{}"));
        }
        batch.seal()
    }

    fn outcome(status: u16, kind: &str, reason: &str) -> Outcome {
        let error = json!({ "type": kind, "reason": reason });
        let outcome =
            if status < 300 { json!({"status": status}) } else { json!({"status": status, "error": error}) };
        serde_json::from_value(outcome).unwrap()
    }

    #[test]
    fn a_fault_of_the_index_is_one_error_that_names_the_fix() {
        let flood = "index [docs] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];";
        let write = "index [docs] blocked by: [FORBIDDEN/8/index write (api)];";
        let alias = "no write index is defined for alias [docs]. The write index may be explicitly disabled";
        let strict = "mapping set to strict, dynamic introduction of [_sync] within [_doc] is not allowed";
        for (status, kind, reason, message) in [
            (403, "cluster_block_exception", flood, "watermark.flood_stage"),
            (403, "cluster_block_exception", write, "index.blocks"),
            (400, "index_closed_exception", "closed", "_open"),
            (404, "index_not_found_exception", "no such index [docs]", "run the sync again"),
            (
                403,
                "security_exception",
                "action [indices:data/write/index] is unauthorized",
                "privilege `index`",
            ),
            (400, "routing_missing_exception", "routing is required for [docs]/[d0]", "requires routing"),
            (400, "illegal_argument_exception", alias, "is_write_index"),
            (400, "strict_dynamic_mapping_exception", strict, "dynamic"),
        ] {
            let refused = || outcome(status, kind, reason);
            let writes = batch(&[Kind::Create, Kind::Update, Kind::Delete]);
            let error = fault(&writes, &[refused(), refused(), outcome(200, "", "")]).unwrap().to_string();
            assert!(error.contains(message) && error.contains(reason), "{error}");
            assert!(
                fault(&writes, &[refused(), outcome(200, "", ""), refused()]).is_some(),
                "all deletes: {kind}"
            );
            let one = batch(&[Kind::Create, Kind::Update]);
            assert!(fault(&one, &[refused(), outcome(200, "", "")]).is_none(), "one came through: {kind}");
        }
        let unauthorized =
            outcome(403, "security_exception", "action [indices:data/write/delete] is unauthorized");
        let error = fault(&batch(&[Kind::Delete]), &[unauthorized]).unwrap();
        assert!(
            error.kind() == ErrorKind::Denied && error.to_string().contains("privilege `delete`"),
            "{error}"
        );
    }

    #[test]
    fn what_a_document_is_refused_for_is_its_own() {
        for (status, kind, reason) in [
            (400, "illegal_argument_exception", "Document contains at least one immense term"),
            (
                400,
                "strict_dynamic_mapping_exception",
                "dynamic introduction of [price] within [_doc] is not allowed",
            ),
            (400, "document_parsing_exception", "failed to parse field [when] of type [date]"),
            (
                429,
                "cluster_block_exception",
                "[TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]",
            ),
            (503, "unavailable_shards_exception", "primary shard is not active"),
            (404, "", "not found"),
        ] {
            let refused = || outcome(status, kind, reason);
            assert!(
                fault(&batch(&[Kind::Create, Kind::Create]), &[refused(), refused()]).is_none(),
                "{reason}"
            );
        }
    }
}
