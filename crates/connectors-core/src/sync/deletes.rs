//! What the index holds and the source no longer has.

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::Result;
use crate::elastic::scan::{LOOKUP, Located, Mark};
use crate::elastic::{index, scan};

use super::inventory::Unseen;
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
#[derive(Debug)]
struct LeftOver {
    id: String,
    mark: Option<Mark>,
    scope: Option<String>,
}

impl Run<'_, '_> {
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
        self.report.kept = sorted.kept;
        if sorted.gone == 0 {
            return Ok(());
        }
        let held = index::count(self.job.client, self.job.index, &json!({ "match_all": {} })).await?;
        if !self.is_let_through(sorted.gone, held) {
            self.report.withheld = sorted.gone;
            return Ok(());
        }
        let deleted = self.delete_all(sorted).await;
        deleted.and(self.finish_writes().await)
    }

    async fn delete_all(&mut self, sorted: Sorted) -> Result<()> {
        if sorted.remembered.len() as u64 == sorted.gone {
            return self.delete_these(sorted.remembered).await;
        }
        let mut from = 0;
        while let Some(found) = self.next_unseen(&mut from).await? {
            let gone = found.into_iter().filter(|found| self.is_gone(found) == Some(true)).collect();
            self.delete_these(gone).await?;
        }
        let unmarked = self.unmarked().await?.into_iter();
        let gone = unmarked.filter(|found| self.is_gone(found) == Some(true)).collect();
        self.delete_these(gone).await?;
        let dropped = self.dropped.older().iter().map(|id| LeftOver::dropped(id)).collect();
        self.delete_these(dropped).await
    }

    async fn delete_these(&mut self, gone: Vec<LeftOver>) -> Result<()> {
        for LeftOver { id, mark, .. } in gone {
            if self.is_stopped() {
                break;
            }
            mark.into_iter().for_each(|mark| self.inventory.forget(mark));
            self.delete(id).await?;
        }
        Ok(())
    }

    /// True, and told in the report, when somebody ended the sync.
    fn is_stopped(&mut self) -> bool {
        let is_stopped = self.job.cancel.is_cancelled();
        if is_stopped {
            self.report.status = Status::Stopped;
        }
        is_stopped
    }

    async fn left_over(&self) -> Result<Sorted> {
        let (mut sorted, mut from) = (Sorted::default(), 0);
        index::refresh(self.job.client, self.job.index).await?;
        let parts = std::iter::from_fn(|| self.part_unseen(&mut from));
        let mut lookups = stream::iter(parts).map(|unseen| self.located(unseen)).buffered(LOOKUPS);
        while let Some(found) = lookups.try_next().await? {
            found.into_iter().for_each(|found| self.sort(&mut sorted, found));
        }
        drop(lookups);
        self.unmarked().await?.into_iter().for_each(|found| self.sort(&mut sorted, found));
        self.dropped.older().iter().for_each(|id| sorted.is_gone(LeftOver::dropped(id)));
        Ok(sorted)
    }

    /// The next documents that were not listed, from this place of the inventory on; none at the end.
    async fn next_unseen(&self, from: &mut usize) -> Result<Option<Vec<LeftOver>>> {
        match self.part_unseen(from) {
            Some(unseen) => self.located(unseen).await.map(Some),
            None => Ok(None),
        }
    }

    fn part_unseen(&self, from: &mut usize) -> Option<Unseen> {
        let unseen = self.inventory.unseen(*from, LOOKUP)?;
        *from = unseen.next;
        Some(unseen)
    }

    async fn located(&self, unseen: Unseen) -> Result<Vec<LeftOver>> {
        let found = scan::locate(self.job.client, self.job.index, &unseen.marks, unseen.between).await?;
        Ok(found.into_iter().map(LeftOver::from).collect())
    }

    async fn unmarked(&self) -> Result<Vec<LeftOver>> {
        let ids = scan::unmarked(self.job.client, self.job.index).await?;
        Ok(ids.into_iter().map(|id| LeftOver { id, mark: None, scope: None }).collect())
    }

    fn sort(&self, sorted: &mut Sorted, found: LeftOver) {
        match self.is_gone(&found) {
            None => {}
            Some(false) => sorted.kept += 1,
            Some(true) => sorted.is_gone(found),
        }
    }

    /// Whether an unlisted document may be deleted; none for one that was listed and failed.
    fn is_gone(&self, found: &LeftOver) -> Option<bool> {
        if self.spared.contains(&found.id) {
            return None;
        }
        Some(!is_uncertain(found.scope.as_deref(), &self.failed_scopes))
    }

    /// The guard: more than the floor and more than the share needs somebody's word.
    pub(super) fn is_let_through(&self, deletes: u64, held: u64) -> bool {
        let options = &self.job.options;
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
    /// The older version of a document that was listed, and that a pipeline drops now.
    fn dropped(id: &str) -> Self {
        Self { id: id.to_owned(), mark: None, scope: None }
    }
}

impl From<Located> for LeftOver {
    fn from(Located { id, mark, scope }: Located) -> Self {
        Self { id, mark: Some(mark), scope }
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
