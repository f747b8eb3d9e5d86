//! The memory source with one flaw, chosen by a setting.

mod fixture;
mod streams;

use std::fmt;
use std::future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use connectors_core::config::Secret;
use connectors_core::{
    AccessControl, AdvancedRules, Change, Connector, Context, Cursor, Document, Error, FieldKind, FieldSpec,
    Identity, Incremental, Result, RuleProblem, Rules, Source,
};
use connectors_testkit::memory::{Memory, MemoryConfig};
use futures::stream::{self, BoxStream, StreamExt};

pub(crate) use fixture::{FLAW, FlawedFixture};

macro_rules! flaws {
    ($($name:ident),* $(,)?) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Flaw {
            $($name),*
        }

        const FLAWS: &[Flaw] = &[$(Flaw::$name),*];
    };
}

flaws! {
    None, FailingPing, LyingPing, BareError, UnexpectedError, EarlyEnd, SkippedPage, Hanging, Panic,
    SpuriousError, DuplicatePage, LostField, ListBody, DoubledName, LocalTime, Placeholder, IdOfRun, IdOfConnection,
    VersionOfRun, TimestampOfRun, FixedVersion, StaleBody, MissingDelete, LateAddition, LyingChanged,
    ForgetfulChanged, LostContent, TornContent, ContentOnce, BrokenContent, SwallowedError, RepeatedFirst,
    StickyError, TaskLeftOver, ThreadLeftOver, Resuming, BusyLoop, FirstHits, AllInMemory, SecretInLog,
    SecretInSpan, SecretInError, SecretInDebug, ChangesAnew, NoCheckpoint, CursorOfEnd, HastyCheckpoint,
    CursorOfProcess, RefusedRules, IgnoredRules, PlacelessRules, LostIdentity, LostTerms,
    LostScope, NarrowScope, EagerContent, SilentContent, LostPermissions, OpenPermissions,
    UnaskedPermissions, LostPermissionsOfChanges, FoldedNames, WrongKind, UnusedField, ErrorFirst,
}

impl Flaw {
    /// The flaw of a number.
    pub(crate) fn of(number: u16) -> Self {
        FLAWS.get(usize::from(number)).copied().unwrap_or(Self::None)
    }
}

connectors_core::config! {
    /// A store, and what is wrong with the source that reads it.
    pub(crate) struct FlawedConfig {
        /// Name of the store.
        #[label = "Store"]
        pub(crate) store: String,
        /// The store's token.
        #[label = "Token"]
        pub(crate) token: Secret,
        /// Number of the flaw.
        #[label = "Flaw"]
        pub(crate) flaw: u16,
    }
}

/// The memory source, but for its flaw.
pub(crate) struct Flawed {
    inner: Memory,
    flaw: u16,
    token: Secret,
    /// Listings that were begun, or documents of them where the flaw counts these.
    count: AtomicU64,
    /// A number that no other connection has.
    number: u64,
    /// What earlier listings held.
    seen: Mutex<Vec<String>>,
}

impl fmt::Debug for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.is(Flaw::SecretInDebug) { self.token.reveal() } else { "***" };
        write!(f, "Flawed({token})")
    }
}

impl Connector for Flawed {
    const NAME: &'static str = "flawed";
    type Config = FlawedConfig;

    fn connect(config: FlawedConfig, context: &Context) -> Result<Self> {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        let FlawedConfig { store, token, flaw } = config;
        let inner = Memory::connect(MemoryConfig { store, token: token.clone() }, context)?;
        let number = CONNECTIONS.fetch_add(1, SeqCst);
        Ok(Self { inner, flaw, token, count: AtomicU64::new(0), number, seen: Mutex::default() })
    }
}

impl Flawed {
    pub(crate) fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw as u16
    }
}

#[async_trait]
impl Source for Flawed {
    async fn ping(&self) -> Result<()> {
        if self.is(Flaw::FailingPing) && self.count.fetch_add(1, SeqCst) > 0 {
            return Err(Error::transient("no more connections"));
        }
        if self.is(Flaw::SecretInLog) {
            tracing::trace!(token = self.token.reveal(), "signing in");
        }
        if self.is(Flaw::SecretInSpan) {
            let span = tracing::debug_span!("request", header = tracing::field::Empty);
            span.record("header", format!("Bearer {}", self.token.reveal()));
            span.in_scope(|| tracing::debug!("sent"));
        }
        let Err(error) = self.inner.ping().await else { return Ok(()) };
        if self.is(Flaw::LyingPing) {
            return Ok(());
        }
        Err(if self.is(Flaw::BareError) {
            Error::config("store")
        } else if self.is(Flaw::UnexpectedError) {
            Error::unexpected(error.to_string())
        } else if self.is(Flaw::SecretInError) {
            error.with("authorization", self.token.reveal())
        } else {
            error
        })
    }

    async fn changed(&self) -> Result<bool> {
        if self.is(Flaw::LyingChanged) {
            return Ok(false);
        }
        if self.is(Flaw::ForgetfulChanged) {
            return Ok(self.count.load(SeqCst) == 0);
        }
        self.inner.changed().await
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        let mut fields = self.inner.declared_fields().await?;
        if self.is(Flaw::WrongKind) {
            fields.push(FieldSpec::new("title", FieldKind::Date));
        }
        if self.is(Flaw::UnusedField) {
            fields.push(FieldSpec::new("shape", FieldKind::Code));
        }
        Ok(fields)
    }

    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
        static EVERYTHING: Rules = Rules::NONE;
        if self.is(Flaw::TaskLeftOver) {
            tokio::spawn(future::pending::<()>());
        }
        if self.is(Flaw::ThreadLeftOver) {
            // Longer than anybody waits for it, and not for ever.
            tokio::task::spawn_blocking(|| busy(Duration::from_secs(2)));
        }
        if self.is(Flaw::BusyLoop) {
            let busy = stream::once(async {
                busy(Duration::from_millis(1500));
                None
            });
            return busy.filter_map(future::ready).chain(self.inner.documents(rules)).boxed();
        }
        let rules = if self.is(Flaw::IgnoredRules) { &EVERYTHING } else { rules };
        self.listing(self.inner.documents(rules))
    }
}

/// Keeps a thread from everything else.
fn busy(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[async_trait]
impl Incremental for Flawed {
    async fn cursor(&self) -> Result<Cursor> {
        self.inner.cursor().await
    }

    fn changes<'a>(&'a self, from: Cursor, rules: &'a Rules) -> BoxStream<'a, Result<Change>> {
        let changes = self.inner.changes(from, rules);
        if self.is(Flaw::CursorOfEnd) && self.count.load(SeqCst) > 0 {
            return stream::empty().boxed();
        }
        if self.is(Flaw::CursorOfProcess) && self.count.load(SeqCst) == 0 {
            return stream::empty().boxed();
        }
        self.told(changes)
    }
}

impl AccessControl for Flawed {
    fn identities(&self) -> BoxStream<'_, Result<Identity>> {
        let skipped = usize::from(self.is(Flaw::LostIdentity));
        let identities = self.inner.identities().skip(skipped);
        if !self.is(Flaw::LostTerms) {
            return identities.boxed();
        }
        identities.map(|identity| identity.map(|known| Identity { access: Vec::new(), ..known })).boxed()
    }
}

#[async_trait]
impl AdvancedRules for Flawed {
    async fn validate(&self, rules: &Rules) -> Result<Vec<RuleProblem>> {
        let problem = || RuleProblem { place: "rules".into(), message: "not understood".into() };
        if self.is(Flaw::IgnoredRules) {
            return Ok(Vec::new());
        }
        if self.is(Flaw::RefusedRules) {
            return Ok(vec![problem()]);
        }
        let problems = self.inner.validate(rules).await?;
        Ok(if self.is(Flaw::PlacelessRules) {
            problems.iter().map(|_| problem()).collect()
        } else {
            problems
        })
    }
}
