//! The way of a document into the index, a stage a file.
//!
//! ```text
//! listing ─► document ─► classify ─► content ─► write ─► Elasticsearch
//!            permissions  unchanged?  read,      encode once,
//!                         wanted?     as text    several bulks in flight
//! ```

pub(crate) mod bodies;
mod classify;
pub(crate) mod content;
pub(crate) mod document;
pub(crate) mod draft;
pub(crate) mod expected;
pub(crate) mod failing;
pub(crate) mod incremental;
pub(crate) mod listing;
pub(crate) mod lookup;
mod mend;
pub(crate) mod render;
pub(crate) mod stages;
pub(crate) mod write;
mod writer;
