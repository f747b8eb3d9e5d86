//! Whether code that runs on a runtime's thread keeps it from everything else.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use connectors_core::{Error, Result};

/// The pace of both tickers.
const TICK: Duration = Duration::from_millis(2);

/// The longest time that a ticker stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stall {
    /// On the runtime that is watched.
    pub runtime: Duration,
    /// On a thread of its own at the same time: what the machine, not the code, is to blame for.
    pub machine: Duration,
}

impl Stall {
    /// What the code itself is to blame for, at least.
    pub(crate) fn by_code(self) -> Duration {
        self.runtime.saturating_sub(self.machine)
    }
}

/// Runs `work` on a runtime of this thread alone, beside a ticker, and measures how late that one is.
///
/// The future must give way now and then by itself, for example after each item of a stream.
///
/// # Errors
/// When there is no runtime to be had.
pub(crate) fn watch<T>(work: impl Future<Output = T>) -> Result<(T, Stall)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let machine = Machine::begin();
    let (result, runtime) = runtime.block_on(beside_a_ticker(work));
    Ok((result, Stall { runtime, machine: machine.end()? }))
}

async fn beside_a_ticker<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut ticker = tokio::time::interval(TICK);
    let mut gaps = Gaps::begin();
    loop {
        tokio::select! {
            biased;
            result = &mut work => {
                gaps.tick();
                return (result, gaps.longest);
            }
            _ = ticker.tick() => gaps.tick(),
        }
    }
}

/// The time between ticks, beyond what they are apart by themselves.
struct Gaps {
    last: Instant,
    longest: Duration,
}

impl Gaps {
    fn begin() -> Self {
        Self { last: Instant::now(), longest: Duration::ZERO }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.longest = self.longest.max((now - self.last).saturating_sub(TICK));
        self.last = now;
    }
}

/// A ticker on a thread that does nothing else.
struct Machine {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<Duration>,
}

impl Machine {
    fn begin() -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let mut gaps = Gaps::begin();
            while stopped.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
                gaps.tick();
            }
            gaps.longest
        });
        Self { stop, thread }
    }

    fn end(self) -> Result<Duration> {
        drop(self.stop);
        self.thread.join().map_err(|_| Error::unexpected("the watching thread panicked"))
    }
}
