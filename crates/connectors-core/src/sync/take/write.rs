//! Documents that are whole: compared with the index, put into bulks, and accounted for.

use super::classify;
use super::content::Read;
use super::content::reader::Fetched;
use super::draft::Draft;
use super::mend::Compared;
use super::stages::Stages;
use crate::elastic::Kind;
use crate::elastic::scan::Mark;
use crate::sync::accounts::Stage;
use crate::sync::know::inventory::Known;
use crate::{Error, Result};

/// Writes a document whose content was read.
pub(super) async fn fetched(stages: &mut Stages<'_>, read: Read) -> Result<()> {
    let (mut draft, fetched) = read.map_err(|error| {
        stages.accounts.report.failed += 1;
        Error::unexpected("reading a content ended early").caused_by(error)
    })?;
    stages.writer.refresh_timestamp();
    let contents = &mut stages.accounts.report.contents;
    let mut failure = None;
    match fetched {
        Fetched::Text(read) => {
            contents.extracted += 1;
            contents.cut += u64::from(read.is_cut);
            draft.text = Some(read.text);
        }
        Fetched::Skipped(reason) => *contents.skipped.entry(reason).or_default() += 1,
        Fetched::Failed(error) => {
            contents.failed += 1;
            failure = Some(error);
        }
    }
    write(stages, draft, failure).await
}

/// Puts a document into the bulk unless the index holds it as it is.
pub(super) async fn write(stages: &mut Stages<'_>, draft: Draft, failure: Option<Error>) -> Result<()> {
    let mark = stages.render.mark_of(&draft, failure.is_some());
    if let Some(error) = failure {
        let document = (draft.id.clone(), draft.scope.as_deref());
        stages.failing.add(document, Stage::Content, &error.to_string());
    }
    let is_retried = stages.failing.is_retried(&draft.id);
    if !is_retried && stages.snapshot.dropped.mark_listed(mark) {
        stages.accounts.report.dropped += 1;
        return Ok(());
    }
    await_write_of(stages, mark.id.cast_unsigned()).await?;
    stages.snapshot.dropped.mark_sent(&draft.id);
    let known = stages.snapshot.inventory.mark_listed(mark);
    match known {
        Known::Unchanged if !is_retried && stages.job.options.mend => {
            let is_full = stages.mend.add(draft, mark, stages.job)?;
            return if is_full { mend(stages).await } else { Ok(()) };
        }
        Known::Unchanged if !is_retried => {
            stages.accounts.unchanged();
            return Ok(());
        }
        Known::Ambiguous => stages.failing.protect(&draft.id),
        _ => {}
    }
    let kind = classify::operation(known, &stages.snapshot);
    send(stages, draft, (mark, kind)).await
}

/// Writes the documents again that wait to be compared, where the index holds something else.
async fn mend(stages: &mut Stages<'_>) -> Result<()> {
    let Compared { same, differing } = stages.mend.compare(stages.job).await?;
    (0..same).for_each(|_| stages.accounts.unchanged());
    for (draft, mark) in differing {
        stages.accounts.report.mended.add(&draft.id);
        send(stages, draft, (mark, Kind::Update)).await?;
    }
    Ok(())
}

/// Puts a document into the bulk.
async fn send(stages: &mut Stages<'_>, draft: Draft, (mark, kind): (Mark, Kind)) -> Result<()> {
    let put = stages.writer.put(draft, (mark, kind)).await;
    stages.account_for_writes();
    put?;
    delete_older(stages).await?;
    stages.failing.check()
}

/// Puts a delete into the bulk.
///
/// # Errors
/// Why nothing more is written.
pub(crate) async fn delete(stages: &mut Stages<'_>, id: String) -> Result<()> {
    await_content_of(stages, &id).await?;
    stages.failing.retry(&id);
    let item = stages.render.shape.delete(id);
    await_write_of(stages, item.hash).await?;
    stages.writer.delete(item).await
}

/// Keeps the order of one id: an operation on it waits for its content that is being read.
pub(super) async fn await_content_of(stages: &mut Stages<'_>, id: &str) -> Result<()> {
    if stages.contents.reads(id) { finish_contents(stages).await } else { Ok(()) }
}

/// Waits for every content that is being read, and writes the documents.
///
/// # Errors
/// Why nothing more is written.
pub(crate) async fn finish_contents(stages: &mut Stages<'_>) -> Result<()> {
    while let Some(read) = stages.contents.next_of_any().await {
        fetched(stages, read).await?;
    }
    mend(stages).await
}

/// Waits for every write and takes the answers into the accounts. Contents that are still being read are given up.
///
/// # Errors
/// Why some could not be written.
pub(crate) async fn finish_writes(stages: &mut Stages<'_>) -> Result<()> {
    stages.accounts.report.failed +=
        stages.bodies.abandon() + stages.contents.abandon() + stages.mend.abandon();
    finish(stages).await?;
    delete_older(stages).await?;
    finish(stages).await?;
    stages.failing.check()
}

async fn finish(stages: &mut Stages<'_>) -> Result<()> {
    let finished = stages.writer.finish().await;
    stages.account_for_writes();
    finished
}

/// What a pipeline makes of one version of a document must be known before the next one is sent: a version that was
/// dropped leaves one behind that is to be deleted, and not what comes after it.
async fn await_write_of(stages: &mut Stages<'_>, hash: u64) -> Result<()> {
    if !stages.writer.may_be_dropped(hash) {
        return Ok(());
    }
    finish(stages).await?;
    delete_older(stages).await
}

/// An incremental sync deletes at once what is left over of documents that were dropped; a full one does at its end,
/// under the guard of all deletes.
async fn delete_older(stages: &mut Stages<'_>) -> Result<()> {
    if stages.snapshot.inventory.is_known() {
        return Ok(());
    }
    for id in stages.snapshot.dropped.take_older() {
        let item = stages.render.shape.delete(id);
        stages.writer.delete(item).await?;
    }
    Ok(())
}
