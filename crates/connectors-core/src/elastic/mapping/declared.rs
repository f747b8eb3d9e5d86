//! The declared fields of a source under the names that they have in an index.

use super::{FieldKind, FieldSpec};
use crate::document::names::{Level, unique};

/// A declared field by its dotted name in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
}

/// One name of an object, with what is declared of it and below it.
#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    kind: Option<FieldKind>,
    below: Vec<Node<'a>>,
}

/// All of them, each name once: the later of two declarations counts, and nothing lies below what is no object.
pub(crate) fn named(fields: &[FieldSpec]) -> Vec<Named> {
    let mut root = Node::default();
    for field in fields.iter().filter(|field| !field.path.is_empty()) {
        root.add(&field.path, field.kind);
    }
    let mut found = Vec::new();
    root.collect("", &mut found);
    found
}

impl<'a> Node<'a> {
    fn add(&mut self, path: &'a [String], kind: FieldKind) {
        let Some((name, rest)) = path.split_first() else {
            self.kind = Some(kind);
            return;
        };
        let place = self.below.iter().position(|node| node.name == name).unwrap_or_else(|| {
            self.below.push(Node { name, ..Node::default() });
            self.below.len() - 1
        });
        self.below[place].add(rest, kind);
    }

    /// Names that an index does not take become what they become in documents that hold just the declared fields.
    fn collect(&self, parent: &str, found: &mut Vec<Named>) {
        let level = if parent.is_empty() { Level::ROOT } else { Level::BELOW };
        let names: Vec<&[u8]> = self.below.iter().map(|node| node.name.as_bytes()).collect();
        for (node, name) in self.below.iter().zip(unique(&names, level)) {
            let name = name.unwrap_or_else(|| node.name.to_owned());
            let name = if parent.is_empty() { name } else { format!("{parent}.{name}") };
            let is_object = node.kind.is_none_or(|kind| kind == FieldKind::Object);
            if is_object && !node.below.is_empty() {
                node.collect(&name, found);
            } else if let Some(kind) = node.kind {
                found.push(Named { name, kind });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &[FieldSpec]) -> Vec<String> {
        named(fields).into_iter().map(|field| format!("{}: {}", field.name, field.kind)).collect()
    }

    #[test]
    fn names_are_those_that_documents_get() {
        let flat = |name: &str| FieldSpec::at([name], FieldKind::Integer);
        assert_eq!(shown(&[flat("a.b"), flat("a_b")]), ["a_b_: integer", "a_b: integer"]);
        assert_eq!(shown(&[flat("id"), flat("")]), ["id_: integer", "_: integer"]);
        assert_eq!(
            shown(&[FieldSpec::new("a.id", FieldKind::Code)]),
            ["a.id: code"],
            "only the top is reserved"
        );
    }

    #[test]
    fn a_name_stands_once_and_nothing_below_what_is_no_object() {
        let fields = [
            FieldSpec::new("a", FieldKind::Integer),
            FieldSpec::new("a", FieldKind::Number),
            FieldSpec::new("b", FieldKind::Flattened),
            FieldSpec::new("b.c", FieldKind::Date),
            FieldSpec::new("d", FieldKind::Object),
            FieldSpec::new("d.e", FieldKind::Boolean),
            FieldSpec::new("f", FieldKind::Object),
            FieldSpec::at(Vec::<String>::new(), FieldKind::Code),
        ];
        assert_eq!(shown(&fields), ["a: number", "b: flattened object", "d.e: boolean", "f: object"]);
    }
}
