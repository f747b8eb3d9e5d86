//! A listed document as it is sent, and what marks it.

use super::content::reader::{Fetched, Reader};
use super::draft::Draft;
use crate::elastic::IndexKey;
use crate::elastic::scan::Mark;
use crate::sync::job::Job;
use crate::sync::know::fingerprint::{Shape, Shapers, mark, without_content};
use crate::sync::know::pipeline::ActivePipelines;
use crate::{Document, Limits, Result};

/// Makes documents whole, and marks them; clones share the budget of contents.
#[derive(Debug, Clone)]
pub(crate) struct Render {
    pub(crate) shape: Shape,
    pub(crate) reader: Reader,
}

/// A document made whole.
pub(crate) struct Rendered {
    pub(crate) draft: Draft,
    pub(crate) mark: Mark,
    /// True where its content could not be read.
    pub(crate) lacks_content: bool,
}

/// What marks a document.
pub(crate) struct Marks {
    pub(crate) whole: Mark,
    /// Where it has a content that was not read now: its mark without it.
    pub(crate) without_content: Option<Mark>,
}

impl Render {
    pub(crate) fn new(job: &Job<'_>, key: IndexKey, pipeline: Option<&ActivePipelines>) -> Self {
        let Limits { max_content, max_text, .. } = job.context.limits;
        let pipeline_fingerprint = pipeline.map_or(0, |pipeline| pipeline.fingerprint);
        let by =
            Shapers { rules: job.rules.fingerprint(), max_content, max_text, pipeline: pipeline_fingerprint };
        Self {
            shape: Shape::new(key, by),
            reader: Reader::new(job.context, job.client.settings().bulk.queue_bytes),
        }
    }

    /// Serialises the body and reads the content.
    ///
    /// # Errors
    /// When the body does not serialise.
    pub(crate) async fn whole(&self, document: Document) -> Result<Rendered> {
        let (mut draft, content) = Draft::new(document, Vec::new()).map_err(|(_, error)| error)?;
        let mut has_failed = false;
        if let Some(content) = content {
            match self.reader.fetch(&content).await {
                Fetched::Text(read) => draft.text = Some(read.text),
                Fetched::Skipped(_) => {}
                Fetched::Failed(error) => {
                    tracing::debug!(id = draft.id, %error, "a content could not be read");
                    has_failed = true;
                }
            }
        }
        let mark = self.mark_of(&draft, has_failed);
        Ok(Rendered { draft, mark, lacks_content: has_failed })
    }

    /// What marks a document that is whole, or lacks a content that could not be read.
    pub(crate) fn mark_of(&self, draft: &Draft, lacks_content: bool) -> Mark {
        let version = draft.version(&self.shape);
        let fingerprint = self.shape.fingerprint(version, draft.has_content, draft.scope.as_deref());
        let fingerprint = self.shape.closed(fingerprint, draft.permissions.as_ref());
        mark(self.shape.id(&draft.id), if lacks_content { without_content(fingerprint) } else { fingerprint })
    }

    /// From the version alone where there is one; else from what would be sent.
    ///
    /// # Errors
    /// As for [`whole`](Self::whole).
    pub(crate) async fn marks(&self, document: Document) -> Result<Marks> {
        let id = self.shape.id(document.id().as_str());
        match self.shape.mark_of_version(&document, id) {
            Some(whole) => Ok(Marks {
                whole,
                without_content: self.shape.mark_of_version_without_content(&document, id),
            }),
            None => Ok(Marks { whole: self.whole(document).await?.mark, without_content: None }),
        }
    }
}
