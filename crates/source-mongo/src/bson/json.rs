//! The walk that writes JSON.

use serde::Serialize;

use super::reader::Element;
use super::{Elements, LegacyUuid, Malformed, Value, names, text};

/// Objects below this many levels become text: an index maps fields at most 20 levels deep, and the
/// deepest of them is a value.
const MAX_OBJECTS: usize = 19;

/// A server stores at most 200 levels, so more are no document of a server.
const MAX_NESTING: usize = 256;

/// Appends the fields of a document, without its `_id`, as one JSON object.
///
/// # Errors
/// When the bytes are no BSON; no well-formed document fails.
pub(crate) fn write_json(document: &[u8], legacy: LegacyUuid, out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.reserve(document.len() + document.len() / 2 + 64);
    Writer { out, legacy }.object(document, Level { objects: 0, nesting: 0 })
}

/// What [`write_json`] appends.
#[cfg(any(test, fuzzing))]
pub(crate) fn to_json(document: &[u8], legacy: LegacyUuid) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    write_json(document, legacy, &mut out).map(|()| out)
}

/// The elements of a document; the root's `_id` is the document's id and no field.
fn fields(document: &[u8], root: bool) -> Result<Vec<Element<'_>>, Malformed> {
    /// Room for most objects, so that reading one seldom moves what was read.
    const USUAL: usize = 16;
    let mut fields = Vec::with_capacity(USUAL);
    for element in Elements::of(document)? {
        let element = element?;
        if !(root && element.0 == b"_id") {
            fields.push(element);
        }
    }
    Ok(fields)
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Level {
    /// Objects above, each of which is a level of the mapping.
    objects: usize,
    /// Objects and arrays above.
    nesting: usize,
}

impl Level {
    fn is_root(self) -> bool {
        self.nesting == 0
    }

    fn below(self, objects: usize) -> Result<Self, Malformed> {
        let nesting = self.nesting + 1;
        if nesting > MAX_NESTING {
            return Err(Malformed("it is nested too deep"));
        }
        Ok(Self { objects: self.objects.saturating_add(objects), nesting })
    }
}

/// What objects inside of text count from, so that they are never deep enough to become text again.
const IN_TEXT: usize = MAX_OBJECTS + 1;

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    legacy: LegacyUuid,
}

impl Writer<'_> {
    fn object(&mut self, document: &[u8], level: Level) -> Result<(), Malformed> {
        let elements = fields(document, level.is_root())?;
        let renamed = names::renamed(&elements, level.is_root());
        self.out.push(b'{');
        for (index, (name, value)) in elements.iter().enumerate() {
            match renamed.as_ref().map(|renamed| &renamed[index]) {
                None => self.name(name),
                Some(Some(name)) => self.name(name.as_bytes()),
                Some(None) => continue,
            }
            self.value(*value, level)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn name(&mut self, name: &[u8]) {
        self.separate(b'{');
        self.text(name);
        self.out.push(b':');
    }

    fn array(&mut self, array: &[u8], level: Level) -> Result<(), Malformed> {
        self.out.push(b'[');
        for element in Elements::of(array)? {
            self.separate(b'[');
            self.value(element?.1, level)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A comma, unless `open` stands just before.
    fn separate(&mut self, open: u8) {
        if self.out.last() != Some(&open) {
            self.out.push(b',');
        }
    }

    fn value(&mut self, value: Value<'_>, level: Level) -> Result<(), Malformed> {
        match value {
            Value::String(bytes) | Value::Code(bytes) | Value::Symbol(bytes) => self.text(bytes),
            Value::Int32(number) => self.json(&number),
            Value::Int64(number) => self.json(&number),
            // An infinite one and NaN become null: no number of JSON says them, and a text would map the
            // whole field as text where it comes first.
            Value::Double(number) => self.json(&number),
            Value::Bool(yes) => self.json(&yes),
            Value::Null | Value::Undefined => self.json(&()),
            Value::ObjectId(bytes) => self.hex(bytes),
            Value::Date(millis) => self.json(&text::date(millis)),
            Value::Document(document) => {
                self.nested(level, |writer, below| writer.object(document, below))?
            }
            Value::Array(array) => self.array(array, level.below(0)?)?,
            Value::Binary { subtype, bytes } => self.json(&text::binary(subtype, bytes, self.legacy)),
            Value::Decimal(bytes) => self.json(&text::decimal(bytes)),
            Value::Regex { pattern, options } => self.json(&text::regex(pattern, options)),
            Value::Timestamp { .. } | Value::DbPointer { .. } | Value::CodeWithScope { .. } => {
                self.nested(level, |writer, below| writer.composed(value, below))?;
            }
            Value::MinKey => self.json("MinKey"),
            Value::MaxKey => self.json("MaxKey"),
        }
        Ok(())
    }

    /// An object within another, as text where it lies too deep for a mapping.
    fn nested<F>(&mut self, level: Level, write: F) -> Result<(), Malformed>
    where
        F: FnOnce(&mut Self, Level) -> Result<(), Malformed>,
    {
        let below = level.below(1)?;
        let start = self.out.len();
        write(self, below)?;
        if below.objects == IN_TEXT {
            let json = self.out.split_off(start);
            self.text(&json);
        }
        Ok(())
    }

    /// A scalar of several parts.
    fn composed(&mut self, value: Value<'_>, level: Level) -> Result<(), Malformed> {
        match value {
            Value::Timestamp { seconds, increment } => self.timestamp(seconds, increment),
            Value::DbPointer { namespace, id } => self.db_pointer(namespace, id),
            Value::CodeWithScope { code, scope } => self.code_with_scope(code, scope, level)?,
            _ => {}
        }
        Ok(())
    }

    fn timestamp(&mut self, seconds: u32, increment: u32) {
        self.out.extend_from_slice(b"{\"time\":");
        self.json(&text::date(i64::from(seconds) * 1000));
        self.out.extend_from_slice(b",\"increment\":");
        self.json(&increment);
        self.out.push(b'}');
    }

    fn db_pointer(&mut self, namespace: &[u8], id: &[u8]) {
        self.out.extend_from_slice(b"{\"$ref\":");
        self.text(namespace);
        self.out.extend_from_slice(b",\"$id\":");
        self.hex(id);
        self.out.push(b'}');
    }

    fn code_with_scope(&mut self, code: &[u8], scope: &[u8], level: Level) -> Result<(), Malformed> {
        self.out.extend_from_slice(b"{\"code\":");
        self.text(code);
        self.out.extend_from_slice(b",\"scope\":");
        self.nested(level, |writer, below| writer.object(scope, below))?;
        self.out.push(b'}');
        Ok(())
    }

    fn hex(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        for byte in bytes {
            self.out.extend_from_slice(&text::hex_digits(*byte));
        }
        self.out.push(b'"');
    }

    fn text(&mut self, bytes: &[u8]) {
        text::quote(self.out, bytes);
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Scalars written to memory: neither can fail.
        let _ = serde_json::to_writer(&mut *self.out, value);
    }
}
