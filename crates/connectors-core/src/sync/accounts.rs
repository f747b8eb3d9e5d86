//! What a sync comes to, taken into its report as it happens.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::elastic::{Item, Kind, Refused};
use crate::{Document, Error, Permissions, Result};

use super::report::Stage;
use super::run::Run;

impl Run<'_, '_> {
    /// Takes note of what could not be listed; an error that ends the sync is handed on.
    pub(super) fn listing_error(&mut self, error: Error) -> Result<()> {
        tracing::warn!(%error, "the listing is not complete");
        count(&self.job.counters.failed);
        self.report.listing_error(&error);
        if error.is_fatal() {
            return Err(error);
        }
        self.failed_scopes.push(error.scope().unwrap_or_default().to_owned());
        Ok(())
    }

    /// Counts a document that nobody may read, as the source could not tell who may.
    pub(super) fn note_closed(&mut self, document: &Document) {
        if document.0.permissions == Some(Permissions::Unknown) {
            self.report.closed.add(document.0.id.as_str());
        }
    }

    /// Takes what was written so far into the accounts.
    pub(super) fn settle_writes(&mut self) {
        let written = std::mem::take(self.bulk.written());
        self.report.created += written.created;
        self.report.updated += written.updated;
        self.report.deleted += written.deleted;
        self.job.counters.sent.fetch_add(written.created + written.updated, Relaxed);
        self.job.counters.deleted.fetch_add(written.deleted, Relaxed);
        for item in written.dropped {
            self.report.dropped += 1;
            self.inventory.doubt(item.hash.cast_signed());
            self.dropped.add(&item, item.kind != Kind::Create);
        }
        written.superseded.into_iter().for_each(|item| self.superseded(item));
        written.refused.into_iter().for_each(|refused| self.not_done(refused));
    }

    /// Takes in a write that came after that of a sync which began later. Whether the index holds what it should all the same, the
    /// closing digest of a full sync finds out; an incremental one tries again.
    fn superseded(&mut self, item: Item) {
        let is_known = self.inventory.is_known();
        match item.kind {
            Kind::Delete if is_known => {}
            _ if is_known => self.report.unchanged += 1,
            _ => {
                let reason = "a sync that began later wrote this document".into();
                self.not_done(Refused { item, reason, is_own: true });
            }
        }
    }

    /// Takes an operation into the accounts that was not done.
    fn not_done(&mut self, Refused { item, reason, is_own }: Refused) {
        match item.kind {
            Kind::Delete => self.report.undeleted += 1,
            _ => self.report.failed += 1,
        }
        self.inventory.doubt(item.hash.cast_signed());
        if is_own {
            let scope = item.scope.clone();
            self.keep((item.id, scope.as_deref()), Stage::Bulk, &reason);
        }
    }
}

/// One more, for whoever watches.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
