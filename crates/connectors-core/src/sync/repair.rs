//! The one repair of a sync: what differs at the end is listed again and written, or removed.

use std::collections::HashMap;

use crate::elastic::scan::{LOOKUP, Mark};
use crate::elastic::{Kind, scan};
use crate::panics::caught_stream;
use crate::{Document, Error, Result};
use futures::StreamExt;

use super::deletes::LeftOver;
use super::draft::stamp;
use super::mismatch::Mismatch;
use super::patience::within;
use super::render::Render;
use super::run::Run;

/// Hash of an id → what the source says of it now; empty where it no longer names it.
type Relisted = HashMap<i64, Vec<i64>>;
/// Hash of an id → the id.
pub(super) type Names = HashMap<i64, String>;

impl Run<'_, '_> {
    /// Lists the source again for what differs, writes what it names and removes what it does not; hands back the
    /// names behind hashes.
    ///
    /// # Errors
    /// When the source can't be listed whole, and when a write is refused; then nothing is removed.
    pub(super) async fn repair(&mut self, mismatch: &Mismatch) -> Result<Names> {
        let differing = mismatch.lacking.iter().chain(&mismatch.extra);
        let mut relisted: Relisted = differing.map(|mark| (mark.id, Vec::new())).collect();
        tracing::warn!(
            count = relisted.len(),
            "the index differs from what was written; the source is listed again"
        );
        let listed = self.list_again(mismatch, &mut relisted).await;
        let finished = self.finish_repair().await;
        let names = listed?;
        finished?;
        self.remove_again(mismatch, &relisted).await?;
        relisted.into_iter().for_each(|(id, marks)| self.inventory.amend(id, Some(marks)));
        Ok(names)
    }

    async fn list_again(&mut self, mismatch: &Mismatch, relisted: &mut Relisted) -> Result<Names> {
        let (render, mut names) = (self.render.clone(), Names::new());
        let mut documents = caught_stream(|| self.job.source.documents(self.job.rules));
        loop {
            let next = within(self.job.context, "the next document of the listing", async {
                Ok(documents.next().await)
            });
            let Some(listed) = next.await? else { break };
            let mut document = listed?;
            self.job.options.close(&mut document);
            let Ok(document) = self.job.rules.basic.sift(document) else { continue };
            let id = render.shape.id(document.id().as_str()).id;
            if let Some(marks) = relisted.get_mut(&id) {
                names.insert(id, document.id().as_str().to_owned());
                marks.extend(self.write_again(document, &render, mismatch).await?);
            }
        }
        Ok(names)
    }

    /// Sends a document, unless the index holds it just so; none for one that a pipeline drops.
    async fn write_again(
        &mut self,
        document: Document,
        render: &Render,
        mismatch: &Mismatch,
    ) -> Result<Option<i64>> {
        let rendered = render.whole(document).await?;
        let (mut draft, mark) = (rendered.draft, rendered.mark);
        if self.dropped.knows(mark) {
            return Ok(None);
        }
        if mismatch.extra.binary_search(&mark).is_err() {
            let now = stamp(self.job.context.clock.now());
            let told = (&*now, render.flags);
            self.bulk
                .put(draft.item(mark, Kind::Upsert), |id, out| draft.write((id, mark), out, told))
                .await?;
        }
        Ok(Some(mark.mark))
    }

    /// Deletes what the source does not name, under the guard of all deletes.
    async fn remove_again(&mut self, mismatch: &Mismatch, relisted: &Relisted) -> Result<()> {
        let is_gone = |mark: &&Mark| relisted.get(&mark.id).is_some_and(Vec::is_empty);
        let gone: Vec<Mark> = mismatch.extra.iter().filter(is_gone).copied().collect();
        if !self.is_let_through(self.report.deleted + gone.len() as u64) {
            return Err(Error::unexpected(
                "what should not be there is more than the set share of the index",
            )
            .with("documents", gone.len()));
        }
        for chunk in gone.chunks(LOOKUP) {
            let located =
                scan::locate(self.job.client, self.job.index, (chunk, usize::MAX), self.ownership()).await?;
            let located = self.ours(located);
            for LeftOver { id, .. } in self.confirmed_gone(&located).await? {
                self.delete(id).await?;
            }
        }
        self.finish_repair().await
    }

    /// Waits for every write; these are no part of the accounts of the listing.
    async fn finish_repair(&mut self) -> Result<()> {
        let finished = self.bulk.finish().await;
        let written = std::mem::take(self.bulk.written());
        self.report.repaired += written.created + written.updated + written.deleted;
        for refused in written.refused {
            tracing::warn!(id = refused.item.id, reason = &*refused.reason, "a document was not repaired");
        }
        finished
    }
}
