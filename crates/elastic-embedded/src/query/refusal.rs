//! Queries that the type or the mapping of a field does not answer.

use crate::failure::Failure;

/// A query that a field's type does not answer.
pub(super) fn no_such_query(reason: String) -> Failure {
    let cause = Failure::argument(reason);
    Failure::new(400, "query_shard_exception", format!("failed to create query: {}", cause.reason()))
        .caused_by(cause)
}

pub(super) fn unindexed(path: &str) -> Failure {
    Failure::new(
        400,
        "query_shard_exception",
        format!(
            "failed to create query: Cannot search on field [{path}] since it is not indexed nor has doc values."
        ),
    )
}
