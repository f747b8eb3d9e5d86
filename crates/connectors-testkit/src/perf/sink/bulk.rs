//! The lines of a bulk.

use std::ops::Range;

use crate::Result;

/// What one operation does, with its place in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    /// The `_id`, escaped as it came.
    pub(super) id: &'a [u8],
    /// The document; none for a delete.
    pub(super) document: Option<&'a [u8]>,
    pub(super) place: Range<usize>,
}

/// The operations of a body, without updates: the only one that is sent changes nothing, and stands behind the others.
///
/// # Errors
/// When a line is missing or is no action.
pub(super) fn operations(body: &[u8]) -> Result<Vec<Operation<'_>>> {
    let (mut operations, mut start) = (Vec::new(), 0);
    while start < body.len() {
        let action = line(body, start)?;
        let id = between(action, b"\"_id\":\"", b"\"").ok_or("an action without _id")?;
        let mut end = start + action.len() + 1;
        let document = if action.starts_with(b"{\"delete\"") { None } else { Some(line(body, end)?) };
        end += document.map_or(0, |document| document.len() + 1);
        if !action.starts_with(b"{\"update\"") {
            operations.push(Operation { id, document, place: start..end });
        }
        start = end;
    }
    Ok(operations)
}

fn line(body: &[u8], start: usize) -> Result<&[u8]> {
    let rest = &body[start.min(body.len())..];
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or("a bulk must end with a new line")?;
    Ok(&rest[..end])
}

/// What lies between two texts.
pub(super) fn between<'a>(text: &'a [u8], before: &[u8], behind: &[u8]) -> Option<&'a [u8]> {
    let start = text.windows(before.len()).position(|window| window == before)? + before.len();
    let end = text[start..].windows(behind.len()).position(|window| window == behind)?;
    Some(&text[start..start + end])
}

/// The answer without its items.
pub(super) const BRIEF: &str = r#"{"errors":false}"#;

/// What is said of an update.
const UPDATE: &str = "{\"update\":{\"status\":404}}";

/// Created for each document, deleted for each delete; `rest` is what stands behind them.
pub(super) fn answer(operations: &[Operation<'_>], rest: &[u8]) -> String {
    let mut text = String::with_capacity(operations.len() * 27 + 32);
    text.push_str("{\"errors\":false,\"items\":[");
    for (number, operation) in operations.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(match operation.document {
            Some(_) => "{\"index\":{\"status\":201}}",
            None => "{\"delete\":{\"status\":200}}",
        });
    }
    if !rest.is_empty() {
        text.push_str(if operations.is_empty() { "" } else { "," });
        text.push_str(UPDATE);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_documents_are_told_apart() {
        let body = b"{\"index\":{\"_id\":\"a\"}}\n{\"x\":1}\n{\"delete\":{\"_id\":\"b\"}}\n";
        let read = operations(body).unwrap();
        assert_eq!(read[0], Operation { id: b"a", document: Some(b"{\"x\":1}"), place: 0..30 });
        assert_eq!(read[1], Operation { id: b"b", document: None, place: 30..body.len() });
        let expected = r#"{"errors":false,"items":[{"index":{"status":201}},{"delete":{"status":200}}]}"#;
        assert_eq!(answer(&read, b""), expected);
        let guard = b"{\"update\":{\"_id\":\"-\"}}\n{\"doc\":{}}\n";
        assert_eq!(operations(&[&body[..], guard].concat()).unwrap().len(), 2, "an update is no document");
        let expected = expected.replace("]}", r#",{"update":{"status":404}}]}"#);
        assert_eq!(answer(&read, guard), expected);
    }

    #[test]
    fn what_is_no_bulk_is_refused() {
        for (body, expected) in [
            (&b"{\"index\":{\"_id\":\"a\"}}\n{\"x\":1}"[..], "must end with a new line"),
            (b"{\"index\":{}}\n{}\n", "an action without _id"),
        ] {
            assert!(operations(body).unwrap_err().to_string().contains(expected));
        }
    }
}
