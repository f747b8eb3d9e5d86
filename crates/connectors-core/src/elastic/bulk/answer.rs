//! What the server says of each item.

use serde::Deserialize;

use crate::elastic::client::is_passing;

/// What is asked for: enough to know what became of each item, no more.
pub(super) const FILTER: &str = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,items.*.error.caused_by.caused_by.reason";
/// The same behind an ingest pipeline, which may drop a document: its result is then `noop`.
pub(super) const FILTER_PIPED: &str = "errors,items.*.status,items.*.result,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason,items.*.error.caused_by.caused_by.reason";

/// What became of each item, in their order, without the guard behind them; none where the answer can't be read.
pub(super) fn outcomes(body: &[u8]) -> Option<Vec<Outcome>> {
    usual(body).or_else(|| {
        let answer: Answer = serde_json::from_slice(body).ok()?;
        let mut outcomes: Vec<Outcome> = answer.items.into_iter().map(|line| line.operation).collect();
        outcomes.pop()?;
        Some(outcomes)
    })
}

/// The same for an answer in which nothing failed but the guard and nothing stands that was not asked for: there are a million
/// lines of it in a million documents, and by its bytes it is read in a tenth of the time.
fn usual(body: &[u8]) -> Option<Vec<Outcome>> {
    const LINE: usize = br#"{"index":{"status":201}},"#.len();
    let began = |errors: &[u8]| body.strip_prefix(b"{\"errors\":")?.strip_prefix(errors);
    let mut rest = began(b"true").or_else(|| began(b"false"))?.strip_prefix(br#","items":["#)?;
    let mut outcomes = Vec::with_capacity(body.len() / LINE);
    loop {
        let delete = || rest.strip_prefix(br#"{"delete":{"status":"#);
        let Some(line) = rest.strip_prefix(br#"{"index":{"status":"#).or_else(delete) else {
            let guard = rest.strip_suffix(b"]}").filter(|guard| guard.starts_with(br#"{"update":"#))?;
            return serde_json::from_slice::<Line>(guard).is_ok().then_some(outcomes);
        };
        let ([hundreds, tens, ones], behind) = line.split_first_chunk()?;
        let digits = [hundreds, tens, ones].map(|digit| char::from(*digit).to_digit(10));
        let [Some(hundreds), Some(tens), Some(ones)] = digits else { return None };
        let status = u16::try_from(100 * hundreds + 10 * tens + ones).ok()?;
        outcomes.push(Outcome { status, result: None, error: None });
        rest = behind.strip_prefix(b"}},")?;
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<Line>,
}

/// The one key of a line is the operation's name.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(alias = "index", alias = "delete", alias = "create", alias = "update")]
    operation: Outcome,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: u16,
    result: Option<Box<str>>,
    error: Option<Box<Cause>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Cause {
    #[serde(rename = "type", default)]
    kind: String,
    reason: Option<String>,
    caused_by: Option<Box<Cause>>,
}

impl Cause {
    fn is_of_a_processor(&self) -> bool {
        self.kind.ends_with("_processor_exception")
    }
}

impl Outcome {
    /// True when the same operation may work later; never for a document that a processor of an ingest pipeline
    /// refuses, which servers report with status 500.
    pub(super) fn may_pass(&self) -> bool {
        is_passing(self.status) && !self.error.as_deref().is_some_and(Cause::is_of_a_processor)
    }

    /// The version that the index holds, where it is newer than the one that was sent.
    pub(super) fn newer_version(&self) -> Option<u64> {
        let cause =
            self.error.as_deref().filter(|cause| cause.kind == "version_conflict_engine_exception")?;
        let (_, behind) = cause.reason.as_deref()?.split_once("current version [")?;
        behind.split(']').next()?.parse().ok()
    }

    /// True when an ingest pipeline dropped the document, so that it was not indexed.
    pub(super) fn is_dropped(&self) -> bool {
        self.result.as_deref() == Some("noop")
    }

    /// The type of the error.
    pub(super) fn kind(&self) -> Option<&str> {
        self.error.as_deref().map(|cause| &*cause.kind)
    }

    /// The server's reason, with what lies beneath.
    pub(super) fn reason(&self) -> String {
        let Some(cause) = &self.error else { return format!("status {}", self.status) };
        let causes = std::iter::successors(Some(&**cause), |cause| cause.caused_by.as_deref());
        let mut reasons: Vec<&str> = vec![&cause.kind];
        for reason in causes.filter_map(|cause| cause.reason.as_deref()).filter(|reason| !reason.is_empty()) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons.join(": ")
    }
}

/// Reads bytes of any kind as an answer, and returns each item's reason.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_answer(bytes: &[u8]) -> Option<Vec<String>> {
    Some(outcomes(bytes)?.iter().map(Outcome::reason).collect())
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

    const GUARD: &str = r#"{"update":{"status":404,"error":{"type":"index_not_found_exception","reason":"is not an alias"}}}"#;

    #[test]
    fn each_operation_is_read_but_the_guard() {
        let body = r#"{"errors":true,"items":[{"index":{"status":201}},{"delete":{"status":404}},
            {"create":{"status":400,"error":{"type":"t","reason":"r","caused_by":{"reason":"why"}}}}, GUARD]}"#;
        let outcomes = outcomes(body.replace("GUARD", GUARD).as_bytes()).unwrap();
        let statuses: Vec<u16> = outcomes.iter().map(|outcome| outcome.status).collect();
        assert_eq!(statuses, [201, 404, 400]);
        assert_eq!(outcomes[2].reason(), "t: r: why");
        assert_eq!(outcomes[1].reason(), "status 404");
        let empty = r#"{"status":500,"error":{"type":"t","reason":null,"caused_by":{"reason":"",
            "caused_by":{"reason":"disk on fire"}}}}"#;
        let empty: Outcome = serde_json::from_str(empty).unwrap();
        assert_eq!(empty.reason(), "t: disk on fire", "an empty reason gives way to what lies beneath");
    }

    #[test]
    fn the_usual_answer_is_read_by_its_bytes_and_any_other_as_json() {
        let by_json = |body: &str| {
            let mut items = serde_json::from_str::<Answer>(body).unwrap().items;
            items.pop();
            items.into_iter().map(|line| line.operation).collect::<Vec<Outcome>>()
        };
        let items = r#"{"index":{"status":201}},{"delete":{"status":404}},{"index":{"status":200}}"#;
        for errors in ["true", "false"] {
            let body = format!(r#"{{"errors":{errors},"items":[{items},{GUARD}]}}"#);
            assert_eq!(usual(body.as_bytes()), Some(by_json(&body)), "{body}");
            for torn in 0..body.len() {
                assert_eq!(outcomes(&body.as_bytes()[..torn]), None, "{torn}");
            }
            for status in ["2x1", "20", "2011", "-01"] {
                assert_eq!(usual(body.replace("201", status).as_bytes()), None, "{status}");
            }
        }
        for other in [
            r#"{"errors":true,"items":[{"index":{"status":201}}]}"#,
            r#"{"errors":false,"items":[{"index":{"status":201,"result":"noop"}},GUARD]}"#,
            r#"{"errors":false,"items":[{"create":{"status":201}},GUARD]}"#,
            r#"{"errors":false, "items":[{"index":{"status":201}},GUARD]}"#,
            r#"{"errors":false,"items":[{"index":{"status":201}},GUARD],"took":1}"#,
            r#"{"errors":true,"items":[{"index":{"status":201}},GUARD,GUARD]}"#,
        ] {
            let other = other.replace("GUARD", GUARD);
            assert_eq!(usual(other.as_bytes()), None, "{other}");
            assert_eq!(outcomes(other.as_bytes()).unwrap(), by_json(&other), "{other}");
        }
        assert_eq!(outcomes(br#"{"errors":false,"items":[]}"#), None, "an answer to nothing that was sent");
    }
}
