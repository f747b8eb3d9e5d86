//! Ingest pipelines: there are none.

use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::tree::object;

/// Every pipeline.
pub(super) fn all(call: &Call) -> Result<Reply> {
    call.allow(&["master_timeout", "summary"])?;
    Ok(object! {}.into())
}

/// The pipeline of a name.
pub(super) fn named(call: &Call) -> Result<Reply> {
    call.allow(&["master_timeout", "summary"])?;
    Ok(Reply::new(404, object! {}))
}

/// Refuses documents that are to go through a pipeline, as a server does that has none of its name.
pub(super) fn refused(call: &Call) -> Result<()> {
    match call.parameter("pipeline") {
        None | Some("_none") => Ok(()),
        Some(name) => Err(Failure::argument(format!("pipeline with id [{name}] does not exist"))),
    }
}
