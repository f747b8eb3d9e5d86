//! Documents of the index that the listing did not name, and what is done with them.

use std::collections::HashSet;

use crate::elastic::scan::{self, Located, Mark};
use crate::elastic::{Ownership, scan::Unmarked};
use crate::sync::job::{Job, TakeOver};
use crate::sync::know::fingerprint::Shape;
use crate::sync::know::inventory::{Inventory, Unseen};
use crate::sync::know::snapshot::IndexSnapshot;
use crate::sync::take::failing::Failing;
use crate::{DocumentId, Result, Unlisted};

/// A document that was not listed; without a mark where another tool wrote it.
#[derive(Debug, Clone)]
pub(super) struct LeftOver {
    pub(super) id: String,
    pub(super) mark: Option<Mark>,
    pub(super) scope: Option<String>,
    /// False for a copy that was made inside the index.
    is_own: bool,
}

/// What is done with a document that was not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was listed all the same, or failed.
    Listed,
    /// It may lie where the listing failed.
    Uncertain,
    /// It is a copy made inside the index, which this sync may not take over.
    Foreign,
    /// It is deleted.
    Gone,
}

/// What decides on documents that were not listed.
pub(super) struct Policy<'a> {
    /// The documents that fail.
    pub(super) failing: &'a Failing<'a>,
    /// What was listed.
    pub(super) inventory: &'a Inventory,
    /// Whether documents that no sync of ours wrote may be deleted.
    pub(super) take_over: TakeOver,
    /// The scopes that could not be listed.
    pub(super) failed_scopes: &'a [String],
}

impl LeftOver {
    /// A document without a mark.
    pub(super) fn unmarked(id: String) -> Self {
        Self { id, mark: None, scope: None, is_own: false }
    }

    /// As a source is asked for it.
    pub(super) fn unlisted(&self) -> Unlisted {
        Unlisted { id: DocumentId::from(self.id.as_str()), scope: self.scope.clone() }
    }
}

impl From<Located> for LeftOver {
    fn from(Located { id, mark, scope, is_own }: Located) -> Self {
        Self { id, mark: Some(mark), scope, is_own }
    }
}

impl Policy<'_> {
    /// What is done with a document that was not listed.
    pub(super) fn fate(&self, found: &LeftOver) -> Fate {
        if self.failing.is_protected(&found.id) {
            return Fate::Listed;
        }
        if let Some(mark) = found.mark {
            if !found.is_own {
                return if may_take_over(self.take_over) { Fate::Gone } else { Fate::Foreign };
            }
            // The mark was listed: what was not seen of it is a copy.
            if self.inventory.is_listed(mark.id) {
                return Fate::Listed;
            }
        }
        let is_uncertain = is_uncertain(found.scope.as_deref(), self.failed_scopes);
        if is_uncertain { Fate::Uncertain } else { Fate::Gone }
    }
}

/// The documents behind marks, and the marks that no document carries.
pub(super) async fn locate(
    job: &Job<'_>,
    unseen: Unseen,
    ownership: Ownership,
) -> Result<(Vec<LeftOver>, Vec<Mark>)> {
    let found = scan::locate(job.client, job.index, (&unseen.marks, unseen.between), ownership).await?;
    let carried: HashSet<Mark> = found.iter().map(|found| found.mark).collect();
    let absent = unseen.marks.into_iter().filter(|mark| !carried.contains(mark)).collect();
    Ok((found.into_iter().map(LeftOver::from).collect(), absent))
}

/// The documents with these marks that this sync may delete.
pub(super) async fn ours(job: &Job<'_>, marks: &[Mark], ownership: Ownership) -> Result<Vec<LeftOver>> {
    let located = scan::locate(job.client, job.index, (marks, usize::MAX), ownership).await?;
    let is_ours = |found: &Located| may_take_over(job.options.take_over) || found.is_own;
    Ok(located.into_iter().filter(is_ours).map(LeftOver::from).collect())
}

/// The documents that no sync of ours wrote, of which there are so many, where this one may take them over.
pub(super) async fn foreign<'a>(job: &Job<'a>, foreign: u64) -> Result<Option<Unmarked<'a>>> {
    if foreign == 0 || !may_take_over(job.options.take_over) {
        return Ok(None);
    }
    Unmarked::open(job.client, job.index).await.map(Some)
}

/// Whether a document carries the hash of its own id, by this version or, while the index is marked again, by an older one.
pub(super) fn ownership(shape: &Shape, snapshot: &IndexSnapshot) -> Ownership {
    Ownership::by(shape.key, snapshot.is_remarking)
}

/// Whether documents that no sync of ours wrote are ours to delete.
fn may_take_over(take_over: TakeOver) -> bool {
    take_over != TakeOver::Never
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
