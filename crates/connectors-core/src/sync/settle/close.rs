//! The end of a sync, however it came.

use super::failures;
use crate::Result;
use crate::elastic::{ignored, index};
use crate::sync::accounts::{Phase, Report};
use crate::sync::job::Job;
use crate::sync::take::stages::Stages;

/// Keeps what failed and makes everything visible, however the sync ended; not where the server is gone.
///
/// # Errors
/// What ended the sync; that what failed could not be kept.
pub(crate) async fn close(stages: &mut Stages<'_>, ended: Result<()>) -> Result<()> {
    if is_gone(&ended) {
        return ended;
    }
    let job = stages.job;
    job.counters.enter(Phase::Closing);
    stages.snapshot.dropped.save(stages.accounts.report.complete, job.context).await;
    let settled =
        failures::settle(&mut stages.failing, stages.accounts.report, &stages.snapshot.inventory).await;
    ended.and(settled).and(show(stages).await)
}

/// Makes what is written visible; a verified index is.
async fn show(stages: &Stages<'_>) -> Result<()> {
    if stages.accounts.report.verified {
        return Ok(());
    }
    index::refresh(stages.job.client, stages.job.index).await
}

/// Reports the documents whose values the index does not hold, where this sync may have written some. What can't be asked is
/// logged.
pub(crate) async fn report_ignored(job: &Job<'_>, report: &mut Report, ended: &Result<()>) {
    let wrote = report.sent() + report.repaired + report.mended.count > 0;
    if !wrote || is_gone(ended) || job.cancel.is_cancelled() {
        return;
    }
    match ignored(job.client, job.index).await {
        Ok(found) => {
            if found.documents > 0 {
                let fields: Vec<&str> = found.fields.iter().map(|field| field.field.as_str()).collect();
                let (documents, fields) = (found.documents, fields.join(", "));
                let what = "the index does not hold all values of some documents; `connectors check --index` says why";
                tracing::warn!(index = job.index, documents, fields, "{what}");
            }
            report.ignored = found;
        }
        Err(error) => {
            tracing::warn!(index = job.index, %error, "documents with ignored fields could not be counted")
        }
    }
}

/// True after an error that outlasted every try: the server may be gone, and is asked nothing more.
pub(crate) fn is_gone<T>(ended: &Result<T>) -> bool {
    ended.as_ref().is_err_and(|error| error.kind().is_passing())
}
