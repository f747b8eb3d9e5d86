//! The elements of a document, read in place.
//!
//! Names and texts come as bytes: a server does not check that they are UTF-8, so neither may we rely on it.

use std::convert::Infallible;

/// The bytes are no BSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no valid BSON: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// A value in place; documents and arrays with their length in front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Double(f64),
    String(&'a [u8]),
    Document(&'a [u8]),
    Array(&'a [u8]),
    Binary {
        subtype: u8,
        bytes: &'a [u8],
    },
    Undefined,
    ObjectId(&'a [u8]),
    Bool(bool),
    /// Milliseconds since 1970.
    Date(i64),
    Null,
    Regex {
        pattern: &'a [u8],
        options: &'a [u8],
    },
    DbPointer {
        namespace: &'a [u8],
        id: &'a [u8],
    },
    Code(&'a [u8]),
    Symbol(&'a [u8]),
    CodeWithScope {
        code: &'a [u8],
        scope: &'a [u8],
    },
    Int32(i32),
    /// Seconds since 1970, and a number within that second.
    Timestamp {
        seconds: u32,
        increment: u32,
    },
    Int64(i64),
    Decimal([u8; 16]),
    MinKey,
    MaxKey,
}

/// Name and value.
pub(super) type Element<'a> = (&'a [u8], Value<'a>);

/// Name, type, and the bytes of the value.
pub(super) type RawElement<'a> = (&'a [u8], u8, &'a [u8]);

/// Walks over the elements of one document or array, not below them.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a> {
    rest: Bytes<'a>,
}

impl<'a> Elements<'a> {
    /// The elements of a document whose bytes begin with its length.
    pub(crate) fn of(document: &'a [u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes(document);
        let whole = bytes.document()?;
        if !bytes.0.is_empty() {
            return Err(Malformed("bytes follow the document"));
        }
        Ok(Self { rest: Bytes(&whole[4..whole.len() - 1]) })
    }

    /// The name of the next element: what `known` makes of the bytes that begin with it, with how many of them it takes
    /// with its zero; otherwise itself. Its value must be taken before the next.
    #[inline]
    pub(super) fn name<T>(
        &mut self,
        known: impl FnOnce(&[u8]) -> Option<(T, usize)>,
    ) -> Result<Option<(Name<'a, T>, Kind)>, Malformed> {
        if self.rest.0.is_empty() {
            return Ok(None);
        }
        let [kind] = self.rest.array()?;
        let name = match known(self.rest.0) {
            Some((name, length)) => {
                self.rest.take(length)?;
                Name::Known(name)
            }
            None => Name::New(self.rest.text_to_zero()?),
        };
        Ok(Some((name, Kind(kind))))
    }

    /// The value of the element whose name was just taken.
    #[inline(always)]
    pub(super) fn value(&mut self, Kind(kind): Kind) -> Result<Value<'a>, Malformed> {
        self.rest.value(kind)
    }

    /// The next element as it stands there.
    pub(super) fn raw(&mut self) -> Result<Option<RawElement<'a>>, Malformed> {
        let Some((Name::New(name), kind)) = self.name::<Infallible>(|_| None)? else { return Ok(None) };
        let value = self.rest.0;
        self.value(kind)?;
        Ok(Some((name, kind.0, &value[..value.len() - self.rest.0.len()])))
    }

    fn element(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        let Some((Name::New(name), kind)) = self.name::<Infallible>(|_| None)? else { return Ok(None) };
        Ok(Some((name, self.value(kind)?)))
    }
}

/// What the value of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8);

/// The name of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a, T> {
    /// What is known of it.
    Known(T),
    New(&'a [u8]),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let element = self.element();
        if element.is_err() {
            self.rest = Bytes(&[]);
        }
        element.transpose()
    }
}

/// Bytes that are taken from the front.
#[derive(Debug, Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline]
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    #[inline]
    fn length(&mut self) -> Result<usize, Malformed> {
        usize::try_from(i32::from_le_bytes(self.array()?)).map_err(|_| Malformed("a length is negative"))
    }

    /// Text with its length in front and a zero behind.
    #[inline]
    fn text(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        match self.take(length)? {
            [text @ .., 0] => Ok(text),
            _ => Err(Malformed("a text does not end with zero")),
        }
    }

    #[inline]
    fn text_to_zero(&mut self) -> Result<&'a [u8], Malformed> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Malformed("a name does not end"))?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    #[inline]
    fn document(&mut self) -> Result<&'a [u8], Malformed> {
        let whole = self.0;
        let length = self.length()?;
        let document = whole.get(..length).ok_or(Malformed("a document ends too early"))?;
        if length < 5 || document[length - 1] != 0 {
            return Err(Malformed("a document does not end with zero"));
        }
        self.0 = &whole[length..];
        Ok(document)
    }

    fn binary(&mut self) -> Result<Value<'a>, Malformed> {
        let length = self.length()?;
        let [subtype] = self.array()?;
        let bytes = self.take(length)?;
        Ok(Value::Binary { subtype, bytes: if subtype == 2 { without_inner_length(bytes) } else { bytes } })
    }

    fn code_with_scope(&mut self) -> Result<Value<'a>, Malformed> {
        self.length()?;
        Ok(Value::CodeWithScope { code: self.text()?, scope: self.document()? })
    }

    /// Inlined with the usual kinds, so that what is done with a value follows at once.
    #[inline(always)]
    fn value(&mut self, kind: u8) -> Result<Value<'a>, Malformed> {
        Ok(match kind {
            0x01 => Value::Double(f64::from_le_bytes(self.array()?)),
            0x02 => Value::String(self.text()?),
            0x03 => Value::Document(self.document()?),
            0x04 => Value::Array(self.document()?),
            0x07 => Value::ObjectId(self.take(12)?),
            0x08 => Value::Bool(self.take(1)? != [0]),
            0x09 => Value::Date(i64::from_le_bytes(self.array()?)),
            0x0a => Value::Null,
            0x10 => Value::Int32(i32::from_le_bytes(self.array()?)),
            0x12 => Value::Int64(i64::from_le_bytes(self.array()?)),
            _ => self.unusual_value(kind)?,
        })
    }

    fn unusual_value(&mut self, kind: u8) -> Result<Value<'a>, Malformed> {
        Ok(match kind {
            0x05 => self.binary()?,
            0x06 => Value::Undefined,
            0x0b => Value::Regex { pattern: self.text_to_zero()?, options: self.text_to_zero()? },
            0x0c => Value::DbPointer { namespace: self.text()?, id: self.take(12)? },
            0x0d => Value::Code(self.text()?),
            0x0e => Value::Symbol(self.text()?),
            0x0f => self.code_with_scope()?,
            0x11 => {
                let increment = u32::from_le_bytes(self.array()?);
                Value::Timestamp { seconds: u32::from_le_bytes(self.array()?), increment }
            }
            0x13 => Value::Decimal(self.array()?),
            0x7f => Value::MaxKey,
            0xff => Value::MinKey,
            _ => return Err(Malformed("a type is unknown")),
        })
    }
}

/// The old binary subtype repeats its length inside.
fn without_inner_length(bytes: &[u8]) -> &[u8] {
    match bytes.split_first_chunk::<4>() {
        Some((length, inner)) if usize::try_from(i32::from_le_bytes(*length)) == Ok(inner.len()) => inner,
        _ => bytes,
    }
}
