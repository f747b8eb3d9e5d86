//! What the index holds and the source no longer has.

use serde_json::json;

use crate::Result;
use crate::elastic::{index, scan};

use super::report::Status;
use super::run::Run;

/// Documents that may be deleted, and those that stay because nobody knows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    gone: Vec<String>,
    kept: u64,
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
            self.report.kept = self.inventory.unseen().len() as u64;
            return Ok(());
        }
        let Sorted { gone, kept } = self.left_over().await?;
        self.report.kept = kept;
        if gone.is_empty() {
            return Ok(());
        }
        let held = index::count(self.job.client, self.job.index, &json!({ "match_all": {} })).await?;
        if !self.is_let_through(gone.len() as u64, held) {
            self.report.withheld = gone.len() as u64;
            return Ok(());
        }
        let deleted = self.delete_all(gone).await;
        deleted.and(self.finish_writes().await)
    }

    async fn delete_all(&mut self, gone: Vec<String>) -> Result<()> {
        for id in gone {
            if self.is_stopped() {
                break;
            }
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
        let (client, index) = (self.job.client, self.job.index);
        index::refresh(client, index).await?;
        let marked = scan::locate(client, index, &self.inventory.unseen()).await?;
        let mut sorted = Sorted::default();
        for located in marked {
            self.sort(&mut sorted, located.id, located.scope.as_deref());
        }
        for id in scan::unmarked(client, index).await? {
            self.sort(&mut sorted, id, None);
        }
        Ok(sorted)
    }

    fn sort(&self, sorted: &mut Sorted, id: String, scope: Option<&str>) {
        if self.spared.contains(&id) {
            return;
        }
        if is_uncertain(scope, &self.failed_scopes) {
            sorted.kept += 1;
        } else {
            sorted.gone.push(id);
        }
    }

    /// The guard: more than the floor and more than the share needs somebody's word.
    fn is_let_through(&self, deletes: u64, held: u64) -> bool {
        let options = &self.job.options;
        let share = deletes as f64 / held.max(1) as f64;
        options.allow_deletes || deletes <= options.delete_floor || share <= options.delete_share
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
