//! A proxy on loopback that puts faults between a program and its server.
//!
//! Which connection or request meets which fault follows from a [`Plan`], so from a seed or a script; the
//! n-th that arrives always meets the same.
//!
//! ```no_run
//! # async fn example(server: std::net::SocketAddr) -> std::io::Result<()> {
//! use connectors_testkit::proxy::{Fault, Plan, Proxy};
//!
//! let plan = Plan::seeded(7, 10, [Fault::Status(429), Fault::LoseAnswer, Fault::CutAnswer]);
//! let proxy = Proxy::http(server, plan).await?;
//! // … run the program against proxy.url() …
//! assert!(proxy.injected().values().sum::<u64>() > 0);
//! # Ok(())
//! # }
//! ```

mod control;
mod http;
mod items;
mod listener;
mod message;
mod plan;
mod tcp;

pub use plan::{Fault, Plan};

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use control::Control;
use listener::Listener;
use message::Message;
use plan::{Arrival, Injection};

/// A listener on loopback that passes everything on, but for the faults of its plan. Dropping it cuts all.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

/// What is understood of the bytes that pass.
#[derive(Debug, Clone, Copy)]
enum Speech {
    /// Requests and answers; each request may meet a fault.
    Http,
    /// Bytes; each connection may meet a fault.
    Raw,
}

/// What the proxy and its connections have in common.
#[derive(Debug)]
struct Shared {
    speech: Speech,
    target: Mutex<SocketAddr>,
    plan: Mutex<Plan>,
    injected: Mutex<BTreeMap<&'static str, u64>>,
    met: AtomicU64,
    held: Notify,
    swallowed: Mutex<Vec<Vec<u8>>>,
    /// Requests that are held back, each until so many were met.
    kept: Mutex<Vec<(u64, Message)>>,
    control: mpsc::UnboundedSender<Control>,
}

impl Proxy {
    /// A proxy that reads HTTP/1.1: each request of the plan meets its fault.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn http(target: SocketAddr, plan: Plan) -> io::Result<Self> {
        Self::start(Speech::Http, target, plan).await
    }

    /// A proxy for any protocol: each connection of the plan meets its fault.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn tcp(target: SocketAddr, plan: Plan) -> io::Result<Self> {
        Self::start(Speech::Raw, target, plan).await
    }

    async fn start(speech: Speech, target: SocketAddr, plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (control, controls) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            speech,
            target: Mutex::new(target),
            plan: Mutex::new(plan),
            injected: Mutex::default(),
            met: AtomicU64::new(0),
            held: Notify::new(),
            swallowed: Mutex::default(),
            kept: Mutex::default(),
            control,
        });
        let listener = tokio::spawn(Listener::new(listener, address, Arc::clone(&shared)).keep(controls));
        Ok(Self { address, shared, listener })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as an address of HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens from now on; connections that are under way keep the fault that they met.
    pub fn set_plan(&self, plan: Plan) {
        *lock(&self.shared.plan) = plan;
    }

    /// Where new connections lead from now on, such as after a server came back at another port.
    pub fn set_target(&self, target: SocketAddr) {
        *lock(&self.shared.target) = target;
    }

    /// Cuts every open connection; new ones are taken.
    pub async fn cut(&self) {
        self.tell(Control::Cut).await;
    }

    /// Cuts every open connection and refuses new ones until [`up`](Self::up).
    pub async fn down(&self) {
        self.tell(Control::Close).await;
    }

    /// Takes connections again.
    pub async fn up(&self) {
        self.tell(Control::Open).await;
    }

    /// How often each kind of fault was injected, by the kind's name.
    #[must_use]
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.shared.injected).clone()
    }

    /// Requests, or connections of a proxy for bytes, that came so far.
    #[must_use]
    pub fn met(&self) -> u64 {
        self.shared.met.load(Relaxed)
    }

    /// Requests that [`Fault::Late`] holds back still.
    #[must_use]
    pub fn held_back(&self) -> usize {
        lock(&self.shared.kept).len()
    }

    /// Hands over what [`Fault::Late`] holds back still, in the order in which it came; how many requests the server
    /// answered.
    pub async fn deliver(&self) -> u64 {
        let kept = std::mem::take(&mut *lock(&self.shared.kept));
        http::deliver(&self.shared, kept.into_iter().map(|(_, request)| request).collect()).await
    }

    /// From now on requests with one of these words in them never reach the server, nor does what follows on their
    /// connections, which stay open and silent; all others pass. Of a proxy for bytes; none of them ends it.
    pub fn swallow(&self, words: &[&str]) {
        *lock(&self.shared.swallowed) = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    }

    /// Waits until a request is held by [`Fault::Hold`], [`Fault::HoldAnswer`] or [`swallow`](Self::swallow); one that
    /// was held before counts once.
    pub async fn held(&self) {
        self.shared.held.notified().await;
    }

    async fn tell(&self, control: impl FnOnce(oneshot::Sender<()>) -> Control) {
        let (done, is_done) = oneshot::channel();
        if self.shared.control.send(control(done)).is_ok() {
            // An error means that the proxy has ended, and with it every connection.
            let _ = is_done.await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Shared {
    /// The fault of the next request or connection, counted.
    fn next(&self, arrival: Arrival) -> Option<Injection> {
        self.met.fetch_add(1, Relaxed);
        let injection = lock(&self.plan).next(arrival)?;
        self.count(injection.fault.name(), 1);
        Some(injection)
    }

    fn count(&self, kind: &'static str, count: u64) {
        if count > 0 {
            *lock(&self.injected).entry(kind).or_default() += count;
        }
    }

    /// Holds a request back until so many further ones have come.
    fn keep(&self, after: u64, request: Message) {
        lock(&self.kept).push((self.met.load(Relaxed).saturating_add(after), request));
    }

    /// The requests that have been held back for long enough.
    fn due(&self) -> Vec<Message> {
        let met = self.met.load(Relaxed);
        lock(&self.kept).extract_if(.., |(until, _)| *until <= met).map(|(_, request)| request).collect()
    }

    /// True for bytes with a word that is swallowed in them.
    fn swallows(&self, bytes: &[u8]) -> bool {
        let words = lock(&self.swallowed);
        words.iter().any(|word| bytes.windows(word.len().max(1)).any(|part| part == word))
    }

    fn target(&self) -> SocketAddr {
        *lock(&self.target)
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.target()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
