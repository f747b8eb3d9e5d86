//! What the server says of each item.

use serde::Deserialize;

use crate::elastic::client::is_passing;

/// What is asked for: enough to tell what became of each item, no more.
pub(super) const FILTER: &str =
    "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";
/// The same behind an ingest pipeline, which may drop a document: its result is then `noop`.
pub(super) const FILTER_PIPED: &str = "errors,items.*.status,items.*.result,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) items: Vec<Line>,
}

/// The one key of a line is the operation's name.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    #[serde(alias = "index", alias = "delete", alias = "create", alias = "update")]
    pub(super) operation: Outcome,
}

#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: u16,
    result: Option<String>,
    pub(super) error: Option<Cause>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cause {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason: String,
    caused_by: Option<Box<Cause>>,
}

impl Cause {
    fn is_of_a_processor(&self) -> bool {
        self.kind.ends_with("_processor_exception")
    }
}

impl Outcome {
    /// True when the same operation may work later; never for a document that a processor of an ingest pipeline
    /// refuses, which servers tell with status 500.
    pub(super) fn may_pass(&self) -> bool {
        is_passing(self.status) && !self.error.as_ref().is_some_and(Cause::is_of_a_processor)
    }

    /// True when an ingest pipeline dropped the document, so that it was not indexed.
    pub(super) fn is_dropped(&self) -> bool {
        self.result.as_deref() == Some("noop")
    }

    /// The server's reason, with what lies beneath.
    pub(super) fn reason(&self) -> String {
        let Some(cause) = &self.error else { return format!("status {}", self.status) };
        let beneath =
            cause.caused_by.as_ref().map(|beneath| format!(": {}", beneath.reason)).unwrap_or_default();
        format!("{}: {}{beneath}", cause.kind, cause.reason)
    }
}

/// Reads bytes of any kind as an answer and tells each item's reason.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_answer(bytes: &[u8]) -> Option<Vec<String>> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    Some(answer.items.iter().map(|line| line.operation.reason()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pipeline_refuses_is_not_tried_again() {
        for (status, kind, may_pass) in [
            (500, "fail_processor_exception", false),
            (500, "ingest_processor_exception", false),
            (500, "i_o_exception", true),
            (503, "unavailable_shards_exception", true),
            (429, "es_rejected_execution_exception", true),
            (400, "illegal_argument_exception", false),
        ] {
            let body = serde_json::json!({"status": status, "error": {"type": kind, "reason": "r"}});
            let outcome: Outcome = serde_json::from_value(body).unwrap();
            assert_eq!(outcome.may_pass(), may_pass, "{status} {kind}");
        }
    }

    #[test]
    fn each_operation_is_read() {
        let body = r#"{"errors":true,"items":[{"index":{"status":201}},{"delete":{"status":404}},
            {"create":{"status":400,"error":{"type":"t","reason":"r","caused_by":{"reason":"why"}}}}]}"#;
        let answer: Answer = serde_json::from_str(body).unwrap();
        let statuses: Vec<u16> = answer.items.iter().map(|line| line.operation.status).collect();
        assert_eq!(statuses, [201, 404, 400]);
        assert_eq!(answer.items[2].operation.reason(), "t: r: why");
        assert_eq!(answer.items[1].operation.reason(), "status 404");
    }
}
