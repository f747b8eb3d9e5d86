//! Who may read documents, and who may search.

pub(crate) mod identities;
pub(crate) mod permissions;
