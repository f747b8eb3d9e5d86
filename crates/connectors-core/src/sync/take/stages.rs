//! The state of a sync that runs: what it knows, what it counts, and what each stage of a document's way remembers.

use super::bodies::Bodies;
use super::content::Contents;
use super::failing::Failing;
use super::mend::Mend;
use super::render::Render;
use super::writer::Writer;
use crate::elastic::{Item, Kind, Refused};
use crate::sync::accounts::{Accounts, Report, Stage};
use crate::sync::job::Job;
use crate::sync::know::prepare::Prepared;
use crate::sync::know::snapshot::IndexSnapshot;
use crate::{Error, Result};

/// A sync between its preparation and its end.
pub(crate) struct Stages<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) accounts: Accounts<'a>,
    pub(crate) snapshot: IndexSnapshot,
    pub(crate) failing: Failing<'a>,
    pub(crate) render: Render,
    pub(super) bodies: Bodies,
    pub(super) contents: Contents,
    pub(super) mend: Mend,
    pub(crate) writer: Writer,
}

impl<'a> Stages<'a> {
    /// # Errors
    /// `Unexpected` for an index without a key.
    pub(crate) fn new(job: &'a Job<'a>, prepared: Prepared, report: &'a mut Report) -> Result<Self> {
        let Prepared { existing, uuid, snapshot, failed_before, pipeline } = prepared;
        let key = existing.meta.key.ok_or_else(|| no_key(job.index))?;
        let writer = Writer::new(job, uuid.as_deref(), pipeline.as_ref());
        let render = Render::new(job, key, pipeline.as_ref());
        report.pipelines = pipeline.map(|pipeline| pipeline.names).unwrap_or_default();
        (report.known_by, report.marks_read) = (snapshot.known_by, snapshot.marks_read);
        Ok(Self {
            job,
            accounts: Accounts::new(report, job.counters),
            snapshot,
            failing: Failing::new(job, failed_before),
            render,
            bodies: Bodies::default(),
            contents: Contents::default(),
            mend: Mend::default(),
            writer,
        })
    }

    /// Takes the answers of the server so far into the accounts.
    pub(super) fn account_for_writes(&mut self) {
        let written = self.writer.take_written();
        self.accounts.written(&written);
        written.runs.iter().for_each(|run| self.failing.note(run));
        for item in written.dropped {
            self.accounts.report.dropped += 1;
            self.snapshot.inventory.mark_unknown(item.hash.cast_signed());
            self.snapshot.dropped.add(&item, item.kind != Kind::Create);
        }
        written.superseded.into_iter().for_each(|item| self.superseded(item));
        written.refused.into_iter().for_each(|refused| self.refused(refused));
    }

    /// Accounts for a write that came after that of a sync which began later. Whether the index holds what it should all the
    /// same, the closing digest of a full sync finds out; an incremental one tries again.
    fn superseded(&mut self, item: Item) {
        let is_known = self.snapshot.inventory.is_known();
        match item.kind {
            Kind::Delete if is_known => {}
            _ if is_known => self.accounts.report.unchanged += 1,
            _ => {
                let reason = "a sync that began later wrote this document".into();
                self.refused(Refused { item, reason, is_own: true });
            }
        }
    }

    /// Accounts for an operation that was not carried out.
    fn refused(&mut self, Refused { item, reason, is_own }: Refused) {
        match item.kind {
            Kind::Delete => self.accounts.report.undeleted += 1,
            _ => self.accounts.report.failed += 1,
        }
        self.snapshot.inventory.mark_unknown(item.hash.cast_signed());
        if is_own {
            self.failing.add((item.id, item.scope.as_deref()), Stage::Bulk, &reason);
        }
    }
}

fn no_key(index: &str) -> Error {
    Error::unexpected("`_meta.sync` of the index holds no key").with("index", index)
}
