//! The documents that fail in a sync, and those that failed before it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering::Relaxed;

use crate::elastic::Run;
use crate::sync::accounts::tolerance::{Outcomes, too_many};
use crate::sync::accounts::{Failure, Stage};
use crate::sync::job::Job;
use crate::sync::know::failures::{FailedBefore, entries};
use crate::{Result, Unlisted};

/// What fails in a sync.
pub(crate) struct Failing<'a> {
    job: &'a Job<'a>,
    /// What failed in earlier syncs, by id.
    before: HashMap<String, FailedBefore>,
    /// Ids that fail in this one.
    now: HashSet<String>,
    /// Failures that are not in the failures index yet.
    unrecorded: Vec<Failure>,
    /// Ids that must not be deleted though they count as unseen: those that failed or share a hash.
    protected: HashSet<String>,
    outcomes: Outcomes,
}

impl<'a> Failing<'a> {
    pub(crate) fn new(job: &'a Job<'a>, before: HashMap<String, FailedBefore>) -> Self {
        let (now, protected) = (HashSet::new(), HashSet::new());
        Self { job, before, now, unrecorded: Vec::new(), protected, outcomes: Outcomes::default() }
    }

    /// Adds a document, and protects it from being deleted as unseen.
    pub(crate) fn add(&mut self, (id, scope): (String, Option<&str>), stage: Stage, reason: &str) {
        tracing::debug!(id, ?stage, reason, "a document failed");
        self.job.counters.failed.fetch_add(1, Relaxed);
        self.protected.insert(id.clone());
        // What the server answered is noted with the rest of its answers, in order.
        if stage != Stage::Bulk {
            self.note(Run { is_done: false, length: 1 });
        }
        if self.now.len() > self.job.options.tolerance.total {
            return;
        }
        let now = self.job.context.clock.now();
        let before = self.before.get(&id).map(|before| &before.failure);
        self.unrecorded.push(Failure {
            index: self.job.index.to_owned(),
            stage,
            reason: self.job.context.mask.of(reason),
            time: before.map_or(now, |before| before.time),
            tried: Some(now),
            tries: before.map_or(0, |before| before.tries).saturating_add(1),
            scope: scope.map(str::to_owned).or_else(|| before.and_then(|before| before.scope.clone())),
            id: id.clone(),
        });
        self.now.insert(id);
    }

    /// Notes what came of some documents.
    pub(crate) fn note(&mut self, run: Run) {
        self.outcomes.add(run, &self.job.options.tolerance);
    }

    /// Protects a document from being deleted as unseen.
    pub(crate) fn protect(&mut self, id: &str) {
        self.protected.insert(id.to_owned());
    }

    /// Whether a document must not be deleted as unseen.
    pub(crate) fn is_protected(&self, id: &str) -> bool {
        self.protected.contains(id)
    }

    /// How many documents fail.
    pub(crate) fn len(&self) -> usize {
        self.now.len()
    }

    /// Ends the sync once more documents fail than may.
    ///
    /// # Errors
    /// `Unexpected`, with the number.
    pub(crate) fn check(&self) -> Result<()> {
        let failed = self.now.len();
        if failed > self.job.options.tolerance.total { Err(too_many(failed)) } else { self.outcomes.check() }
    }

    /// Notes that a document which failed before was listed or deleted; true where it is to be sent again, changed or not.
    pub(crate) fn retry(&mut self, id: &str) -> bool {
        let Some(before) = self.before.get_mut(id) else { return false };
        before.is_seen = true;
        self.job.options.retry_failed
    }

    /// True for a document that failed before and is to be sent again, changed or not.
    pub(crate) fn is_retried(&self, id: &str) -> bool {
        self.job.options.retry_failed && self.before.contains_key(id)
    }

    /// The documents that failed before and are to be retried now.
    pub(crate) fn due(&self) -> Vec<Unlisted> {
        let (now, wait) = (self.job.context.clock.now(), self.job.options.retry_wait);
        self.before.values().filter(|before| before.is_due(now, wait)).map(FailedBefore::unlisted).collect()
    }

    /// Writes what failed since the last time into the failures index.
    ///
    /// # Errors
    /// When it can't be written: then nothing may go on as if it were.
    pub(crate) async fn record(&mut self) -> Result<()> {
        let failures = std::mem::take(&mut self.unrecorded);
        let entries =
            failures.iter().map(|failure| ((failure.index.as_str(), failure.id.as_str()), Some(failure)));
        entries::put(self.job.client, &entries.collect::<Vec<_>>()).await
    }

    /// Removes documents that failed before and no longer do from the failures index.
    ///
    /// # Errors
    /// When they can't be removed.
    pub(crate) async fn forget(&self, is_over: impl Fn(&FailedBefore) -> bool) -> Result<()> {
        let over = self.before.iter().filter(|(id, before)| is_over(before) && !self.now.contains(*id));
        let entries = over.map(|(id, _)| ((self.job.index, id.as_str()), None));
        entries::put(self.job.client, &entries.collect::<Vec<_>>()).await
    }
}
