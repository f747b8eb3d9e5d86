//! A listed document, from its classification to the stage that it goes to.

use super::bodies::Answer;
use super::classify::{self, ByMark};
use super::content::{self, SWITCHED_OFF};
use super::draft::Draft;
use super::stages::Stages;
use super::write;
use crate::elastic::key::IdHash;
use crate::sync::access::permissions::restrict;
use crate::sync::accounts::Stage;
use crate::{Document, Result, Unlisted};

/// Takes a document whose id has this hash.
///
/// # Errors
/// Why nothing more is written.
pub(crate) async fn take(stages: &mut Stages<'_>, mut document: Document, hash: IdHash) -> Result<()> {
    restrict(&mut document, &stages.job.options);
    let is_withheld = content::withhold(&mut document, stages.job);
    if classify::is_repeat(&document, hash, (&stages.render.shape, &mut stages.snapshot.inventory)) {
        return Ok(());
    }
    stages.accounts.listed();
    write::await_content_of(stages, document.0.id.as_str()).await?;
    let is_retried = stages.failing.retry(document.0.id.as_str());
    let mark = if is_retried { None } else { stages.render.shape.mark_of_version(&document, hash) };
    match classify::by_mark(mark, &mut stages.snapshot, &stages.job.options) {
        ByMark::Unchanged => {
            stages.accounts.closed(&document);
            stages.accounts.unchanged();
            return Ok(());
        }
        ByMark::Dropped => {
            stages.accounts.report.dropped += 1;
            return Ok(());
        }
        ByMark::Unknown => {}
    }
    if document.0.body.is_looked_up() {
        return if stages.bodies.add(&document) { look_up_bodies(stages).await } else { Ok(()) };
    }
    if is_withheld {
        count_withheld(stages);
    }
    whole(stages, document).await
}

/// Waits for all that was taken and is not whole yet: looks up bodies, reads contents, and writes the documents.
///
/// # Errors
/// Why nothing more is written.
pub(super) async fn finish(stages: &mut Stages<'_>) -> Result<()> {
    look_up_bodies(stages).await?;
    write::finish_contents(stages).await
}

/// Asks the source for the documents that have to be sent and were listed without their bodies.
async fn look_up_bodies(stages: &mut Stages<'_>) -> Result<()> {
    for answer in stages.bodies.ask(stages.job).await {
        match answer {
            Answer::Whole(mut document) => {
                restrict(&mut document, &stages.job.options);
                if content::withhold(&mut document, stages.job) {
                    count_withheld(stages);
                }
                whole(stages, document).await?;
            }
            Answer::Gone(gone) => {
                stages.accounts.unlisted();
                // A full sync deletes at its end what was not listed.
                if !stages.snapshot.inventory.is_known() {
                    write::delete(stages, gone.id.into_string()).await?;
                }
            }
            Answer::Unknown(document, reason) => {
                let Unlisted { id, scope } = document;
                stages.accounts.report.failed += 1;
                stages.failing.add((id.into_string(), scope.as_deref()), Stage::Body, &reason);
                stages.failing.check()?;
            }
        }
    }
    Ok(())
}

fn count_withheld(stages: &mut Stages<'_>) {
    *stages.accounts.report.contents.skipped.entry(SWITCHED_OFF.into()).or_default() += 1;
}

/// Takes a document that has its body.
async fn whole(stages: &mut Stages<'_>, document: Document) -> Result<()> {
    let document = match stages.job.rules.basic.filter(document) {
        Ok(document) => document,
        Err(id) => return filtered(stages, id.into_string()).await,
    };
    match draft(stages, document) {
        Some(draft) => write::write(stages, draft, None).await,
        None => stages.failing.check(),
    }
}

/// The draft of a document without a content. The content of any other begins to be read, and a document that does not
/// serialise fails.
fn draft(stages: &mut Stages<'_>, document: Document) -> Option<Draft> {
    stages.accounts.closed(&document);
    let scope = document.0.scope.clone();
    let (mut draft, content) = match Draft::new(document, stages.writer.buffer()) {
        Ok(drafted) => drafted,
        Err((id, error)) => {
            stages.accounts.report.failed += 1;
            stages.failing.add((id.into_string(), scope.as_deref()), Stage::Body, &error.to_string());
            return None;
        }
    };
    stages.accounts.report.renamed.add(std::mem::take(&mut draft.renames));
    match content {
        Some(content) => {
            stages.contents.start(stages.render.reader.clone(), (draft, content));
            None
        }
        None => Some(draft),
    }
}

/// Counts a document that the rules leave out. A full sync finds it unseen at the end, an incremental one deletes it now.
async fn filtered(stages: &mut Stages<'_>, id: String) -> Result<()> {
    stages.accounts.report.filtered += 1;
    if stages.snapshot.inventory.is_known() { Ok(()) } else { write::delete(stages, id).await }
}
