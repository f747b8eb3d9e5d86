//! What the server says of each item.

use serde::Deserialize;

/// What is asked for: enough to tell what became of each item, no more.
pub(super) const FILTER: &str =
    "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";

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

impl Outcome {
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
