//! A server, a clock that is driven, workers, and a source that follows a script.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::elastic::{Client, Request, Settings, index};
use connectors_core::{
    Body, Clock, Context, DOCUMENT_LEVEL_SECURITY, Definition, Document, Error, Registered, Result, Rules,
    Source,
};
use connectors_testkit::Fixture as _;
use connectors_testkit::memory::{MemoryFixture, SOURCE as MEMORY};
use elastic_embedded::{Options as EmbeddedOptions, Server};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use url::Url;

use crate::protocol::{Connector, JobType, Kind, NewConnector, Schedule, Store, SyncJob, Trigger};
use crate::registry::Registry;
use crate::worker::{Options, Worker};

/// Monday, the first minute of a year.
pub(super) const START: &str = "2024-01-01T00:00:00Z";

/// A server and a clock.
pub(super) struct Place {
    pub(super) store: Store,
    seconds: Arc<AtomicU64>,
    server: tokio::sync::Mutex<Option<Server>>,
    data: TempDir,
}

impl Place {
    pub(super) async fn new() -> Self {
        Self::of(TempDir::new().unwrap()).await
    }

    /// With the server's data in this folder.
    pub(super) async fn of(data: TempDir) -> Self {
        let server = Server::start(EmbeddedOptions::new(data.path().to_owned())).await.unwrap();
        let store = connect(server.url().parse().unwrap()).await;
        Self { store, seconds: Arc::default(), server: Some(server).into(), data }
    }

    /// On the server that `CONNECTORS_SERVICE_URL` names, without these indices and any connector; else on one of its own.
    pub(super) async fn anywhere(indices: &[&str]) -> Self {
        let Ok(url) = std::env::var("CONNECTORS_SERVICE_URL") else { return Self::new().await };
        let (url, data) = (Url::parse(&url).unwrap(), TempDir::new().unwrap());
        let place =
            Self { store: connect(url.clone()).await, seconds: Arc::default(), server: None.into(), data };
        place.forget(indices).await;
        Self { store: connect(url).await, ..place }
    }

    /// Removes these indices, and all connectors and jobs.
    pub(super) async fn forget(&self, indices: &[&str]) {
        let own = [".elastic-connectors-v1", ".elastic-connectors-sync-jobs-v1"];
        for index in own.iter().chain(indices) {
            self.store.client().find(&Request::delete(format!("/{index}"))).await.unwrap();
        }
    }

    /// Ends the server.
    pub(super) async fn take_down(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.stop().await.unwrap();
        }
    }

    /// Starts the server again where it was, with what it held.
    pub(super) async fn bring_back(&self) {
        let mut server = self.server.lock().await;
        if server.is_none() {
            let port = self.store.client().settings().host.port().unwrap();
            let options = EmbeddedOptions { port, ..EmbeddedOptions::new(self.data.path().to_owned()) };
            *server = Some(Server::start(options).await.unwrap());
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(self.seconds.load(SeqCst) as i64)
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, SeqCst);
    }

    pub(super) fn set_back(&self, seconds: u64) {
        self.seconds.fetch_sub(seconds, SeqCst);
    }

    /// A clock that is this many seconds ahead.
    fn clock(&self, ahead: i64) -> Clock {
        let seconds = self.seconds.clone();
        let start = START.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(ahead);
        Clock::new(move || start + TimeDelta::seconds(seconds.load(SeqCst) as i64))
    }

    pub(super) fn worker(&self, name: &str) -> Arc<Worker> {
        self.worker_with(Options {
            worker: name.into(),
            grace: std::time::Duration::from_millis(50),
            ..Options::default()
        })
    }

    pub(super) fn worker_with(&self, options: Options) -> Arc<Worker> {
        self.worker_of(self.store.clone(), options)
    }

    /// A worker with a connection of its own.
    pub(super) fn worker_of(&self, store: Store, options: Options) -> Arc<Worker> {
        self.worker_ahead(0, store, options)
    }

    /// A worker whose machine's clock is this many seconds ahead.
    pub(super) fn worker_ahead(&self, ahead: i64, store: Store, options: Options) -> Arc<Worker> {
        let context =
            Context { clock: self.clock(ahead), mask: crate::secrets::failure_mask(), ..Context::default() };
        let registry = Registry::new([&MEMORY as &dyn Registered, &SCRIPTED]);
        Worker::new(store, registry, context, (options, connectors_core::sync::Options::default()))
    }

    /// Makes a connector of the scripted source whose index has its id as name.
    pub(super) async fn scripted(&self, id: &str) -> Arc<Script> {
        self.scripted_at(id, None).await
    }

    /// The same, with a schedule.
    pub(super) async fn scripted_at(&self, id: &str, schedule: Option<&str>) -> Arc<Script> {
        let script = Script::named(&format!("{}-{id}", self.store.client().settings().shown_host()));
        let values = Map::from_iter([("name".to_owned(), json!(script.name))]);
        self.connector(id, (&SCRIPTED, values), schedule).await;
        script
    }

    /// Makes a connector of the source in memory.
    pub(super) async fn memory(&self, id: &str, fixture: &MemoryFixture, schedule: Option<&str>) {
        self.connector(id, (&MEMORY, fixture.settings()), schedule).await;
    }

    /// The same, with documents that only those find who may read them.
    pub(super) async fn guarded(&self, id: &str, fixture: &MemoryFixture) {
        let mut values = fixture.settings();
        values.insert(DOCUMENT_LEVEL_SECURITY.into(), true.into());
        self.connector(id, (&MEMORY, values), None).await;
    }

    /// What the index holds of a document.
    pub(super) async fn document(&self, index: &str, id: &str) -> Value {
        let request = Request::get(format!("/{index}/_source/{id}"));
        self.store.client().json(&request).await.unwrap()
    }

    pub(super) async fn connector(
        &self,
        id: &str,
        (source, values): (&dyn Registered, Map<String, Value>),
        schedule: Option<&str>,
    ) {
        let schedules = schedule
            .map(|at| (JobType::Full, Schedule { enabled: true, interval: at.into() }))
            .into_iter()
            .collect();
        let asked = NewConnector {
            name: id.into(),
            index_name: id.into(),
            values,
            schedules,
            ..NewConnector::default()
        };
        let document = asked.document(source, self.now());
        assert!(self.store.create(Kind::Connector, id, &document).await.unwrap());
    }

    /// Asks for a sync.
    pub(super) async fn ask(&self, connector: &str, job_type: JobType) -> String {
        let connector = self.read(connector).await;
        let job = SyncJob::document(&connector, (job_type, Trigger::OnDemand), self.now());
        self.store.add(Kind::Job, &job).await.unwrap()
    }

    pub(super) async fn read(&self, connector: &str) -> Connector {
        self.store.connector(connector).await.unwrap().unwrap()
    }

    pub(super) async fn job(&self, id: &str) -> SyncJob {
        self.store.job(id).await.unwrap().unwrap()
    }

    /// The jobs of a connector, oldest first.
    pub(super) async fn jobs(&self, connector: &str) -> Vec<SyncJob> {
        self.store.refresh(Kind::Job).await.unwrap();
        self.store.jobs(&json!({"term": {"connector.id": connector}}), None).await.unwrap()
    }

    pub(super) async fn change(&self, kind: Kind, id: &str, patch: Value) {
        let patch = patch.as_object().unwrap().clone();
        self.store.change(kind, id, |_| Ok(Some(patch.clone()))).await.unwrap().unwrap();
    }

    pub(super) async fn count(&self, name: &str) -> u64 {
        index::refresh(self.store.client(), name).await.unwrap();
        index::count(self.store.client(), name, &json!({"match_all": {}})).await.unwrap()
    }
}

/// A connection that tries everything once.
pub(super) async fn connect(host: Url) -> Store {
    let mut settings = Settings::new(host);
    settings.retry.max = 0;
    let client = Client::connect(settings).await.unwrap();
    Store::open(&client, true).await.unwrap()
}

/// Ticks and waits for everything that began.
pub(super) async fn turn(worker: &Arc<Worker>) {
    worker.tick().await.unwrap();
    worker.settle().await;
}

pub(super) async fn filled(count: usize) -> MemoryFixture {
    let mut fixture = MemoryFixture::start().await.unwrap();
    fixture.load(count).await.unwrap();
    fixture
}

static ALL: LazyLock<Mutex<HashMap<String, Arc<Script>>>> = LazyLock::new(Mutex::default);

/// The error with which a ping does not end, but panics.
pub(super) const PANIC: &str = "scripted to panic by a ping";

/// What a scripted source does.
pub(super) struct Script {
    name: String,
    /// Documents that may be listed; more wait.
    pub(super) permits: Semaphore,
    /// Documents there are.
    pub(super) documents: AtomicU64,
    /// The error of the next pings.
    pub(super) ping: Mutex<Option<String>>,
    /// The error of every document that is written.
    pub(super) broken: Mutex<Option<String>>,
    pub(super) panics: std::sync::atomic::AtomicBool,
    /// True while it can't be listed for a reason that may pass.
    pub(super) is_away: std::sync::atomic::AtomicBool,
    /// How often a source was made, and how often pinged.
    pub(super) made: AtomicU64,
    pub(super) pinged: AtomicU64,
    pub(super) closed: AtomicU64,
}

impl Script {
    fn named(name: &str) -> Arc<Self> {
        let script = Arc::new(Self {
            name: name.to_owned(),
            permits: Semaphore::new(0),
            documents: AtomicU64::new(10),
            ping: Mutex::default(),
            broken: Mutex::default(),
            panics: false.into(),
            is_away: false.into(),
            made: AtomicU64::new(0),
            pinged: AtomicU64::new(0),
            closed: AtomicU64::new(0),
        });
        ALL.lock().unwrap().insert(name.to_owned(), script.clone());
        script
    }

    /// What a connector's setting calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Lets so many more documents through.
    pub(super) fn let_through(&self, count: usize) {
        self.permits.add_permits(count);
    }
}

connectors_core::config! {
    /// Which one.
    pub(super) struct ScriptedConfig {
        /// Its name.
        #[label = "Name"]
        pub(super) name: String,
        /// Whatever.
        #[label = "Note"]
        pub(super) note: Option<String>,
        /// A folder.
        #[label = "Folder"]
        pub(super) folder: Option<std::path::PathBuf>,
        /// A server.
        #[label = "Server", names_hosts()]
        pub(super) server: Option<String>,
    }
}

/// A source that does as [`Script`] says.
pub(super) struct ScriptedSource(Arc<Script>);

pub(super) static SCRIPTED: Definition<ScriptedSource> = Definition::new();

impl connectors_core::Connector for ScriptedSource {
    const NAME: &'static str = "scripted";
    type Config = ScriptedConfig;

    fn connect(config: ScriptedConfig, _: &Context) -> Result<Self> {
        let script = ALL.lock().unwrap().get(&config.name).cloned();
        let script = script.ok_or_else(|| Error::config("there is no scripted source of this name"))?;
        script.made.fetch_add(1, SeqCst);
        Ok(Self(script))
    }
}

/// A body that fails with these words.
fn broken(error: String) -> Body {
    Body::raw(error.into_bytes().into(), |words, _| Err(Error::unexpected(String::from_utf8_lossy(words))))
}

#[async_trait]
impl Source for ScriptedSource {
    async fn ping(&self) -> Result<()> {
        self.0.pinged.fetch_add(1, SeqCst);
        let error = self.0.ping.lock().unwrap().clone();
        assert!(error.as_deref() != Some(PANIC), "{PANIC}");
        error.map_or(Ok(()), |error| Err(Error::denied(error)))
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        let count = self.0.documents.load(SeqCst);
        if self.0.is_away.load(SeqCst) {
            return stream::iter([Err(Error::transient("the scripted source is away"))]).boxed();
        }
        stream::iter(0..count)
            .then(move |number| async move {
                assert!(!self.0.panics.load(SeqCst), "scripted to panic");
                self.0.permits.acquire().await.unwrap().forget();
                let document = Document::new(format!("d{number}")).version(number);
                Ok(match self.0.broken.lock().unwrap().clone() {
                    Some(error) => document.body(broken(error)),
                    None => document.body(&json!({"n": number})),
                })
            })
            .boxed()
    }

    async fn close(&self) -> Result<()> {
        self.0.closed.fetch_add(1, SeqCst);
        Ok(())
    }
}
