//! Deletes that the source confirms: a listing alone does not prove that a document is gone.

use std::collections::HashSet;

use super::left_over::LeftOver;
use crate::elastic::scan::LOOKUP;
use crate::sync::accounts::Status;
use crate::sync::take::lookup::{Answers, look_up};
use crate::sync::take::stages::Stages;
use crate::sync::take::{document, write};
use crate::{Result, Unlisted};

/// Deletes the left-overs that the source confirms as gone, where it can be asked.
pub(super) async fn delete(stages: &mut Stages<'_>, left_over: Vec<LeftOver>) -> Result<()> {
    for batch in left_over.chunks(LOOKUP) {
        if is_stopped(stages) {
            break;
        }
        for LeftOver { id, mark, .. } in confirmed(stages, batch).await? {
            if is_stopped(stages) {
                return Ok(());
            }
            mark.into_iter().for_each(|mark| stages.snapshot.inventory.remove(mark));
            write::delete(stages, id).await?;
        }
    }
    Ok(())
}

/// Whether the sync was stopped, which the report then says.
pub(super) fn is_stopped(stages: &mut Stages<'_>) -> bool {
    let is_stopped = stages.job.cancel.is_cancelled();
    if is_stopped {
        stages.accounts.report.status = Status::Stopped;
    }
    is_stopped
}

/// Those of the left-overs that are gone. Where the source can be asked by id, what is still there is written instead, and
/// what could not be asked for stays and is reported.
pub(super) async fn confirmed(stages: &mut Stages<'_>, left_over: &[LeftOver]) -> Result<Vec<LeftOver>> {
    let Some(lookup) = stages.job.source.lookup() else { return Ok(left_over.to_vec()) };
    let wanted: Vec<Unlisted> = left_over.iter().map(LeftOver::unlisted).collect();
    let Answers { there, gone } = look_up(stages.job, lookup, &wanted, stages.accounts.report).await;
    let answered: HashSet<String> = there.iter().map(|document| document.id().as_str().to_owned()).collect();
    for document in there {
        tracing::debug!(id = document.id().as_str(), "a listing missed this document");
        let hash = stages.render.shape.id(document.id().as_str());
        document::take(stages, document, hash).await?;
    }
    let (confirmed, rest): (Vec<_>, Vec<_>) =
        left_over.iter().cloned().partition(|found| gone.contains(&found.id));
    let unanswered = rest.iter().filter(|found| !answered.contains(&found.id));
    unanswered.for_each(|found| stages.accounts.report.unconfirmed.add(&found.id));
    Ok(confirmed)
}
