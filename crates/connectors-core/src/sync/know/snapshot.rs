//! What the index holds: known by its digest where marks are saved, else by reading every mark.

use super::dropped::Dropped;
use super::inventory::Inventory;
use super::marks::{MarkFile, SavedMarks};
use crate::elastic::digest::{Digest, ask};
use crate::elastic::index::Facts;
use crate::elastic::scan;
use crate::elastic::scan::{Mark, Part};
use crate::sync::accounts::KnownBy;
use crate::sync::job::Job;
use crate::{Context, Error, Result};

/// What an index holds, before a sync and while it goes on.
#[derive(Debug)]
pub(crate) struct IndexSnapshot {
    /// The marks of its documents.
    pub(crate) inventory: Inventory,
    /// How they became known; none where the index was not read.
    pub(crate) known_by: Option<KnownBy>,
    /// Marks that were read one by one.
    pub(crate) marks_read: u64,
    /// Where the marks of this sync can be saved.
    pub(crate) file: Option<MarkFile>,
    /// Documents that no sync of ours wrote, when this one began.
    pub(crate) foreign: u64,
    /// Whether documents may still carry marks of an older version.
    pub(crate) is_remarking: bool,
    /// What the ingest pipelines drop.
    pub(crate) dropped: Dropped,
}

impl IndexSnapshot {
    fn of(inventory: Inventory) -> Self {
        Self {
            inventory,
            known_by: None,
            marks_read: 0,
            file: None,
            foreign: 0,
            is_remarking: false,
            dropped: Dropped::default(),
        }
    }

    /// The snapshot of an incremental sync, which compares nothing.
    pub(crate) fn unread() -> Self {
        Self::of(Inventory::unread())
    }

    /// The snapshot of a new index. It is not asked: where it keeps the usual `index.search.idle.after`, Elasticsearch would
    /// refresh it every second for half a minute from then on, which is work while it is loaded.
    pub(crate) fn empty(job: &Job<'_>, facts: &Facts) -> Self {
        let mut inventory = Inventory::new(Vec::new());
        inventory.mark_changed();
        Self { known_by: Some(KnownBy::Listing), file: file(job, facts), ..Self::of(inventory) }
    }

    /// Reads what an index holds, as of its last refresh.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn read(job: &Job<'_>, facts: &Facts) -> Result<Self> {
        let file = file(job, facts);
        let marks = match saved(job.context, file.as_ref()).await? {
            Some(saved) => by_digest(job, saved).await?,
            None => None,
        };
        let (marks, known_by, marks_read) = match marks {
            Some((marks, read)) => (marks, KnownBy::Digest, read),
            None => {
                let marks = by_listing(job).await?;
                let read = marks.len() as u64;
                (marks, KnownBy::Listing, read)
            }
        };
        let mut inventory = Inventory::new(marks);
        if known_by == KnownBy::Listing || marks_read > 0 {
            inventory.mark_changed();
        }
        Ok(Self { known_by: Some(known_by), marks_read, file, ..Self::of(inventory) })
    }

    /// How many documents the index held when the sync began.
    pub(crate) fn held(&self) -> u64 {
        self.inventory.held() as u64 + self.foreign
    }
}

/// Where the marks of the index can be saved.
fn file(job: &Job<'_>, facts: &Facts) -> Option<MarkFile> {
    let (folder, uuid) = job.marks.zip(facts.uuid.as_deref())?;
    MarkFile::new(folder, uuid)
}

async fn saved(context: &Context, file: Option<&MarkFile>) -> Result<Option<SavedMarks>> {
    let Some(file) = file.cloned() else { return Ok(None) };
    context.blocking(move || Ok(file.open())).await
}

/// Every mark, by id.
async fn by_listing(job: &Job<'_>) -> Result<Vec<Mark>> {
    let expected = scan::count(job.client, job.index).await? as usize;
    if expected == 0 {
        return Ok(Vec::new());
    }
    let mut marks = Vec::with_capacity(expected + expected / 64);
    read(job, Part::Whole, &mut marks).await?;
    sorted(job.context, marks).await
}

/// The saved marks where the two digests agree, and what is read of the index where they differ; none where the
/// server computes no digest, or listing all is cheaper.
async fn by_digest(job: &Job<'_>, saved: SavedMarks) -> Result<Option<(Vec<Mark>, u64)>> {
    let grid = saved.digest().grid();
    let Some(theirs) = ask(job.client, job.index, grid).await? else { return Ok(None) };
    let differing = saved.digest().differing(&theirs);
    let (held, unknown) = (theirs.count(), theirs.count_in(&differing));
    if unknown > held / 2 {
        return Ok(None);
    }
    let ranges = grid.ranges(&differing);
    let room = (held + unknown / 8) as usize;
    let agreed = job.context.blocking(move || Ok(agreed(saved, &differing, room))).await?;
    let mut marks = match agreed {
        Ok(marks) => marks,
        Err(error) => {
            tracing::debug!(%error, "the saved marks could not be read again; the index is listed");
            return Ok(None);
        }
    };
    let known = marks.len();
    if !ranges.is_empty() {
        read(job, Part::Ranges(&ranges), &mut marks).await?;
    }
    let read = (marks.len() - known) as u64;
    let marks = if read > 0 { sorted(job.context, marks).await? } else { marks };
    Ok(Some((marks, read)))
}

/// The saved marks of the buckets that agree.
fn agreed(mut saved: SavedMarks, differing: &[usize], room: usize) -> std::io::Result<Vec<Mark>> {
    let grid = saved.digest().grid();
    let is_agreed = flags(saved.digest(), differing);
    let mut marks = Vec::with_capacity(room);
    saved.each(|mark| {
        if is_agreed[grid.place(mark.id)] {
            marks.push(mark);
        }
    })?;
    Ok(marks)
}

/// For each place of a digest, false if it differs.
fn flags(digest: &Digest, differing: &[usize]) -> Vec<bool> {
    let mut flags = vec![true; digest.grid().places()];
    differing.iter().for_each(|place| flags[*place] = false);
    flags
}

/// Reads marks behind those that are there, without making room twice.
async fn read(job: &Job<'_>, part: Part<'_>, marks: &mut Vec<Mark>) -> Result<()> {
    scan::each_mark(job.client, job.index, part, |mark| {
        if marks.len() == marks.capacity() {
            marks.reserve_exact(marks.len() / 8 + 1_024);
        }
        marks.push(mark);
    })
    .await
}

async fn sorted(context: &Context, mut marks: Vec<Mark>) -> Result<Vec<Mark>> {
    let sorted = context.blocking(move || {
        marks.sort_unstable();
        Ok::<_, Error>(marks)
    });
    sorted.await
}
