//! Limits of waits for a source: one that goes silent ends the sync, and the error names what was waited for.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::panics::caught;
use crate::{Context, Error, Result, Waits};

/// How long a source may yield nothing. A wait that a server asked for (`Retry-After`) does not count.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    limit: Duration,
    waits: Waits,
}

impl Patience {
    pub(crate) fn of(context: &Context) -> Self {
        Self { limit: context.limits.silence, waits: context.waits.clone() }
    }

    /// Waits until the limit is reached.
    pub(crate) async fn end(&self) {
        let Some(mut end) = Instant::now().checked_add(self.limit) else {
            return std::future::pending().await;
        };
        loop {
            sleep_until(end).await;
            match self.waits.paused_until().and_then(|pause| pause.checked_add(self.limit)) {
                Some(later) if later > end => end = later,
                _ => return,
            }
        }
    }
}

/// Waits for an answer of the source, as long as [`Limits::silence`](crate::Limits::silence) allows.
///
/// # Errors
/// What the source returns; `Unexpected` when it panics; `Transient`, naming what was waited for, when it does not answer
/// in time.
pub(crate) async fn within<T>(
    context: &Context,
    waits_for: &str,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    let patience = Patience::of(context);
    tokio::select! {
        biased;
        answer = caught(answer) => answer,
        () = patience.end() => Err(silent(context, waits_for)),
    }
}

/// The source did not answer in time.
pub(crate) fn silent(context: &Context, waits_for: &str) -> Error {
    Error::transient(format!(
        "the source was silent for longer than it may be (`sync.max_silence`), while the sync waited for {waits_for}"
    ))
    .with("seconds", context.limits.silence.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, Limits};

    fn context() -> Context {
        let limits = Limits { silence: Duration::from_secs(60), ..Limits::default() };
        Context { limits, ..Context::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_source_is_an_error_that_names_what_was_waited_for() {
        let context = context();
        assert_eq!(within(&context, "an answer", async { Ok(7) }).await.unwrap(), 7);
        let error = within::<()>(&context, "the end of time", std::future::pending()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient);
        let text = error.to_string();
        assert!(
            text.contains("waited for the end of time (seconds: 60)") && text.contains("sync.max_silence"),
            "{text}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_is_not_silent_while_its_server_asks_to_be_left_alone() {
        let (context, started) = (context(), Instant::now());
        context.waits.pause(started + Duration::from_secs(3000));
        within::<()>(&context, "an answer", std::future::pending()).await.unwrap_err();
        assert_eq!(started.elapsed().as_secs(), 3060);
    }
}
