//! What the index holds and the source no longer has.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use crate::elastic::scan::{LOOKUP, Located, Mark, Unmarked};
use crate::elastic::{Ownership, index, scan};
use crate::{DocumentId, Error, Result};

use super::inventory::Unseen;
use super::owner::TakeOver;
use super::report::Status;
use super::run::Run;

/// Left-overs that are remembered between counting and deleting; more are looked up twice.
const REMEMBERED: usize = 100_000;

/// Questions for the ids of left-overs at a time.
const LOOKUPS: usize = 2;

/// Documents that may be deleted, and those that stay because nobody knows.
#[derive(Debug, Default)]
struct Sorted {
    gone: u64,
    kept: u64,
    /// Those that may be deleted, unless they are too many.
    remembered: Vec<LeftOver>,
}

/// A document that was not listed; without a mark where another tool wrote it.
#[derive(Debug, Clone)]
pub(super) struct LeftOver {
    pub(super) id: String,
    pub(super) mark: Option<Mark>,
    pub(super) scope: Option<String>,
    /// False for a copy that somebody made inside the index.
    is_own: bool,
}

/// What is to become of a document that was not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was listed all the same, or failed.
    Listed,
    /// It may lie where the listing failed.
    Uncertain,
    /// Somebody copied it inside the index, which this sync may not take over.
    Foreign,
    Gone,
}

impl<'j> Run<'_, 'j> {
    /// Deletes what a listing did not name: everything after a complete one, after an incomplete one only
    /// what lies outside of the scopes that failed.
    pub(super) async fn deletes(&mut self) -> Result<()> {
        if self.is_stopped() {
            return Ok(());
        }
        let knows_nothing = self.failed_scopes.iter().any(|scope| scope.trim_matches('/').is_empty());
        if knows_nothing {
            self.report.kept = self.inventory.unseen_count() as u64;
            return Ok(());
        }
        let sorted = self.left_over().await?;
        self.report.kept = sorted.kept + self.dropped.left_out();
        if self.dropped.left_out() > 0 {
            let what = "more documents were dropped by the pipeline than are remembered; the next sync deletes the rest";
            self.report.note(&Error::unexpected(what).with("documents", self.dropped.left_out()));
            self.report.undeleted += self.dropped.left_out();
        }
        if sorted.gone == 0 {
            return Ok(());
        }
        if !self.is_let_through(sorted.gone) {
            self.report.withheld = sorted.gone;
            return Ok(());
        }
        let deleted = self.delete_all(sorted).await;
        let read = self.finish_contents().await;
        let ended = deleted.and(read).and(self.finish_writes().await);
        self.report.repeated = self.inventory.settle();
        ended
    }

    async fn delete_all(&mut self, sorted: Sorted) -> Result<()> {
        if sorted.remembered.len() as u64 == sorted.gone {
            return self.delete_these(sorted.remembered).await;
        }
        let mut from = 0;
        while let Some(unseen) = self.part_unseen(&mut from) {
            let found = self.located(unseen).await?.0;
            self.delete_those_gone(found).await?;
        }
        if let Some(mut foreign) = self.foreign_documents().await? {
            while let Some(ids) = foreign.next().await? {
                self.delete_those_gone(ids.into_iter().map(LeftOver::unmarked).collect()).await?;
            }
        }
        let dropped = self.dropped_before().await?;
        self.delete_these(dropped).await
    }

    async fn delete_those_gone(&mut self, found: Vec<LeftOver>) -> Result<()> {
        let gone = found.into_iter().filter(|found| self.fate(found) == Fate::Gone).collect();
        self.delete_these(gone).await
    }

    /// Deletes what the source confirms as gone, where it can be asked.
    pub(super) async fn delete_these(&mut self, gone: Vec<LeftOver>) -> Result<()> {
        for batch in gone.chunks(LOOKUP) {
            if self.is_stopped() {
                break;
            }
            let confirmed = self.confirmed_gone(batch).await?;
            for LeftOver { id, mark, .. } in confirmed {
                if self.is_stopped() {
                    return Ok(());
                }
                mark.into_iter().for_each(|mark| self.inventory.forget(mark));
                self.delete(id).await?;
            }
        }
        Ok(())
    }

    /// True, and noted in the report, when somebody ended the sync.
    fn is_stopped(&mut self) -> bool {
        let is_stopped = self.job.cancel.is_cancelled();
        if is_stopped {
            self.report.status = Status::Stopped;
        }
        is_stopped
    }

    async fn left_over(&mut self) -> Result<Sorted> {
        let (mut sorted, mut from) = (Sorted::default(), 0);
        index::refresh(self.job.client, self.job.index).await?;
        let mut absent = Vec::new();
        let mut foreign = Vec::new();
        {
            let this = &*self;
            let parts = std::iter::from_fn(|| this.part_unseen(&mut from));
            let mut lookups = stream::iter(parts).map(|unseen| this.located(unseen)).buffered(LOOKUPS);
            while let Some((found, missing)) = lookups.try_next().await? {
                absent.extend(missing);
                foreign.extend(found.into_iter().filter_map(|found| this.sort(&mut sorted, found)));
            }
        }
        // Of these the index holds nothing any more: overwritten, or deleted by somebody else.
        absent.into_iter().for_each(|mark| self.inventory.forget(mark));
        foreign.iter().for_each(|id| self.report.foreign.add(id));
        if let Some(mut foreign) = self.foreign_documents().await? {
            while let Some(ids) = foreign.next().await? {
                ids.into_iter().for_each(|id| drop(self.sort(&mut sorted, LeftOver::unmarked(id))));
            }
        }
        for found in self.dropped_before().await? {
            sorted.is_gone(found);
        }
        Ok(sorted)
    }

    fn part_unseen(&self, from: &mut usize) -> Option<Unseen> {
        let unseen = self.inventory.unseen(*from, LOOKUP)?;
        *from = unseen.next;
        Some(unseen)
    }

    /// The documents behind marks, and the marks that no document carries.
    async fn located(&self, unseen: Unseen) -> Result<(Vec<LeftOver>, Vec<Mark>)> {
        let wanted = (&unseen.marks[..], unseen.between);
        let found = scan::locate(self.job.client, self.job.index, wanted, self.ownership()).await?;
        let carried: HashSet<Mark> = found.iter().map(|found| found.mark).collect();
        let absent = unseen.marks.into_iter().filter(|mark| !carried.contains(mark)).collect();
        Ok((found.into_iter().map(LeftOver::from).collect(), absent))
    }

    /// Documents that no sync of ours wrote, where this one may take them over.
    async fn foreign_documents(&self) -> Result<Option<Unmarked<'j>>> {
        if self.foreign == 0 || !self.may_take_over() {
            return Ok(None);
        }
        Unmarked::open(self.job.client, self.job.index).await.map(Some)
    }

    /// The older versions of documents that a pipeline drops now.
    async fn dropped_before(&self) -> Result<Vec<LeftOver>> {
        Ok(self.dropped.older().iter().map(|id| LeftOver::unmarked(id.clone())).collect())
    }

    /// Sorts a document in; the id of one that is not ours to delete is handed back.
    fn sort(&self, sorted: &mut Sorted, found: LeftOver) -> Option<String> {
        match self.fate(&found) {
            Fate::Listed => {}
            Fate::Uncertain => sorted.kept += 1,
            Fate::Gone => sorted.is_gone(found),
            Fate::Foreign => return Some(found.id),
        }
        None
    }

    fn fate(&self, found: &LeftOver) -> Fate {
        if self.spared.contains(&found.id) {
            return Fate::Listed;
        }
        if let Some(mark) = found.mark {
            if !found.is_own {
                return if self.may_take_over() { Fate::Gone } else { Fate::Foreign };
            }
            // The mark was listed: what was not seen of it is a copy.
            if self.inventory.is_listed(mark.id) {
                return Fate::Listed;
            }
        }
        if is_uncertain(found.scope.as_deref(), &self.failed_scopes) { Fate::Uncertain } else { Fate::Gone }
    }

    /// Whether documents that no sync of ours wrote are ours to delete.
    fn may_take_over(&self) -> bool {
        self.job.options.take_over != TakeOver::Never
    }

    /// Those of some documents that this sync may delete.
    pub(super) fn ours(&self, located: Vec<Located>) -> Vec<LeftOver> {
        let is_ours = |found: &Located| self.may_take_over() || found.is_own;
        located.into_iter().filter(is_ours).map(LeftOver::from).collect()
    }

    /// Whether a document carries the hash of its own id, by this version or, while the index is marked again, by an older one.
    pub(super) fn ownership(&self) -> Ownership {
        Ownership::by(self.render.shape.key, self.is_remarking)
    }

    /// The guard: more than the floor and more than the share of what the index held before the sync needs somebody's word.
    pub(super) fn is_let_through(&self, deletes: u64) -> bool {
        let options = &self.job.options;
        let held = self.inventory.held() as u64 + self.foreign;
        let share = deletes as f64 / held.max(1) as f64;
        options.allow_deletes || deletes <= options.delete_floor || share <= options.delete_share
    }
}

impl Sorted {
    fn is_gone(&mut self, found: LeftOver) {
        self.gone += 1;
        if self.remembered.len() < REMEMBERED {
            self.remembered.push(found);
        }
    }
}

impl LeftOver {
    /// A document without a mark.
    fn unmarked(id: String) -> Self {
        Self { id, mark: None, scope: None, is_own: false }
    }

    /// As a source is asked for it.
    pub(super) fn unlisted(&self) -> crate::Unlisted {
        crate::Unlisted { id: DocumentId::from(self.id.as_str()), scope: self.scope.clone() }
    }
}

impl From<Located> for LeftOver {
    fn from(Located { id, mark, scope, is_own }: Located) -> Self {
        Self { id, mark: Some(mark), scope, is_own }
    }
}

/// True when a document may lie where the listing failed.
fn is_uncertain(scope: Option<&str>, failed: &[String]) -> bool {
    let Some(scope) = scope.map(|scope| scope.trim_matches('/')) else { return !failed.is_empty() };
    failed.iter().any(|failed| {
        let rest = scope.strip_prefix(failed.trim_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_at_or_under_a_failed_scope_stays() {
        let failed = ["a/b".to_owned(), "x".to_owned(), "/y/".to_owned()];
        for (scope, uncertain) in [
            (Some("a/b"), true),
            (Some("a/b/c"), true),
            (Some("x/y"), true),
            (Some("a"), false),
            (Some("a/bc"), false),
            (Some(""), false),
            (Some("/a/b/c/"), true),
            (Some("y/"), true),
            (None, true),
        ] {
            assert_eq!(is_uncertain(scope, &failed), uncertain, "{scope:?}");
        }
        assert!(!is_uncertain(None, &[]));
    }
}
