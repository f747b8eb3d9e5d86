//! What is left to do once the documents are written: deletes, verification, failures, and the end of it.

pub(crate) mod close;
pub(crate) mod confirm;
pub(crate) mod deletes;
mod difference;
mod failures;
mod gone;
pub(crate) mod guard;
mod left_over;
pub(crate) mod loading;
mod repair;
pub(crate) mod taking;
pub(crate) mod verify;
