//! Bulks of Elasticsearch of which some items are refused.

use serde_json::{Map, Value, json};

use super::message::Message;

/// Which items of a bulk meet the fault, and what is said of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Items {
    pub(super) status: u16,
    pub(super) one_in: u64,
    /// The place of the first.
    pub(super) first: u64,
    /// Type and reason of their errors.
    pub(super) error: (&'static str, &'static str),
}

/// An error that no server has.
pub(super) const INJECTED: (&str, &str) = ("injected", "injected by the proxy");

/// What a server says of a document of an index with `index.blocks.write`.
pub(super) const BLOCKED: (&str, &str) =
    ("cluster_block_exception", "index [blocked] blocked by: [FORBIDDEN/8/index write (api)];");

/// A bulk, operation by operation.
pub(super) struct Bulk<'a> {
    request: &'a Message,
    items: Items,
    operations: Vec<Operation>,
}

/// One operation.
struct Operation {
    /// Such as `index` or `delete`.
    name: String,
    /// Its lines.
    lines: Vec<u8>,
}

impl Items {
    /// Whether the operation at a place, of so many, is chosen: at least one always is.
    fn choose(self, place: usize, count: usize) -> bool {
        let one_in = self.one_in.clamp(1, count.max(1) as u64);
        place as u64 % one_in == self.first % one_in
    }
}

impl<'a> Bulk<'a> {
    pub(super) fn of(request: &'a Message, items: Items) -> Self {
        Self { request, items, operations: operations(&request.payload()) }
    }

    /// The request with the operations that are not chosen; none when all are.
    pub(super) fn without_chosen(&self) -> Option<Message> {
        let passed = (0..).zip(&self.operations).filter(|(place, _)| !self.is_chosen(*place));
        let body: Vec<u8> = passed.flat_map(|(_, operation)| operation.lines.iter().copied()).collect();
        (!body.is_empty()).then(|| self.request.with_body(&body))
    }

    /// The server's answer with the chosen items refused; `done` says that it tells of them too.
    pub(super) fn answer(&self, answer: Option<&Message>, done: bool) -> Vec<u8> {
        let made_up = Message::made_up();
        let answer = answer.unwrap_or(&made_up);
        let Ok(mut told) = serde_json::from_slice::<Value>(&answer.payload()) else {
            return answer.bytes.clone();
        };
        let theirs = told["items"].as_array().cloned().unwrap_or_default();
        told["items"] = self.merged(theirs, done).into();
        told["errors"] = true.into();
        answer.with_body(told.to_string().as_bytes()).bytes
    }

    /// Item by item as they were sent; where the server was asked for errors only, those behind its own.
    fn merged(&self, theirs: Vec<Value>, done: bool) -> Vec<Value> {
        let count = self.operations.len();
        let is_told = |place: usize| done || !self.is_chosen(place);
        let is_whole = theirs.len() == (0..count).filter(|place| is_told(*place)).count();
        let mut theirs = theirs.into_iter();
        let mut merged = Vec::with_capacity(count);
        for place in 0..count {
            let told = if is_whole && is_told(place) { theirs.next() } else { None };
            merged.extend(if self.is_chosen(place) { Some(self.refusal(place)) } else { told });
        }
        theirs.chain(merged).collect()
    }

    fn is_chosen(&self, place: usize) -> bool {
        self.items.choose(place, self.operations.len())
    }

    fn refusal(&self, place: usize) -> Value {
        let (kind, reason) = self.items.error;
        let error = json!({ "type": kind, "reason": reason });
        let outcome = json!({ "status": self.items.status, "error": error });
        Map::from_iter([(self.operations[place].name.clone(), outcome)]).into()
    }
}

impl Message {
    /// What a server says that did nothing.
    fn made_up() -> Self {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        Self { bytes: head.to_vec(), body: head.len() }.with_body(b"{}")
    }
}

fn operations(body: &[u8]) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    let mut awaits_document = false;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if std::mem::take(&mut awaits_document) {
            operations.last_mut().into_iter().for_each(|operation| operation.lines.extend_from_slice(line));
            continue;
        }
        let action: Value = serde_json::from_slice(line).unwrap_or_default();
        let Some(name) = action.as_object().and_then(|action| action.keys().next()) else { continue };
        awaits_document = name != "delete";
        operations.push(Operation { name: name.clone(), lines: line.to_vec() });
    }
    operations
}
