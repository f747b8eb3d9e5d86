//! The walk that writes JSON.

use std::cell::RefCell;

use serde::Serialize;

use connectors_core::json::{push_plain, push_text};
use connectors_core::names::{self, Renames};

use super::familiar::{Familiar, Node, Place};
use super::forms::{self, Date, Decimals, Forms};
use super::names::Seen;
use super::reader::{Element, Name};
use super::{Elements, Malformed, Value, text};

/// Objects below this many levels become text.
const MAX_OBJECTS: u16 = names::MAX_OBJECTS as u16;

/// A server stores at most 200 levels, so more are no document of a server.
const MAX_NESTING: u16 = 256;

/// Appends the fields of a document, without its `_id`, as one JSON object; what could not keep its name or shape is told.
///
/// # Errors
/// When the bytes are no BSON; no well-formed document fails.
pub(crate) fn write_json(document: &[u8], forms: Forms, out: &mut Vec<u8>) -> Result<Renames, Malformed> {
    out.reserve(document.len() + document.len() / 2 + 64);
    let (start, root) = (out.len(), Level { objects: 0, nesting: 0, under: Some(Node::ROOT) });
    let mut renames = Renames::default();
    let written = FAMILIAR.with_borrow_mut(|familiar| {
        familiar.begin();
        // Nearly always every name can stay, which is known only at the last: it is written at once, and anew where not.
        let mut writer = Writer { out, forms, names: Names::AsTheyAre, familiar, renames: &mut renames };
        match writer.object(document, root) {
            Err(Stop::Name) => {
                writer.out.truncate(start);
                *writer.renames = Renames::default();
                writer.names = Names::Changed;
                writer.object(document, root)
            }
            written => written,
        }
    });
    written.map_err(Stop::malformed)?;
    Ok(renames)
}

thread_local! {
    /// One for each thread: nobody waits, and what one has not met yet it soon does.
    static FAMILIAR: RefCell<Familiar> = RefCell::new(Familiar::new());
}

/// What [`write_json`] appends.
#[cfg(any(test, fuzzing))]
pub(crate) fn to_json(document: &[u8], forms: impl Into<Forms>) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    write_json(document, forms.into(), &mut out).map(|_| out)
}

/// Why a walk ends early.
enum Stop {
    Malformed(Malformed),
    /// A name can't stay as it is.
    Name,
}

impl Stop {
    fn malformed(self) -> Malformed {
        match self {
            Self::Malformed(malformed) => malformed,
            Self::Name => Malformed("a name can't be changed"),
        }
    }
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

type Written = Result<(), Stop>;

/// The elements of a document; the root's `_id` is the document's id and no field.
fn fields(document: &[u8], root: bool) -> Result<Vec<Element<'_>>, Malformed> {
    Elements::of(document)?.filter(|element| !matches!(element, Ok((b"_id", _)) if root)).collect()
}

/// What becomes of the names of fields.
#[derive(Clone, Copy)]
enum Names {
    /// The walk ends at the first that can't stay.
    AsTheyAre,
    /// Those that can't stay are changed.
    Changed,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Level {
    /// Objects above, each of which is a level of the mapping.
    objects: u16,
    /// Objects and arrays above.
    nesting: u16,
    /// The name in whose value the walk is, where it is known.
    under: Option<Node>,
}

impl Level {
    fn is_root(self) -> bool {
        self.nesting == 0
    }

    /// Where names stand for the index.
    fn of_names(self) -> names::Level<'static> {
        if self.is_root() { names::Level::ROOT } else { names::Level::BELOW }
    }

    fn below(self, objects: u16) -> Result<Self, Malformed> {
        let nesting = self.nesting + 1;
        if nesting > MAX_NESTING {
            return Err(Malformed("it is nested too deep"));
        }
        Ok(Self { objects: self.objects.saturating_add(objects), nesting, ..self })
    }

    fn under(self, under: Option<Node>) -> Self {
        Self { under, ..self }
    }
}

/// What objects inside of text count from, so that they are never deep enough to become text again.
const IN_TEXT: u16 = MAX_OBJECTS + 1;

/// Appends a comma, unless `open` stands just before.
fn separate(out: &mut Vec<u8>, open: u8) {
    if out.last() != Some(&open) {
        out.push(b',');
    }
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    forms: Forms,
    names: Names,
    familiar: &'a mut Familiar,
    renames: &'a mut Renames,
}

impl Writer<'_> {
    fn object(&mut self, document: &[u8], level: Level) -> Written {
        self.out.push(b'{');
        match self.names {
            Names::AsTheyAre => self.fields(document, level)?,
            Names::Changed => self.renamed_fields(document, level)?,
        }
        self.out.push(b'}');
        Ok(())
    }

    fn fields(&mut self, document: &[u8], level: Level) -> Written {
        let mut elements = Elements::of(document)?;
        let mut place = level.under.map(Node::inside);
        let (mut seen, mut index) = (None, 0);
        while let Some((name, kind)) =
            elements.name(|bytes| place.and_then(|place| self.familiar.find(place, bytes)))?
        {
            let (node, is_left_out) = match name {
                Name::Known(node) => {
                    let is_first = self.out.last() == Some(&b'{');
                    (Some(node), !self.familiar.write(node, is_first, self.out))
                }
                Name::New(name) => {
                    let seen = seen.get_or_insert_with(|| Seen::behind(index, document, level.of_names()));
                    self.new_name((name, index), seen, (place, level))?
                }
            };
            place = node.map(Node::behind);
            index += 1;
            let value = elements.value(kind)?;
            if !is_left_out {
                self.value(value, level.under(node))?;
            }
        }
        Ok(())
    }

    /// Writes a name that was not met before, unless it is left out, and keeps it.
    fn new_name<'d>(
        &mut self,
        (name, index): (&'d [u8], usize),
        seen: &mut Seen<'d>,
        (place, level): (Option<Place>, Level),
    ) -> Result<(Option<Node>, bool), Stop> {
        let is_left_out = level.is_root() && name == b"_id";
        let start = self.out.len();
        if !is_left_out {
            if !seen.stays(name, index) {
                return Err(Stop::Name);
            }
            self.name(name);
        }
        let written = &self.out[start..];
        let written = written.strip_prefix(b",").unwrap_or(written);
        Ok((place.and_then(|place| self.familiar.learn(place, name, written)), is_left_out))
    }

    fn renamed_fields(&mut self, document: &[u8], level: Level) -> Written {
        let fields = fields(document, level.is_root())?;
        let given: Vec<&[u8]> = fields.iter().map(|(name, _)| *name).collect();
        for (name, (given, value)) in names::unique(&given, level.of_names()).into_iter().zip(&fields) {
            let Some(name) = name else { continue };
            if name.as_bytes() != *given && level.objects < IN_TEXT {
                self.renames.note(&String::from_utf8_lossy(given), &name);
            }
            self.name(name.as_bytes());
            self.value(*value, level)?;
        }
        Ok(())
    }

    fn name(&mut self, name: &[u8]) {
        separate(self.out, b'{');
        push_text(self.out, name);
        self.out.push(b':');
    }

    fn array(&mut self, array: &[u8], level: Level) -> Written {
        self.out.push(b'[');
        for element in Elements::of(array)? {
            separate(self.out, b'[');
            self.value(element?.1, level)?;
        }
        self.out.push(b']');
        Ok(())
    }

    #[inline(always)]
    fn value(&mut self, value: Value<'_>, level: Level) -> Written {
        match value {
            Value::String(bytes) | Value::Code(bytes) | Value::Symbol(bytes) => push_text(self.out, bytes),
            Value::Int32(number) => self.json(&number),
            Value::Int64(number) => self.json(&number),
            // An infinite one and NaN become null: no number of JSON says them, and a text would map the
            // whole field as text where it comes first.
            Value::Double(number) => self.json(&number),
            Value::Bool(yes) => self.json(&yes),
            Value::Null | Value::Undefined => self.json(&()),
            Value::ObjectId(bytes) => push_plain(self.out, &text::object_id(bytes)),
            Value::Date(millis) => self.date(millis),
            Value::Document(document) => {
                self.nested(level, |writer, below| writer.object(document, below))?
            }
            Value::Array(array) => self.array(array, level.below(0)?)?,
            Value::Binary { subtype, bytes } => {
                push_plain(self.out, text::binary(subtype, bytes, self.forms.legacy).as_bytes());
            }
            Value::Decimal(bytes) => self.decimal(bytes),
            Value::Regex { pattern, options } => {
                push_text(self.out, text::regex(pattern, options).as_bytes())
            }
            Value::MinKey => push_plain(self.out, b"MinKey"),
            Value::MaxKey => push_plain(self.out, b"MaxKey"),
            Value::Timestamp { .. } | Value::DbPointer { .. } | Value::CodeWithScope { .. } => {
                self.nested(level, |writer, below| writer.composed(value, below))?;
            }
        }
        Ok(())
    }

    /// An object within another, as text where it lies too deep for a mapping.
    fn nested<F>(&mut self, level: Level, write: F) -> Written
    where
        F: FnOnce(&mut Self, Level) -> Written,
    {
        let below = level.below(1)?;
        let start = self.out.len();
        write(self, below)?;
        if below.objects == IN_TEXT {
            self.renames.as_text += 1;
            let json = self.out.split_off(start);
            push_text(self.out, &json);
        }
        Ok(())
    }

    /// A scalar of several parts.
    fn composed(&mut self, value: Value<'_>, level: Level) -> Written {
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
        self.iso(i64::from(seconds) * 1000);
        self.out.extend_from_slice(b",\"increment\":");
        self.json(&increment);
        self.out.push(b'}');
    }

    fn db_pointer(&mut self, namespace: &[u8], id: &[u8]) {
        self.out.extend_from_slice(b"{\"$ref\":");
        push_text(self.out, namespace);
        self.out.extend_from_slice(b",\"$id\":");
        push_plain(self.out, &text::object_id(id));
        self.out.push(b'}');
    }

    fn code_with_scope(&mut self, code: &[u8], scope: &[u8], level: Level) -> Written {
        self.out.extend_from_slice(b"{\"code\":");
        push_text(self.out, code);
        self.out.extend_from_slice(b",\"scope\":");
        self.nested(level, |writer, below| writer.object(scope, below))?;
        self.out.push(b'}');
        Ok(())
    }

    fn date(&mut self, millis: i64) {
        match self.forms.dates.of(millis) {
            Date::Iso(millis) => self.iso(millis),
            Date::Millis(millis) => self.json(&millis),
        }
    }

    fn decimal(&mut self, bytes: [u8; 16]) {
        let written = text::decimal(bytes);
        match self.forms.decimals {
            Decimals::Text => push_plain(self.out, written.as_bytes()),
            Decimals::Number => match forms::number(written) {
                Some(number) => self.out.extend_from_slice(number.as_bytes()),
                None => self.json(&()),
            },
        }
    }

    fn iso(&mut self, millis: i64) {
        match text::date(millis) {
            Some(digits) => push_plain(self.out, &digits),
            None => self.json(&()),
        }
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Scalars written to memory: neither can fail.
        let _ = serde_json::to_writer(&mut *self.out, value);
    }
}
