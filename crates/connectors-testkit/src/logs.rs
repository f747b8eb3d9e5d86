//! Reads along with everything that is logged, at every level.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Leaks that are kept: more tell nothing new.
const MAX_LEAKS: usize = 5;

static READING: AtomicBool = AtomicBool::new(false);
static WATCHED: Mutex<Watched> = Mutex::new(Watched { secrets: Vec::new(), leaks: Vec::new(), records: 0 });

struct Watched {
    secrets: Vec<String>,
    leaks: Vec<String>,
    records: u64,
}

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was read along with.
#[derive(Debug)]
pub(crate) struct Read {
    /// Lines in which a secret stood.
    pub leaks: Vec<String>,
    /// Events and spans, leaks or not.
    pub records: u64,
}

/// Begins to look for these secrets in whatever any thread logs; ends with [`end`].
///
/// # Errors
/// When the process has a subscriber already.
pub(crate) fn begin(secrets: Vec<String>) -> Result<(), &'static str> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    if !INSTALLED.get_or_init(|| tracing::subscriber::set_global_default(Reader::default()).is_ok()) {
        return Err(
            "another tracing subscriber stands in the way: the suite needs the process's logs for itself",
        );
    }
    *watched() = Watched { secrets, leaks: Vec::new(), records: 0 };
    READING.store(true, Ordering::SeqCst);
    Ok(())
}

/// Stops, and hands back what was found.
pub(crate) fn end() -> Read {
    READING.store(false, Ordering::SeqCst);
    let mut watched = watched();
    Read { leaks: std::mem::take(&mut watched.leaks), records: watched.records }
}

/// A subscriber that wants everything.
#[derive(Default)]
struct Reader {
    spans: AtomicU64,
}

impl Subscriber for Reader {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        READING.load(Ordering::SeqCst)
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        take_in(span.metadata(), |line| span.record(line));
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        look_into(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        take_in(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn take_in(metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
    let mut line = Line(format!("{} {}:", metadata.level(), metadata.target()));
    record(&mut line);
    look_into(line.0);
}

fn look_into(line: String) {
    let mut watched = watched();
    watched.records += 1;
    let leaks = watched.secrets.iter().any(|secret| line.contains(secret.as_str()));
    if leaks && watched.leaks.len() < MAX_LEAKS {
        watched.leaks.push(line);
    }
}

/// A record as text.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}
