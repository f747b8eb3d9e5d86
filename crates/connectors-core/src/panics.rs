//! A panic in code of a source is an error of what the source was asked for, and of nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};

use crate::{Error, Result};

/// Runs code of a source.
///
/// # Errors
/// What it returns; `Unexpected`, with its message, when it panics.
pub(crate) fn catch<T>(code: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// Awaits an answer of a source.
///
/// # Errors
/// What it returns; `Unexpected`, with its message, when it panics.
pub async fn caught<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// What a source yields; a panic is its last item, an error.
pub(crate) fn caught_stream<'a, T: Send + 'a>(
    make: impl FnOnce() -> BoxStream<'a, Result<T>>,
) -> BoxStream<'a, Result<T>> {
    match catch(|| Ok(make())) {
        Ok(items) => AssertUnwindSafe(items)
            .catch_unwind()
            .map(|item| item.unwrap_or_else(|panic| Err(panicked(&*panic))))
            .boxed(),
        Err(error) => futures::stream::iter([Err(error)]).boxed(),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::unexpected(
        "the source panicked, which is a fault of its code: report it with the log's lines about it",
    )
    .with("panic", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message() {
        let number = 7;
        let messages = [
            catch::<()>(|| panic!("boom")).unwrap_err(),
            caught::<()>(async { panic!("boom {number}") }).await.unwrap_err(),
            catch::<()>(|| std::panic::panic_any(7)).unwrap_err(),
        ]
        .map(|error| error.to_string());
        assert!(
            messages[0].contains("(panic: boom)") && messages[1].contains("(panic: boom 7)"),
            "{messages:?}"
        );
        assert!(messages[2].contains("without a message"), "{messages:?}");
        assert_eq!((catch(|| Ok(1)).unwrap(), caught(async { Ok(2) }).await.unwrap()), (1, 2));
    }

    #[tokio::test]
    async fn a_stream_that_panics_ends_with_an_error() {
        let items = || {
            let numbers = futures::stream::iter(0..9).map(|number| {
                assert!(number < 2, "no third");
                Ok(number)
            });
            numbers.boxed()
        };
        let seen: Vec<Result<i32>> = caught_stream(items).collect().await;
        assert_eq!(seen.len(), 3);
        assert!(seen[2].as_ref().unwrap_err().to_string().contains("no third"));
        let unmade: Vec<Result<i32>> = caught_stream(|| panic!("none")).collect().await;
        assert_eq!(unmade.len(), 1);
    }
}
