//! Limits of waits for a source: one that goes silent ends the sync, with what it was waited for.

use std::future::Future;

use tokio::time::timeout;

use crate::panics::caught;
use crate::{Context, Error, Result};

/// Waits for an answer of the source, as long as [`Limits::silence`](crate::Limits::silence) allows.
///
/// # Errors
/// What the source returns; `Unexpected` when it panics; `Transient`, naming what was waited for, when it does not answer in time.
pub(super) async fn within<T>(
    context: &Context,
    waits_for: &str,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    let limit = context.limits.silence;
    timeout(limit, caught(answer)).await.unwrap_or_else(|_| Err(silent(context, waits_for)))
}

/// The source did not answer in time.
pub(super) fn silent(context: &Context, waits_for: &str) -> Error {
    Error::transient(format!(
        "the source was silent for longer than it may be (`sync.max_silence`), while the sync waited for {waits_for}"
    ))
    .with("seconds", context.limits.silence.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ErrorKind, Limits};

    #[tokio::test(start_paused = true)]
    async fn a_silent_source_is_an_error_that_names_what_was_waited_for() {
        let limits = Limits { silence: Duration::from_secs(60), ..Limits::default() };
        let context = Context { limits, ..Context::default() };
        assert_eq!(within(&context, "an answer", async { Ok(7) }).await.unwrap(), 7);
        let error = within::<()>(&context, "the end of time", std::future::pending()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient);
        let text = error.to_string();
        assert!(
            text.contains("waited for the end of time (seconds: 60)") && text.contains("sync.max_silence"),
            "{text}"
        );
    }
}
