//! Workers against the embedded server, with a driven clock: ticks and beats are called, never waited for.

mod gate;
mod place;

mod claims;
mod clocks;
mod drafts;
mod ends;
mod hostile;
mod jobs;
mod kills;
mod leftovers;
mod life;
mod operators;
mod orphans;
mod outages;
mod retention;
mod schedules;
mod week;

use super::Worker;

impl Worker {
    /// Waits for everything that was begun so far.
    async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}
