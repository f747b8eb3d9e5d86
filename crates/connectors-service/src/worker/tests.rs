//! Workers against the embedded server, with a driven clock: ticks and beats are called, never waited for.

mod gate;
mod place;

mod claims;
mod clocks;
mod drafts;
mod ends;
mod foreign;
mod hostile;
mod jobs;
mod kills;
mod leftovers;
mod life;
mod operators;
mod orphans;
mod outages;
mod retention;
mod rivals;
mod schedules;
mod week;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::Worker;

/// Lets the runtime go on until something holds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it comes true");
}

fn listed(worker: &Arc<Worker>) -> u64 {
    worker.jobs.all().iter().map(|running| running.counters.listed.load(SeqCst)).sum()
}

impl Worker {
    /// Waits for everything that was begun so far.
    async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}
