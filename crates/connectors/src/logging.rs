//! Where log lines go: standard error, as text.

use std::io::{IsTerminal, stderr};

use connectors_core::{Error, Result};
use tracing_subscriber::EnvFilter;

/// Begins to log at this level or by this filter.
pub(crate) fn start(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Error::config("the log level is none of error, warn, info, debug, trace, and no filter")
            .with("log_level", filter)
            .caused_by(error)
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    let _ = subscriber.try_init();
    Ok(())
}
