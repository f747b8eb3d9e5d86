//! What a sync knows of its index before it takes documents.

pub(crate) mod cursor;
pub(crate) mod dropped;
pub mod failures;
pub(crate) mod fingerprint;
pub(crate) mod inventory;
pub(crate) mod marks;
pub(crate) mod owner;
pub(crate) mod pipeline;
pub(crate) mod prepare;
pub(crate) mod snapshot;
pub(crate) mod uuid;
