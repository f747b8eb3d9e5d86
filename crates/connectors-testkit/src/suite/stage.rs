//! A source beside the backend that it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use connectors_core::{Connection, Context, DOCUMENT_LEVEL_SECURITY, Limits, Registered, Retry, Rules};
use serde_json::{Map, Value};

use super::listing::Listing;
use super::{Broken, Outcome, ensure, some};
use crate::{Debugs, Expected, Fixture};

/// Before the second try of what may pass.
const WAIT: Duration = Duration::from_millis(5);

/// What a promise is tried on.
pub(super) struct Stage<F> {
    pub(super) fixture: F,
    pub(super) source: &'static dyn Registered,
    pub(super) debugs: Arc<Debugs>,
    pub(super) context: Context,
}

impl<F: Fixture> Stage<F> {
    pub(super) fn new(fixture: F, source: &'static dyn Registered, debugs: Arc<Debugs>) -> Self {
        Self { fixture, source, debugs, context: impatient() }
    }

    /// A new connection with the fixture's settings.
    pub(super) fn connect(&self) -> Result<Box<dyn Connection>, Broken> {
        self.connector().connect()
    }

    /// A new connection that is asked who may read each document.
    pub(super) fn connect_guarded(&self) -> Result<Box<dyn Connection>, Broken> {
        let mut connector = self.connector();
        connector.settings.insert(DOCUMENT_LEVEL_SECURITY.to_owned(), true.into());
        connector.connect()
    }

    /// What makes such connections, for another thread.
    pub(super) fn connector(&self) -> Connect {
        let (settings, context) = (self.fixture.settings(), self.context.clone());
        Connect { source: self.source, settings, context }
    }

    /// A connection to a backend that holds so many documents.
    pub(super) async fn loaded(&mut self, count: usize) -> Result<Box<dyn Connection>, Broken> {
        self.fixture.load(count).await?;
        self.connect()
    }

    /// What must be indexed, by id.
    pub(super) fn expected(&self) -> BTreeMap<String, Expected> {
        self.fixture.expected().collect()
    }

    /// Broken unless exactly what must be indexed is listed.
    pub(super) fn is_whole(&self, listing: &Listing) -> Outcome {
        let expected = self.expected();
        same_ids(listing.ids(), expected.keys())
    }

    /// Values that must never show.
    pub(super) fn secrets(&self, settings: &[Map<String, Value>]) -> Vec<String> {
        let fields = self.source.fields();
        let sensitive = fields.iter().filter(|field| field.sensitive);
        let given = sensitive.flat_map(|field| settings.iter().filter_map(|values| values.get(&field.name)));
        let given = given.filter_map(|value| value.as_str().map(str::to_owned));
        let all: BTreeSet<String> = given.chain(self.fixture.secrets()).collect();
        all.into_iter().filter(|secret| secret.len() > 2).collect()
    }
}

/// A context with which what fails for good is told soon: as many tries as ever, with short waits between them.
fn impatient() -> Context {
    let retry = Retry { initial: WAIT, longest: 4 * WAIT, ..Retry::default() };
    Context { limits: Limits { retry, ..Limits::default() }, ..Context::default() }
}

/// The listing of a connection, which must come to its end without an error.
pub(super) async fn list(connection: &dyn Connection) -> Result<Listing, Broken> {
    let mut listing = Listing::read(connection.source(), &Rules::default()).await;
    match listing.errors.pop() {
        Some(error) => Err(Broken::Source { doing: "listing", error }),
        None => Ok(listing),
    }
}

/// Broken when the ids listed are not those expected.
pub(super) fn same_ids<'a>(
    listed: impl IntoIterator<Item = &'a String>,
    expected: impl IntoIterator<Item = &'a String>,
) -> Outcome {
    let (listed, expected): (BTreeSet<_>, BTreeSet<_>) =
        (listed.into_iter().collect(), expected.into_iter().collect());
    let missing: Vec<_> = expected.difference(&listed).collect();
    let surplus: Vec<_> = listed.difference(&expected).collect();
    ensure(missing.is_empty() && surplus.is_empty(), || {
        format!(
            "{} ids where {} are expected; missing: [{}]; not expected: [{}]",
            listed.len(),
            expected.len(),
            some(missing),
            some(surplus)
        )
    })
}

/// Makes connections on another thread than the fixture's.
pub(super) struct Connect {
    source: &'static dyn Registered,
    settings: Map<String, Value>,
    context: Context,
}

impl Connect {
    pub(super) fn connect(&self) -> Result<Box<dyn Connection>, Broken> {
        let connected = self.source.connect(&self.settings, &self.context);
        connected.map_err(|error| Broken::Source { doing: "connecting", error })
    }
}
