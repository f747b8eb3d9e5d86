//! Work on a task of its own, ahead of whoever takes its results.

use std::future::Future;
use std::panic::resume_unwind;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

/// Ends a task when it is dropped.
pub(crate) struct Running(JoinHandle<()>);

impl Running {
    /// Starts a task.
    pub(crate) fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Running {
    /// Waits for the end of the task, and hands on its panic: what a task sent before it is not all there is.
    async fn end(&mut self) {
        if let Err(error) = (&mut self.0).await
            && let Ok(panic) = error.try_into_panic()
        {
            resume_unwind(panic);
        }
    }
}

/// What `work` sends, at most `ahead` of it waiting; it starts when first polled and ends with the stream.
pub(crate) fn stream_of<T, F, W>(ahead: usize, work: W) -> BoxStream<'static, T>
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
    W: FnOnce(Sender<T>) -> F + Send + 'static,
{
    let start = async move {
        let (sender, receiver) = mpsc::channel(ahead);
        let running = Running::start(work(sender));
        stream::unfold((receiver, running), |(mut receiver, mut running)| async move {
            let Some(item) = receiver.recv().await else {
                running.end().await;
                return None;
            };
            Some((item, (receiver, running)))
        })
    };
    start.flatten_stream().boxed()
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn hands_on_what_is_sent_and_ends() {
        let stream = stream_of(1, |sender| async move {
            for number in 0..3 {
                let _ = sender.send(number).await;
            }
        });
        assert_eq!(stream.collect::<Vec<_>>().await, [0, 1, 2]);
    }

    #[tokio::test]
    #[should_panic(expected = "out of order")]
    async fn a_task_that_panics_is_no_end() {
        let stream = stream_of(1, |sender| async move {
            let _ = sender.send(1).await;
            panic!("out of order");
        });
        stream.collect::<Vec<_>>().await;
    }

    #[tokio::test]
    async fn dropping_the_stream_ends_the_work() {
        let (alive, dropped) = oneshot::channel::<()>();
        let mut stream = stream_of(1, |sender| async move {
            let _alive = alive;
            let _ = sender.send(1).await;
            std::future::pending::<()>().await;
        });
        assert_eq!(stream.next().await, Some(1));
        drop(stream);
        assert!(dropped.await.is_err(), "what the work held is dropped");
    }
}
