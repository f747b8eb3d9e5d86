//! The changes since a cursor, and the cursor behind them: kept as far as everything before it is written.

use std::time::{Duration, Instant};

use futures::stream::BoxStream;

use super::listing::{Changes, Reached};
use super::lookup::{Answers, look_up};
use super::stages::Stages;
use super::{document, write};
use crate::elastic::scan::LOOKUP;
use crate::sync::know::cursor::{self, Place};
use crate::sync::know::uuid;
use crate::{Change, Cursor, Result};

/// At least so long between two cursors that are kept.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(5);

/// The latest cursor, what it belongs to, and when one was last kept.
pub(crate) struct Checkpoints {
    place: Place,
    latest: Option<Cursor>,
    saved: Instant,
}

/// Retries what failed in earlier syncs, and takes the changes up to their end; `checkpoints` knows how far.
///
/// # Errors
/// What ends the sync.
pub(crate) async fn take<'s>(
    stages: &mut Stages<'_>,
    changes: impl FnOnce() -> BoxStream<'s, Result<Change>>,
    checkpoints: &mut Checkpoints,
) -> Result<()> {
    retry_failed(stages).await?;
    let mut changes = Changes::new(changes());
    while let Reached::Checkpoint(cursor) = changes.read(stages).await? {
        checkpoints.pass(cursor, stages).await?;
    }
    drop(changes);
    document::finish(stages).await
}

/// Asks the source for what failed in earlier syncs: what is there is written, what is gone is deleted.
async fn retry_failed(stages: &mut Stages<'_>) -> Result<()> {
    let Some(lookup) = stages.job.source.lookup() else { return Ok(()) };
    let due = stages.failing.due();
    for batch in due.chunks(LOOKUP) {
        let Answers { there, gone } = look_up(stages.job, lookup, batch, stages.accounts.report).await;
        for document in there {
            let hash = stages.render.shape.id(document.id().as_str());
            document::take(stages, document, hash).await?;
        }
        for id in gone {
            write::delete(stages, id).await?;
        }
    }
    Ok(())
}

impl Checkpoints {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, latest: None, saved: Instant::now() }
    }

    /// Notes a cursor, and saves one now and then.
    async fn pass(&mut self, cursor: Cursor, stages: &mut Stages<'_>) -> Result<()> {
        // After an error a later cursor would skip what could not be read.
        if stages.accounts.report.listing_errors == 0 {
            self.latest = Some(cursor);
        }
        if self.saved.elapsed() >= BETWEEN_CHECKPOINTS { self.save(stages).await } else { Ok(()) }
    }

    /// Waits until everything so far is written or recorded for a retry, then saves the latest cursor.
    ///
    /// # Errors
    /// Why the cursor stays where it was.
    pub(crate) async fn save(&mut self, stages: &mut Stages<'_>) -> Result<()> {
        let read = document::finish(stages).await;
        read.and(write::finish_writes(stages).await)?;
        stages.failing.check()?;
        stages.failing.record().await?;
        self.saved = Instant::now();
        let Some(cursor) = self.latest.take().filter(|_| may_pass(stages)) else { return Ok(()) };
        uuid::check(stages.job, self.place.uuid.as_deref()).await?;
        cursor::save(stages.job, &self.place, &cursor).await
    }
}

/// Whether a cursor may pass what failed: only where the source can be asked for it again by id.
fn may_pass(stages: &Stages<'_>) -> bool {
    let failed = stages.failing.len();
    let may = failed == 0 || stages.job.source.lookup().is_some();
    if !may {
        tracing::warn!(
            index = stages.job.index,
            failed,
            "the place to go on from stays before the documents that failed, so that the next sync tries them again"
        );
    }
    may
}
