//! The contract between sources and Elasticsearch, and the sync that keeps the two equal.
//!
//! A source crate implements [`Connector`] and [`Source`] and exports one [`Definition`]; everything
//! else – what changed, contents, bulks, deletes, retries, accounts – is done here. The modules stand
//! in reading order.
#![warn(missing_docs)]

mod address;
pub mod config;
mod context;
mod definition;
mod document;
pub mod elastic;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod json;
pub mod mask;
mod obstacle;
mod panics;
mod retry;
mod roots;
pub mod rules;
mod source;
pub mod sync;
mod waits;

pub use context::{Clock, Context, Limits, Mask};
pub use definition::{
    Capabilities, Connected, Connection, Connector, DOCUMENT_LEVEL_SECURITY, Definition, Registered,
};
pub use document::names;
pub use document::{
    Body, ByteStream, Change, Content, Cursor, Document, DocumentId, Identity, Parts, Permissions, Version,
};
pub use elastic::{FieldKind, FieldSpec};
pub use error::{Error, ErrorKind, Result};
pub use http::Http;
pub use panics::caught;
pub use retry::Retry;
pub use roots::Roots;
pub use rules::{RuleProblem, Rules};
pub use source::{AccessControl, AdvancedRules, Found, Incremental, Lookup, Source, Unlisted};
pub use waits::Waits;

#[doc(hidden)]
pub use serde_json;
