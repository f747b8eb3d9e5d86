//! Whether anything changed since the last complete listing.
//!
//! A change stream is opened before a listing begins and drained from then on. Its first event, or its
//! loss, means that something may have changed; until then its position tells up to when nothing did.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bson::{Document as Bson, doc};
use connectors_core::{Document, Result};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::watch::{self, Receiver, Sender};
use tokio::time::timeout;
use tracing::debug;

use crate::ahead::Running;
use crate::attempts::Failures;
use crate::changes::feed::{Feed, Position, Start};
use crate::client::{Client, Selection, error};

/// How long the stream may need to come up to now; a server sends its position at least once a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of changes, between syncs.
#[derive(Default)]
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// Counts the listings that began.
    listing: u64,
    /// True when the listing of this number came to its end without an error.
    complete: bool,
}

/// A change stream that is being drained.
struct Open {
    progress: Receiver<Progress>,
    _running: Running,
}

#[derive(Debug, Clone, PartialEq)]
enum Progress {
    /// Nothing happened up to here; at first the beginning is not known.
    Quiet(Option<Position>),
    /// Something happened, or the stream was lost.
    Over,
}

/// A listing that began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(u64);

impl Watch {
    /// Notes that a listing begins, with a stream that is open before it.
    ///
    /// Without a replica set there is no stream, and so no certainty.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn begin(&self, client: &Arc<Client>, selection: &Selection) -> Result<Mark> {
        let time = client.operation_time().await?;
        let quiet = self.lock().open.as_ref().is_some_and(Open::is_quiet);
        let fresh = match time {
            Some(time) if !quiet => client.feed(selection, &Start::behind(time), id_only()).await,
            _ => return Ok(self.lock().begin()),
        };
        let fresh = fresh.inspect_err(|error| debug!(error = %error.kind, "changes can't be watched")).ok();
        let mut state = self.lock();
        state.open = fresh.map(|feed| Open::start(feed, client.clone(), selection.clone()));
        Ok(state.begin())
    }

    /// The documents of a listing, which is complete once they came to their end without an error.
    pub(crate) fn complete_with<'a>(
        &self,
        mark: Mark,
        documents: BoxStream<'a, Result<Document>>,
    ) -> BoxStream<'a, Result<Document>> {
        let (state, failed) = (self.state.clone(), Arc::new(AtomicBool::new(false)));
        let seen = failed.clone();
        let noted = documents.inspect(move |document| {
            if document.is_err() {
                seen.store(true, Ordering::Relaxed);
            }
        });
        let end = stream::once(async move {
            if !failed.load(Ordering::Relaxed) {
                lock(&state).complete(mark);
            }
        });
        noted.chain(end.filter_map(|()| async { None })).boxed()
    }

    /// False only when a complete listing was followed by nothing at all up to now.
    ///
    /// # Errors
    /// When the server can't be reached.
    pub(crate) async fn changed(&self, client: &Client, selection: &Selection) -> Result<bool> {
        let Some(mut progress) = self.lock().quiet_since_listing() else { return Ok(true) };
        let Some(now) = client.position_now(selection).await? else { return Ok(true) };
        let up_to_now = progress.wait_for(|progress| progress.is_over() || progress.reached(&now));
        let quiet = timeout(PATIENCE, up_to_now).await;
        Ok(!quiet.is_ok_and(|progress| progress.is_ok_and(|progress| progress.reached(&now))))
    }

    /// Watches no longer.
    pub(crate) fn end(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn begin(&mut self) -> Mark {
        self.listing += 1;
        self.complete = false;
        Mark(self.listing)
    }

    fn complete(&mut self, mark: Mark) {
        if mark.0 == self.listing {
            self.complete = true;
        }
    }

    fn quiet_since_listing(&self) -> Option<Receiver<Progress>> {
        let open = self.open.as_ref().filter(|open| self.complete && open.is_quiet())?;
        Some(open.progress.clone())
    }
}

impl Open {
    fn start(feed: Feed, client: Arc<Client>, selection: Selection) -> Self {
        let (sender, progress) = watch::channel(Progress::Quiet(None));
        Self { progress, _running: Running::start(drain(feed, sender, (client, selection))) }
    }

    fn is_quiet(&self) -> bool {
        !self.progress.borrow().is_over() && self.progress.has_changed().is_ok()
    }
}

impl Progress {
    fn is_over(&self) -> bool {
        *self == Self::Over
    }

    fn reached(&self, wanted: &Position) -> bool {
        matches!(self, Self::Quiet(Some(position)) if position >= wanted)
    }
}

/// An event without anything that a watch has no use for.
fn id_only() -> Bson {
    doc! {"$project": {"_id": 1}}
}

/// Follows the stream until its first event, or until it is lost for good.
async fn drain(mut feed: Feed, sender: Sender<Progress>, (client, selection): (Arc<Client>, Selection)) {
    let mut failures = Failures::default();
    while !sender.is_closed() {
        let lost = match feed.next_if_any(&client).await {
            Ok(Some(_)) => break,
            Ok(None) => {
                if feed.goes_on() {
                    failures = Failures::default();
                }
                sender.send_replace(Progress::Quiet(feed.token().and_then(|token| Position::of(token))));
                continue;
            }
            Err(error) => error::map(&error, "watch for changes"),
        };
        // Without a position nobody knows what happened before the stream is open again.
        let Some(token) = feed.token().cloned() else { break };
        if !failures.allow_another_try(&lost).await {
            break;
        }
        debug!(%selection, error = %lost, "the changes are watched again");
        match client.feed(&selection, &Start::After(token), id_only()).await {
            Ok(again) => feed = again,
            Err(error) => debug!(%selection, error = %error.kind, "the change stream can't be opened"),
        }
    }
    sender.send_replace(Progress::Over);
}
