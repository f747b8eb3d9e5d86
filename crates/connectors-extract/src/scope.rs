//! What all readers of one extraction share: limits, and what is left of them.

use std::cell::Cell;
use std::io::{ErrorKind, Read};

use crate::model::{Limits, Outcome};

/// The limits of an extraction, with the bytes and parts that its containers have used.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) limits: &'a Limits,
    bytes: Cell<u64>,
    parts: Cell<u32>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, bytes: Cell::new(0), parts: Cell::new(0) }
    }

    /// Reads a part of a container, counted against all limits.
    pub(crate) fn part(&self, from: impl Read) -> Result<Vec<u8>, Outcome> {
        self.parts.set(self.parts.get().saturating_add(1));
        if self.parts.get() > self.limits.parts {
            return Err(too_large("parts"));
        }
        let left = self.limits.total_bytes.saturating_sub(self.bytes.get());
        let room = left.min(self.limits.part_bytes);
        let mut bytes = Vec::new();
        let read = from.take(room.saturating_add(1)).read_to_end(&mut bytes);
        let length = bytes.len() as u64;
        self.bytes.set(self.bytes.get().saturating_add(length));
        if length > room {
            return Err(too_large(if left < self.limits.part_bytes { "total_bytes" } else { "part_bytes" }));
        }
        match read {
            Err(error) => Err(damaged(&error)),
            Ok(_) => Ok(bytes),
        }
    }
}

/// The outcome of a limit that was reached.
pub(crate) fn too_large(limit: &str) -> Outcome {
    Outcome::TooLarge { limit: limit.to_owned() }
}

/// The outcome of bytes that are not as their format asks.
pub(crate) fn damaged(reason: &dyn std::fmt::Display) -> Outcome {
    Outcome::Damaged { reason: reason.to_string() }
}

/// The outcome of an input that could not be read.
pub(crate) fn unreadable(error: &std::io::Error) -> Outcome {
    match error.kind() {
        ErrorKind::UnexpectedEof => damaged(&"the file ends too early"),
        _ => damaged(&format!("the file could not be read: {error}")),
    }
}
