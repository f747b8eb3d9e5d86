//! A server at the wire: keeps documents in memory in the shapes that the client reads and writes.

mod aggregate;
mod answers;
mod bulk;
mod filter;
mod query;
mod search;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;

use self::answers::{cut_off, drop_connection, reply, shortened};
use super::faults::{Call, Fault, Script};

/// What the server says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Elasticsearch,
    OpenSearch,
    /// A distribution without its root page.
    Rootless,
    /// Something else that speaks JSON.
    Stranger,
}

/// How the server behaves for good; what goes wrong now and then is a [`Script`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) root: Root,
    /// Refuses the setting that only newer versions know.
    pub(crate) is_old: bool,
    /// The only `Authorization` that is let in.
    pub(crate) authorization: Option<&'static str>,
    /// Refuses to aggregate.
    pub(crate) is_plain: bool,
    /// The most hits of one page.
    pub(crate) window: u64,
    /// The most terms of one query.
    pub(crate) terms: usize,
    /// The most buckets of one aggregation.
    pub(crate) buckets: usize,
    /// A type of fields that it does not know.
    pub(crate) lacks: Option<&'static str>,
    /// The fields of a document that it leaves out of the index.
    pub(crate) ignores: fn(&Value) -> &'static [&'static str],
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            root: Root::Elasticsearch,
            is_old: false,
            authorization: None,
            is_plain: false,
            window: 10_000,
            terms: 65_536,
            buckets: 65_536,
            lacks: None,
            ignores: |_| &[],
        }
    }
}

/// One index: what was written, and what a refresh made visible.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// Another one each time that an index of this name is made.
    pub(crate) uuid: String,
    pub(crate) mappings: Value,
    pub(crate) settings: Value,
    pub(crate) written: BTreeMap<String, Value>,
    /// By id; of deleted documents too.
    pub(crate) versions: HashMap<String, u64>,
    pub(crate) visible: Arc<BTreeMap<String, Value>>,
}

impl Default for Index {
    fn default() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let uuid = format!("uuid-{}", MADE.fetch_add(1, Ordering::Relaxed));
        let (mappings, settings) = (Value::Null, Value::Null);
        let (written, versions) = (BTreeMap::new(), HashMap::new());
        Self { uuid, mappings, settings, written, versions, visible: Arc::default() }
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) is_gzip: bool,
    pub(crate) wire_bytes: usize,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) indices: BTreeMap<String, Index>,
    /// Alias → index → filter, routing and the like.
    pub(crate) aliases: BTreeMap<String, BTreeMap<String, Value>>,
    /// Ingest pipelines by name. Each drops documents with a field `drop`, and refuses those with `refuse`.
    pub(crate) pipelines: BTreeMap<String, Value>,
    pub(crate) pits: HashMap<String, Arc<BTreeMap<String, Value>>>,
    pub(crate) pits_opened: usize,
    pub(crate) seen: Vec<Seen>,
    pub(crate) bulks: usize,
    /// How often each id was stored or removed.
    pub(crate) applied: HashMap<String, usize>,
    pub(crate) flying_ids: HashSet<String>,
    pub(crate) flying_bulks: usize,
    pub(crate) flying_bytes: usize,
    pub(crate) most_bulks: usize,
    pub(crate) most_bytes: usize,
    /// Ids that were in two requests at once.
    pub(crate) overlaps: Vec<String>,
}

/// The running server; ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: String,
    manner: Manner,
    kept: Arc<Mutex<Kept>>,
    script: Arc<Mutex<Option<Script>>>,
}

impl Fake {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Self { address, manner, kept: Arc::default(), script: Arc::default() };
        let router = axum::Router::new().fallback(handle).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    /// From now on this decides what goes wrong.
    pub(crate) fn script(&self, script: impl FnMut(&Call) -> Fault + Send + 'static) {
        *self.script.lock().unwrap() = Some(Box::new(script));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn behave(&self) {
        *self.script.lock().unwrap() = None;
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// The documents of an index as they were written.
    pub(crate) fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        self.kept().indices.get(index).map(|index| index.written.clone()).unwrap_or_default()
    }

    /// Puts documents into an index, visible at once, as another tool would have.
    pub(crate) fn seed(&self, index: &str, documents: impl IntoIterator<Item = (String, Value)>) {
        let mut kept = self.kept();
        let index = kept.indices.entry(index.into()).or_default();
        index.written.extend(documents);
        index.visible = Arc::new(index.written.clone());
    }

    /// Removes a document, as somebody else might.
    pub(crate) fn remove(&self, index: &str, id: &str) {
        self.kept().indices.get_mut(index).unwrap().written.remove(id);
    }

    /// Requests whose path has this in it.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        self.kept().seen.iter().filter(|seen| seen.path.contains(path)).cloned().collect()
    }

    /// Forgets what was counted, keeps what was written.
    pub(crate) fn forget_calls(&self) {
        let mut kept = self.kept();
        let (indices, pipelines) = (std::mem::take(&mut kept.indices), std::mem::take(&mut kept.pipelines));
        *kept = Kept { indices, pipelines, ..Kept::default() };
    }

    fn fault(&self, call: &Call) -> Fault {
        self.script.lock().unwrap().as_mut().map_or(Fault::None, |script| script(call))
    }
}

async fn handle(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let wire = to_bytes(body, usize::MAX).await.unwrap();
    let is_gzip = parts.headers.get("content-encoding").is_some_and(|coding| coding == "gzip");
    let body = if is_gzip { unpacked(&wire) } else { String::from_utf8(wire.to_vec()).unwrap() };
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        is_gzip,
        wire_bytes: wire.len(),
        body,
    };
    if !is_let_in(&fake, &parts.headers) {
        return reply((401, answers::error("security_exception", "unable to authenticate")), None);
    }
    let call = Call::of(&seen, &fake.kept());
    fake.kept().seen.push(seen.clone());
    let is_bulk = call.bulk > 0;
    if is_bulk {
        bulk::take_off(&mut fake.kept(), &call);
    }
    let answered = act(&fake, &seen, &call).await;
    if is_bulk {
        bulk::land(&mut fake.kept(), &call);
    }
    answered.unwrap_or_else(|| drop_connection())
}

/// Does what was asked, with what the script wants to go wrong; none when the connection is to be dropped.
async fn act(fake: &Fake, seen: &Seen, call: &Call) -> Option<Response> {
    let asked = |unwanted: &[(String, u16)]| answers::answer(&mut fake.kept(), fake.manner, seen, unwanted);
    Some(match fake.fault(call) {
        Fault::None => reply(asked(&[]), None),
        Fault::Status(status) => reply((status, answers::error("scripted", "as the test wants it")), None),
        Fault::RetryAfter(status, seconds) => {
            reply((status, answers::error("scripted", "slow down")), Some(seconds))
        }
        Fault::Items(items) => reply(asked(&items), None),
        Fault::DropBefore => return None,
        Fault::DropAfter => {
            asked(&[]);
            return None;
        }
        Fault::Half => cut_off(asked(&[])),
        Fault::Shortened => shortened(asked(&[])),
        Fault::Change(change) => {
            let (status, mut answer) = asked(&[]);
            change(&mut answer);
            reply((status, answer), None)
        }
        Fault::Hold(until) => {
            until.notified().await;
            reply(asked(&[]), None)
        }
    })
}

fn is_let_in(fake: &Fake, headers: &HeaderMap) -> bool {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    fake.manner.authorization.is_none_or(|wanted| given == Some(wanted))
}

fn unpacked(wire: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(wire).read_to_string(&mut text).unwrap();
    text
}
