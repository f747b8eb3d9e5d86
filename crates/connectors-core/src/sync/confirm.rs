//! The closing digest: asks the index what it holds now, and compares that with what it should.

use crate::elastic::digest::{Digest, ask_or_list};
use crate::elastic::scan::{LOOKUP, Mark, Part};
use crate::elastic::{index, scan};
use crate::{Error, Result};

use super::inventory::Inventory;
use super::marks::Written;
use super::mismatch::Mismatch;
use super::repair::Names;
use super::report::Status;
use super::run::Run;

/// Documents of buckets that differ, above which they are not read: somebody else writes this index.
const MOST: u64 = 1 << 18;

impl Run<'_, '_> {
    /// Finds out whether the index holds what it should, repairs once what differs, and keeps the marks where all
    /// is equal. A sync is not failed by this: all of it is written and acknowledged by now.
    pub(super) async fn confirm(&mut self) {
        if matches!(self.report.status, Status::Stopped | Status::Failed) {
            return;
        }
        let cancel = self.job.cancel.clone();
        let confirmed = tokio::select! {
            confirmed = self.confirmed() => confirmed,
            () = cancel.cancelled() => Err(Error::unexpected("it was stopped before")),
        };
        if let Err(error) = confirmed {
            tracing::warn!(%error, "the sync is not verified");
            self.report.unverified = Some(error.to_string());
        }
    }

    async fn confirmed(&mut self) -> Result<()> {
        let (mut mismatch, mut written) = self.mismatch().await?;
        let mut names = Names::new();
        if !mismatch.is_empty() && self.report.complete && self.report.withheld == 0 {
            names = self.repair(&mismatch).await?;
            (mismatch, written) = self.mismatch().await?;
        }
        if !mismatch.is_empty() {
            return self.name(&mismatch, &names).await;
        }
        self.report.verified = true;
        self.keep_marks(written).await;
        Ok(())
    }

    /// Compares the digests, and reads where they differ; where nothing does, hands back the marks. Nearly always all is equal,
    /// so they are written while the server reckons.
    async fn mismatch(&mut self) -> Result<(Mismatch, Option<Written>)> {
        let job = self.job;
        let digest = self.aside(|inventory| inventory.digest());
        let (ours, ()) = tokio::try_join!(digest, index::refresh(job.client, job.index))?;
        let theirs = ask_or_list(job.client, job.index, ours.grid());
        let (theirs, written) = tokio::join!(theirs, self.write_marks());
        let theirs = theirs?;
        let places = places(&self.inventory, (&ours, &theirs));
        if places.is_empty() {
            return Ok((Mismatch::default(), written));
        }
        let documents = ours.count_in(&places).max(theirs.count_in(&places));
        if documents > MOST {
            return Err(Error::unexpected("the index holds something else: another sync may be at work")
                .with("documents", documents));
        }
        let ranges = ours.grid().ranges(&places);
        let mut found = Vec::new();
        scan::each_mark(self.job.client, self.job.index, Part::Ranges(&ranges), |mark| found.push(mark))
            .await?;
        found.sort_unstable();
        adopt(&mut self.inventory, &found);
        let mut expected = self.aside(move |inventory| within(inventory, &ours, &places)).await?;
        expected.sort_unstable();
        let mismatch = Mismatch::between(&expected, &found);
        let written = if mismatch.is_empty() { self.write_marks().await } else { None };
        Ok((mismatch, written))
    }

    /// Tells what differs: by name as far as one is known, else by hash.
    async fn name(&mut self, mismatch: &Mismatch, names: &Names) -> Result<()> {
        let mut ids: Vec<i64> = mismatch.lacking.iter().chain(&mismatch.extra).map(|mark| mark.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let extra = &mismatch.extra[..mismatch.extra.len().min(LOOKUP)];
        let located =
            scan::locate(self.job.client, self.job.index, (extra, usize::MAX), self.ownership()).await?;
        let located: Names = located.into_iter().map(|found| (found.mark.id, found.id)).collect();
        for id in ids {
            let name = located.get(&id).or_else(|| names.get(&id)).cloned();
            self.report.differing.add(&name.unwrap_or_else(|| format!("_sync.id {id}")));
        }
        tracing::warn!(count = self.report.differing.count, "the index differs from what was written");
        Ok(())
    }

    /// Writes the marks for the next sync, where they are others than the last one left.
    async fn write_marks(&mut self) -> Option<Written> {
        let file = self.file.clone().filter(|_| self.inventory.is_changed())?;
        let written = self.aside(move |inventory| {
            let count = inventory.expected().count() as u64;
            file.write(count, inventory.expected())
        });
        written.await.and_then(|written| Ok(written?)).map_err(not_kept).ok()
    }

    /// Keeps what was written.
    async fn keep_marks(&self, written: Option<Written>) {
        let Some(written) = written else { return };
        let kept = self.job.context.blocking(move || Ok(written.keep()?)).await;
        _ = kept.map_err(not_kept);
    }

    /// Works on the inventory away from the threads that run async code.
    async fn aside<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Inventory) -> T + Send + 'static,
    ) -> Result<T> {
        let mut inventory = std::mem::take(&mut self.inventory);
        let done = self.job.context.blocking(move || {
            let done = work(&mut inventory);
            Ok((inventory, done))
        });
        let (inventory, done) = done.await?;
        self.inventory = inventory;
        Ok(done)
    }
}

/// Marks that can't be kept fail no sync: the next one lists.
fn not_kept(error: Error) {
    tracing::warn!(%error, "the marks can't be kept; the next sync reads them from the index");
}

/// Where the index is to be read: where the digests differ, and where there are documents of which nobody knows
/// what became.
fn places(inventory: &Inventory, (ours, theirs): (&Digest, &Digest)) -> Vec<usize> {
    let mut places = ours.differing(theirs);
    places.extend(inventory.doubtful().into_iter().map(|id| ours.grid().place(id)));
    places.sort_unstable();
    places.dedup();
    places
}

/// Takes what the index holds of hashes in doubt as it is.
fn adopt(inventory: &mut Inventory, found: &[Mark]) {
    for id in inventory.doubtful() {
        let start = found.partition_point(|mark| mark.id < id);
        let marks = found[start..].iter().take_while(|mark| mark.id == id).map(|mark| mark.mark);
        inventory.amend(id, Some(marks.collect()));
    }
}

/// What the index should hold in these places.
fn within(inventory: &Inventory, digest: &Digest, places: &[usize]) -> Vec<Mark> {
    let grid = digest.grid();
    inventory.expected().filter(|mark| places.binary_search(&grid.place(mark.id)).is_ok()).collect()
}
