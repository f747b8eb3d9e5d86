//! Operations as the lines that go out.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::json::push_text;

/// The last operation of each bulk. It changes nothing: it asks that the name be an alias, and servers make no index for a
/// bulk in which one operation asks that. Its own answer, an error unless the name is an alias, says nothing.
const GUARD: &[u8] = b"{\"update\":{\"_id\":\"-\",\"require_alias\":true}}\n{\"doc\":{}}\n";

/// What an operation does, as the accounts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Indexes a document that was not there.
    Create,
    /// Indexes a document in place of another version.
    Update,
    /// Indexes a document whether it was there or not; the server's answer says which.
    Upsert,
    /// Removes a document.
    Delete,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The document's `_id`.
    pub id: String,
    /// The hash of the `_id`.
    pub hash: u64,
    /// What is done.
    pub kind: Kind,
    /// What marks the document; 0 where nothing does.
    pub mark: i64,
    /// Where the document lies, where its source says so.
    pub scope: Option<Arc<str>>,
}

/// Operations in one buffer, each with its lines.
#[derive(Debug, Default)]
pub struct Batch {
    lines: Vec<u8>,
    items: Vec<(Item, usize)>,
    /// What each operation says of its version, with the comma before it.
    version: Option<String>,
}

impl Batch {
    /// An empty batch in this buffer.
    #[must_use]
    pub fn over(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { lines: buffer, items: Vec::new(), version: None }
    }

    /// The same, whose operations are refused where the index holds a newer version than this.
    #[must_use]
    pub fn versioned(mut self, version: Option<u64>) -> Self {
        self.version =
            version.map(|version| format!(",\"version\":{version},\"version_type\":\"external_gte\""));
        self
    }

    /// Appends an operation; `write` appends the document of this id, without a newline.
    pub fn push(&mut self, item: Item, write: impl FnOnce(&str, &mut Vec<u8>)) {
        self.action(&item);
        if item.kind != Kind::Delete {
            write(&item.id, &mut self.lines);
            self.lines.push(b'\n');
        }
        self.items.push((item, self.lines.len()));
    }

    /// Appends the line that names an operation.
    fn action(&mut self, item: &Item) {
        let action =
            if item.kind == Kind::Delete { &b"{\"delete\":{\"_id\":"[..] } else { b"{\"index\":{\"_id\":" };
        self.lines.extend_from_slice(action);
        push_text(&mut self.lines, item.id.as_bytes());
        self.lines.extend_from_slice(self.version.as_deref().unwrap_or_default().as_bytes());
        self.lines.extend_from_slice(b"}}\n");
    }

    /// Takes the last operation out, with its lines as they are.
    pub(super) fn take_last(&mut self) -> Option<(Item, Vec<u8>)> {
        let (item, _) = self.items.pop()?;
        let start = self.items.last().map_or(0, |(_, end)| *end);
        Some((item, self.lines.split_off(start)))
    }

    /// Appends an operation that was taken out of another batch.
    pub(super) fn append(&mut self, (item, lines): (Item, Vec<u8>)) {
        self.lines.extend_from_slice(&lines);
        self.items.push((item, self.lines.len()));
    }

    /// Bytes of its operations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes on the wire, before compression.
    #[must_use]
    pub(super) fn sent_bytes(&self) -> usize {
        self.lines.len() + GUARD.len()
    }

    /// The number of its operations.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items.len()
    }

    /// True when it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The operations, and their lines as one body, with the guard behind them.
    pub(super) fn seal(mut self) -> Sealed {
        self.lines.extend_from_slice(GUARD);
        Sealed { lines: self.lines.into(), items: self.items }
    }
}

/// A batch that no longer grows: it can be sent again whole or in part.
pub(super) struct Sealed {
    lines: Bytes,
    items: Vec<(Item, usize)>,
}

impl Sealed {
    pub(super) fn lines(&self) -> Bytes {
        self.lines.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().map(|(item, _)| item)
    }

    pub(super) fn into_items(self) -> impl Iterator<Item = Item> {
        self.items.into_iter().map(|(item, _)| item)
    }

    /// Bytes of one operation.
    pub(super) fn size(&self, index: usize) -> usize {
        self.range(index).len()
    }

    /// The operations whose place `wanted` picks, as a batch of their own.
    pub(super) fn pick(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let mut picked = Batch::default();
        for (index, (item, _)) in self.items.iter().enumerate().filter(|(index, _)| wanted(*index)) {
            picked.lines.extend_from_slice(&self.lines[self.range(index)]);
            picked.items.push((item.clone(), picked.lines.len()));
        }
        picked.seal()
    }

    /// The same as [`pick`](Self::pick), without versions: what the index holds counts no more.
    pub(super) fn pick_unversioned(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let mut picked = Batch::default();
        for (index, (item, _)) in self.items.iter().enumerate().filter(|(index, _)| wanted(*index)) {
            let lines = &self.lines[self.range(index)];
            let document = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
            picked.action(item);
            picked.lines.extend_from_slice(&lines[document..]);
            picked.items.push((item.clone(), picked.lines.len()));
        }
        picked.seal()
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.items[before].1);
        start..self.items[index].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, kind: Kind) -> Item {
        Item { id: id.into(), hash: crate::document::hash(id.as_bytes()), kind, mark: 0, scope: None }
    }

    #[test]
    fn a_used_buffer_begins_empty_and_keeps_its_room() {
        let batch = Batch::over(vec![7; 100]);
        assert!(batch.is_empty() && batch.lines.is_empty() && batch.lines.capacity() >= 100);
        let lines = batch.seal().lines();
        assert!(lines.is_unique());
        assert!(Vec::from(lines).capacity() >= 100, "the same buffer comes back out of what was sent");
    }

    #[test]
    fn operations_are_lines() {
        let mut batch = Batch::default();
        batch.push(item("a\"b", Kind::Create), |_, out| out.extend_from_slice(b"{\"x\":1}"));
        batch.push(item("c", Kind::Delete), |_, _| unreachable!());
        batch.push(item("d", Kind::Update), |_, out| out.extend_from_slice(b"{}"));
        let sealed = batch.seal();
        let expected = "{\"index\":{\"_id\":\"a\\\"b\"}}\n{\"x\":1}\n{\"delete\":{\"_id\":\"c\"}}\n{\"index\":{\"_id\":\"d\"}}\n{}\n";
        let guarded = |lines: &str| [lines.as_bytes(), GUARD].concat();
        assert_eq!(sealed.lines(), guarded(expected));
        let some = sealed.pick(|index| index != 1);
        assert_eq!(some.lines(), guarded(&expected.replace("{\"delete\":{\"_id\":\"c\"}}\n", "")));
        assert_eq!(some.items().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["a\"b", "d"]);
        assert_eq!(sealed.size(1), "{\"delete\":{\"_id\":\"c\"}}\n".len());
    }

    #[test]
    fn the_last_operation_moves_to_another_batch_with_its_lines() {
        let mut batch = Batch::default().versioned(Some(1));
        for id in ["a", "b"] {
            batch.push(item(id, Kind::Create), |id, out| out.extend_from_slice(id.as_bytes()));
        }
        let whole = batch.lines.clone();
        let mut next = Batch::default();
        next.append(batch.take_last().unwrap());
        assert_eq!((batch.count(), next.count()), (1, 1));
        assert_eq!([&batch.lines[..], &next.lines].concat(), whole);
        assert_eq!(next.sent_bytes(), next.seal().lines().len());
        assert!(Batch::default().take_last().is_none());
    }

    #[test]
    fn a_version_costs_sixty_bytes_and_can_be_taken_off_again() {
        let both = [None, Some(1 << 60)].map(|version| {
            let mut batch = Batch::default().versioned(version);
            batch.push(item("a\nb", Kind::Create), |_, out| out.extend_from_slice(b"{\"x\":\"\\n\"}"));
            batch.push(item("c", Kind::Delete), |_, _| unreachable!());
            batch.seal()
        });
        let [plain, versioned] = &both;
        assert_eq!(versioned.lines().len() - plain.lines().len(), 2 * 60);
        let action = b"{\"delete\":{\"_id\":\"c\",\"version\":1152921504606846976,\"version_type\":\"external_gte\"}}\n";
        assert_eq!(versioned.pick(|index| index == 1).lines(), [&action[..], GUARD].concat());
        assert_eq!(versioned.pick_unversioned(|_| true).lines(), plain.lines());
        assert_eq!(
            versioned.pick_unversioned(|index| index == 0).lines(),
            plain.pick(|index| index == 0).lines()
        );
    }
}
