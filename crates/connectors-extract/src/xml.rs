//! Elements and text of an XML file, one after the other; nothing outside of it is ever loaded.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::model::Outcome;
use crate::scope::damaged;

/// What comes next in a file. Names are without prefix.
pub(crate) enum Node<'a> {
    Start(&'a str),
    Text(&'a str),
    End(&'a str),
}

/// The attributes of an element; of other nodes there are none.
pub(crate) struct Attributes<'a>(Option<&'a BytesStart<'a>>);

impl Attributes<'_> {
    /// The value of an attribute, by its name without prefix.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.0?.attributes();
        let found =
            attributes.with_checks(false).flatten().find(|one| one.key.local_name().as_ref() == name)?;
        let value = found.normalized_value(XmlVersion::Implicit1_0);
        Some(value.map_or_else(|_| found.value.to_string(), |value| value.into_owned()))
    }
}

/// Hands every node to a function, in order.
pub(crate) fn walk(xml: &str, mut take: impl FnMut(Node<'_>)) -> Result<(), Outcome> {
    walk_with(xml, |node, _| take(node))
}

/// Hands every node to a function, in order, with its attributes.
pub(crate) fn walk_with(xml: &str, mut take: impl FnMut(Node<'_>, &Attributes<'_>)) -> Result<(), Outcome> {
    let none = Attributes(None);
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    loop {
        match reader.read_event().map_err(|error| damaged(&error))? {
            Event::Start(start) => take(Node::Start(start.local_name().as_ref()), &Attributes(Some(&start))),
            Event::End(end) => take(Node::End(end.local_name().as_ref()), &none),
            Event::Text(text) => take(Node::Text(&text.xml10_content()), &none),
            Event::CData(text) => take(Node::Text(&text.xml10_content()), &none),
            Event::GeneralRef(entity) => take(Node::Text(&resolved(&entity)), &none),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn resolved(entity: &BytesRef<'_>) -> String {
    match entity.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => resolve_xml_entity(&entity.xml10_content()).unwrap_or_default().to_owned(),
    }
}
