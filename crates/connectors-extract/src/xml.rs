//! Elements and text of an XML file, one after the other; nothing outside of it is ever loaded.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

use crate::model::Outcome;
use crate::scope::damaged;

/// What comes next in a file. Names are without prefix.
pub(crate) enum Node<'a> {
    Start(&'a str),
    Text(&'a str),
    End(&'a str),
}

/// Hands every node to a function, in order.
pub(crate) fn walk(xml: &str, mut take: impl FnMut(Node<'_>)) -> Result<(), Outcome> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    loop {
        match reader.read_event().map_err(|error| damaged(&error))? {
            Event::Start(start) => take(Node::Start(start.local_name().as_ref())),
            Event::End(end) => take(Node::End(end.local_name().as_ref())),
            Event::Text(text) => take(Node::Text(&text.xml10_content())),
            Event::CData(text) => take(Node::Text(&text.xml10_content())),
            Event::GeneralRef(entity) => take(Node::Text(&resolved(&entity))),
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
