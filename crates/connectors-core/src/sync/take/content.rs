//! Files of documents, read while the listing goes on, a few at a time.

pub(crate) mod reader;
mod text;

use std::collections::HashSet;

use tokio::task::{JoinError, JoinSet};

use self::reader::{Fetched, Reader};
use super::draft::Draft;
use crate::sync::job::Job;
use crate::{Content, Document};

/// Why a content is not read where a connector's pipeline says that none is to be extracted.
pub(super) const SWITCHED_OFF: &str = "extract_binary_content is false";

/// Takes the content of a document away where the pipeline says that none is to be extracted; true where there was one.
pub(crate) fn withhold(document: &mut Document, job: &Job<'_>) -> bool {
    !job.reads_contents() && document.0.content.take().is_some()
}

/// A document with the result of reading its content.
pub(super) type Read = Result<(Draft, Fetched), JoinError>;

/// Contents that are being read.
#[derive(Default)]
pub(super) struct Contents {
    reading: JoinSet<(Draft, Fetched)>,
    /// The ids of their documents.
    ids: HashSet<String>,
}

impl Contents {
    /// Begins to read the content of a document.
    pub(super) fn start(&mut self, reader: Reader, (draft, content): (Draft, Content)) {
        self.ids.insert(draft.id.clone());
        self.reading.spawn(async move {
            let fetched = reader.fetch(&content).await;
            (draft, fetched)
        });
    }

    /// Waits for the next content; never returns while none is being read. Nothing is lost when the wait is dropped.
    pub(super) async fn next(&mut self) -> Read {
        match self.next_of_any().await {
            Some(read) => read,
            None => std::future::pending().await,
        }
    }

    /// Waits for the next content; none while none is being read.
    pub(super) async fn next_of_any(&mut self) -> Option<Read> {
        let read = self.reading.join_next().await;
        if let Some(Ok((draft, _))) = &read {
            self.ids.remove(&draft.id);
        }
        read
    }

    /// How many are being read.
    pub(super) fn len(&self) -> usize {
        self.reading.len()
    }

    /// Whether the content of a document with this id is being read.
    pub(super) fn reads(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Stops reading, after an error; the number of documents.
    pub(super) fn abandon(&mut self) -> u64 {
        self.reading.abort_all();
        self.reading.len() as u64
    }
}
