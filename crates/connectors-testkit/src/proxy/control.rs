//! What the listener of a proxy is told.

use std::time::Duration;

use tokio::sync::oneshot;

/// A change of whether connections are taken; who waits for it is answered.
#[derive(Debug)]
pub(super) enum Control {
    /// End the connections there are.
    Cut(oneshot::Sender<()>),
    /// Take no more, and end those there are.
    Close(oneshot::Sender<()>),
    /// Take connections again.
    Open(oneshot::Sender<()>),
    /// Close, and open again after this long.
    CloseFor(Duration),
    /// That time is over.
    Reopen,
}
