//! Names met before: the documents of a collection mostly have the same names in the same order.
//!
//! What is known of a name holds behind the same names only: that none of them is the same, and that it may stay. So the
//! names are kept as a tree of what stood behind what, and a name that is found there needs no look at itself.

use std::num::NonZeroU32;
use std::ops::Range;

/// Names that are kept; with them full, all are forgotten after as many documents.
const MOST: usize = 1024;

/// Names that are kept of one place, among which one is looked for.
const AT_ONE_PLACE: usize = 16;

/// Longer names are not kept.
const LONGEST: usize = 64;

/// A name that was met where it was, or the whole document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(NonZeroU32);

/// Where a name may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(NonZeroU32);

impl Node {
    /// What all names of a document lie in.
    pub(super) const ROOT: Self = Self(NonZeroU32::MIN);

    /// At the beginning of an object that is this one's value, or lies in it.
    #[inline]
    pub(super) fn inside(self) -> Place {
        Place(self.0.saturating_mul(LINKS))
    }

    /// Behind it, in the same object.
    #[inline]
    pub(super) fn behind(self) -> Place {
        Place(self.inside().0.saturating_add(1))
    }

    /// Where it stands itself, after it in the list of all that stand there.
    fn other(self) -> Place {
        Place(self.inside().0.saturating_add(2))
    }
}

/// Places that each node has, one after the other.
const LINKS: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// Bytes that are compared, or copied, as one.
const CHUNK: usize = 16;

/// The bytes of a name: first as they stand in documents, with their zero, then as they are written.
#[derive(Debug, Clone, Copy, Default)]
struct Text {
    /// The first bytes that it takes in a document, and which of a chunk they are.
    head: u128,
    mask: u128,
    start: usize,
    stored: usize,
    written: usize,
}

impl Text {
    fn of(stored: &[u8], written: usize, start: usize) -> Self {
        let mut head = [0; CHUNK];
        let short = stored.len().min(CHUNK);
        head[..short].copy_from_slice(&stored[..short]);
        let mask = u128::MAX >> (8 * (CHUNK - short));
        Self { head: u128::from_le_bytes(head), mask, start, stored: stored.len(), written }
    }

    fn in_document(&self) -> Range<usize> {
        self.start..self.start + self.stored
    }
}

/// The names.
#[derive(Debug)]
pub(super) struct Familiar {
    /// By node; that of none and that of the root are empty.
    texts: Vec<Text>,
    bytes: Vec<u8>,
    /// By place: the first node that stands there.
    links: Vec<Option<Node>>,
    /// Begun since they were last forgotten.
    documents: usize,
}

impl Familiar {
    pub(super) fn new() -> Self {
        let mut names = Self { texts: Vec::new(), bytes: Vec::new(), links: Vec::new(), documents: 0 };
        (0..2).for_each(|_| names.push(Text::default()));
        names
    }

    /// A document begins.
    pub(super) fn begin(&mut self) {
        self.documents += 1;
        if self.texts.len() >= MOST && self.documents >= MOST {
            *self = Self::new();
        }
    }

    /// The name with which these bytes begin, if it was met here, and how many of them it takes.
    #[inline]
    pub(super) fn find(&self, place: Place, bytes: &[u8]) -> Option<(Node, usize)> {
        let mut at = self.first(place);
        while let Some(node) = at {
            let text = self.text(node);
            let is_it = match bytes.first_chunk() {
                Some(head) if text.stored <= CHUNK => u128::from_le_bytes(*head) & text.mask == text.head,
                _ => bytes.starts_with(&self.bytes[text.in_document()]),
            };
            if is_it {
                return Some((node, text.stored));
            }
            at = self.first(node.other());
        }
        None
    }

    /// Appends the name as it is written behind another, or first; false, and nothing, for one that is left out with its
    /// value.
    #[inline]
    pub(super) fn write(&self, node: Node, is_first: bool, out: &mut Vec<u8>) -> bool {
        let text = self.text(node);
        let comma = usize::from(is_first);
        let Some(length) = text.written.checked_sub(comma) else { return false };
        let written = &self.bytes[text.start + text.stored + comma..];
        match written.first_chunk::<{ 2 * CHUNK }>() {
            // Copying all of it and cutting it takes less than a copy of any length.
            Some(chunk) if length <= chunk.len() => {
                let end = out.len() + length;
                out.extend_from_slice(chunk);
                out.truncate(end);
            }
            _ => out.extend_from_slice(&written[..length]),
        }
        length > 0
    }

    /// Keeps a name that is not known here, and how it is written where it is first, if there is room.
    pub(super) fn learn(&mut self, place: Place, name: &[u8], written: &[u8]) -> Option<Node> {
        let (mut last, mut here) = (place, 0);
        while let Some(node) = self.first(last) {
            (last, here) = (node.other(), here + 1);
        }
        if self.texts.len() >= MOST || here >= AT_ONE_PLACE || name.len() > LONGEST {
            return None;
        }
        let fresh = NonZeroU32::new(self.texts.len() as u32).map(Node);
        self.links[last.0.get() as usize] = fresh;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        let comma: &[u8] = if written.is_empty() { b"" } else { b"," };
        self.push(Text::of(&self.bytes[start..], comma.len() + written.len(), start));
        self.bytes.extend_from_slice(comma);
        self.bytes.extend_from_slice(written);
        fresh
    }

    fn push(&mut self, text: Text) {
        self.texts.push(text);
        self.links.extend([None; LINKS.get() as usize]);
    }

    fn text(&self, node: Node) -> &Text {
        &self.texts[node.0.get() as usize]
    }

    fn first(&self, place: Place) -> Option<Node> {
        self.links[place.0.get() as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_where_it_was_met_only() {
        let mut names = Familiar::new();
        let start = Node::ROOT.inside();
        let a = names.learn(start, b"a", b"\"a\":").unwrap();
        let b = names.learn(a.behind(), b"b", b"\"b\":").unwrap();
        let c = names.learn(a.inside(), b"c", b"").unwrap();
        assert_eq!(names.find(start, b"a\0rest"), Some((a, 2)));
        assert_eq!(names.find(a.behind(), b"b\0"), Some((b, 2)));
        assert_eq!(names.find(a.inside(), b"c\0"), Some((c, 2)));
        for (place, bytes) in [(start, &b"b\0"[..]), (start, b"ab\0"), (start, b"a"), (b.behind(), b"a\0")] {
            assert_eq!(names.find(place, bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_name_is_written_behind_another_or_first_or_not_at_all() {
        for length in [1, 10, 15, 16, 17, 28, 29, 30, LONGEST] {
            let mut names = Familiar::new();
            let name = "n".repeat(length);
            let node = names.learn(Node::ROOT.inside(), name.as_bytes(), format!("\"{name}\":").as_bytes());
            let left_out = names.learn(Node::ROOT.inside(), b"left out", b"").unwrap();
            let stored = format!("{name}\0");
            for bytes in [stored.clone(), format!("{stored}and much more behind it")] {
                let found = names.find(Node::ROOT.inside(), bytes.as_bytes());
                assert_eq!(found, node.map(|node| (node, length + 1)), "{bytes:?}");
            }
            assert_eq!(
                names.find(Node::ROOT.inside(), format!("{name}x\0 and more behind it").as_bytes()),
                None
            );
            let mut out = b"{".to_vec();
            assert!(names.write(node.unwrap(), true, &mut out));
            out.push(b'1');
            assert!(names.write(node.unwrap(), false, &mut out));
            assert!(!names.write(left_out, true, &mut out) && !names.write(left_out, false, &mut out));
            assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"{name}\":1,\"{name}\":"));
        }
    }

    #[test]
    fn several_names_may_stand_at_one_place_but_not_any_number() {
        let mut names = Familiar::new();
        let start = Node::ROOT.inside();
        let learnt = |names: &mut Familiar, name: &str| names.learn(start, name.as_bytes(), b"");
        for number in 0..AT_ONE_PLACE {
            let node = learnt(&mut names, &format!("n{number}")).unwrap();
            assert_eq!(names.find(start, format!("n{number}\0").as_bytes()).unwrap().0, node);
        }
        assert_eq!(learnt(&mut names, "more"), None);
        assert_eq!(Familiar::new().learn(start, &[b'x'; LONGEST + 1], b""), None);
    }

    #[test]
    fn when_full_everything_is_forgotten_after_as_many_documents() {
        let mut names = Familiar::new();
        let mut place = Node::ROOT.inside();
        while let Some(node) = names.learn(place, b"deeper", b"") {
            place = node.inside();
        }
        let is_known = |names: &Familiar| names.find(Node::ROOT.inside(), b"deeper\0").is_some();
        (1..MOST).for_each(|_| names.begin());
        assert!(is_known(&names));
        names.begin();
        assert!(!is_known(&names));
    }
}
