//! A fake server, a source in memory, and a sync between the two.

pub(crate) mod fake;
pub(crate) mod faults;
pub(crate) mod log;
pub(crate) mod source;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use connectors_core::elastic::{BulkSettings, Client, IndexKey, Retry, Settings};
use connectors_core::sync::{
    Counters, Failure, Job, Options, Owner, Pipeline, Report, TakeOver, Verification, failures, full, verify,
    verify_deep,
};
use connectors_core::{Clock, Context, Rules, Source};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) use self::fake::{Fake, Manner, Root};
pub(crate) use self::faults::{Call, Fault};
pub(crate) use self::source::{Entry, Memory, Step};

pub(crate) const INDEX: &str = "docs";

/// A server with a client and everything else that a sync needs.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) client: Client,
    pub(crate) options: Options,
    pub(crate) context: Context,
    pub(crate) rules: Rules,
    pub(crate) pipeline: Option<Pipeline>,
    pub(crate) owner: Option<Owner>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) cancel: CancellationToken,
    /// Where marks are kept.
    pub(crate) marks: Option<TempDir>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// Where an index of another tool may be taken over.
    pub(crate) async fn taking_over() -> Self {
        let mut world = Self::new().await;
        world.options.take_over = TakeOver::Unowned;
        world
    }

    /// With other settings of the client.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(Manner::default(), change).await
    }

    /// With another server.
    pub(crate) async fn of(manner: Manner, change: impl FnOnce(&mut Settings)) -> Self {
        let fake = Fake::start(manner).await;
        let mut settings = settings(&format!("http://{}", fake.address));
        change(&mut settings);
        let client = Client::connect(settings).await.unwrap();
        // Each look at it is a millisecond later, so that no two syncs begin at the same time.
        let (begin, looks) = (DateTime::from_timestamp(1_700_000_000, 0).unwrap(), AtomicI64::new(0));
        let clock = Clock::new(move || begin + TimeDelta::milliseconds(looks.fetch_add(1, Relaxed)));
        Self {
            fake,
            client,
            options: Options::default(),
            context: Context { clock, ..Context::default() },
            rules: Rules::default(),
            pipeline: None,
            owner: None,
            counters: Arc::default(),
            cancel: CancellationToken::new(),
            marks: Some(TempDir::new().unwrap()),
        }
    }

    /// One document in each bulk.
    pub(crate) async fn one_by_one() -> Self {
        Self::with(|settings| settings.bulk.chunk_bytes = 1).await
    }

    pub(crate) fn job<'a>(&'a self, source: &'a dyn Source, index: &'a str) -> Job<'a> {
        Job {
            source,
            rules: &self.rules,
            client: &self.client,
            index,
            owner: self.owner.as_ref(),
            context: &self.context,
            marks: self.marks.as_ref().map(TempDir::path),
            pipeline: self.pipeline.as_ref(),
            options: self.options,
            counters: &self.counters,
            fence: None,
            cancel: &self.cancel,
        }
    }

    pub(crate) async fn sync(&self, source: &Memory) -> Report {
        self.sync_into(source, INDEX).await
    }

    pub(crate) async fn sync_into(&self, source: &Memory, index: &str) -> Report {
        let report = full(&self.job(source, index)).await;
        assert!(report.adds_up(), "{report:?}");
        report
    }

    pub(crate) async fn verify(&self, source: &Memory) -> connectors_core::Result<Verification> {
        verify(&self.job(source, INDEX)).await
    }

    pub(crate) async fn verify_deep(&self, source: &Memory) -> connectors_core::Result<Verification> {
        verify_deep(&self.job(source, INDEX)).await
    }

    pub(crate) async fn failures(&self) -> Vec<Failure> {
        failures::list(&self.client, Some(INDEX)).await.unwrap()
    }

    /// A document as another worker would have written it.
    pub(crate) fn marked(&self, id: &str, mark: i64) -> (String, Value) {
        let key = self.fake.kept().indices[INDEX].mappings["_meta"]["sync"]["key"].clone();
        let key: IndexKey = serde_json::from_value(key).unwrap();
        (id.to_owned(), json!({ "n": 0, "_sync": { "id": key.sync_id(id), "mark": mark } }))
    }

    /// The ids in the index, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.fake.documents(INDEX).into_keys().collect()
    }

    /// The source's own fields of one document.
    pub(crate) fn body(&self, id: &str) -> Value {
        self.fake.kept().indices[INDEX].written.get(id).map(theirs).unwrap_or_default()
    }

    /// The index holds these documents and no others.
    pub(crate) fn assert_holds(&self, entries: &[Entry]) {
        let mut expected: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(self.ids(), expected);
        let documents = self.fake.documents(INDEX);
        for entry in entries {
            let mut body = entry.body.clone();
            if let Some(Ok(text)) = &entry.content {
                body["body"] = json!(text);
            }
            assert_eq!(theirs(&documents[&entry.id]), body, "{}", entry.id);
        }
    }
}

/// A document without the fields of the sync.
fn theirs(document: &Value) -> Value {
    let mut document = document.clone();
    for ours in ["id", "_timestamp", "_sync"] {
        document.as_object_mut().map(|fields| fields.remove(ours));
    }
    document
}

pub(crate) fn settings(host: &str) -> Settings {
    let retry =
        Retry { initial: Duration::from_millis(1), longest: Duration::from_millis(5), ..Retry::default() };
    Settings { retry, bulk: BulkSettings::default(), ..Settings::new(host.parse().unwrap()) }
}

/// Documents `d0…` with their number as body and version.
pub(crate) fn entries(numbers: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    numbers.into_iter().map(|number| Entry::versioned(&format!("d{number}"), number)).collect()
}

/// `[created, updated, unchanged, failed, deleted]`.
pub(crate) fn accounts(report: &Report) -> [u64; 5] {
    [report.created, report.updated, report.unchanged, report.failed, report.deleted]
}
