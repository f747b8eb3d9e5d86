//! Files of documents: opened only when needed, read within a budget, turned into text.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::Semaphore;

use super::text::{self, Sniff, decode, is_opaque, sniff};
use crate::panics::caught;
use crate::sync::patience::Patience;
use crate::{Content, Context, Error, ErrorKind, Result};

/// The result of reading a file.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// Its text.
    Text(Text),
    /// No text, and why: a media type, or its size.
    Skipped(String),
    /// It could not be read, even on a second try.
    Failed(Error),
}

/// The text of a file.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// Whether there is more of it than is indexed.
    pub(crate) is_cut: bool,
}

/// Reads contents, all together within a number of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    budget: Arc<Semaphore>,
    budget_bytes: u64,
    max: u64,
    max_text: Option<u64>,
    /// How long a file may yield nothing.
    patience: Patience,
}

impl Reader {
    /// A reader that opens nothing above the limit and holds at most `budget` bytes.
    pub(crate) fn new(context: &Context, budget: usize) -> Self {
        let budget_bytes = (budget as u64).min(u64::from(u32::MAX >> 1));
        let semaphore = Semaphore::new(usize::try_from(budget_bytes).unwrap_or(usize::MAX >> 4));
        Self {
            budget: Arc::new(semaphore),
            budget_bytes,
            max: context.limits.max_content,
            max_text: context.limits.max_text,
            patience: Patience::of(context),
        }
    }

    /// The text of a content, or why there is none. Reads a second time when the first broke off.
    pub(crate) async fn fetch(&self, content: &Content) -> Fetched {
        if content.size.is_some_and(|size| size > self.max) {
            return Fetched::Skipped("too large".into());
        }
        let mime = text::mime_type(content.mime_type.as_deref(), &content.name);
        if is_opaque(&mime) {
            return Fetched::Skipped(mime);
        }
        let needed = content.size.unwrap_or(self.max).min(self.budget_bytes).max(1);
        let permits = u32::try_from(needed).unwrap_or(u32::MAX >> 1);
        let Ok(_held) = self.budget.acquire_many(permits).await else {
            return Fetched::Failed(Error::unexpected("the content budget was closed"));
        };
        match caught(self.read(content, &mime)).await {
            Err(error) if !matches!(error.kind(), ErrorKind::Denied | ErrorKind::Config) => {
                tracing::debug!(name = content.name, %error, "reading a content again");
                caught(self.read(content, &mime)).await.unwrap_or_else(Fetched::Failed)
            }
            read => read.unwrap_or_else(Fetched::Failed),
        }
    }

    async fn in_time<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T> {
        let late =
            || Error::transient("the file yielded nothing for longer than it may (`sync.max_silence`)");
        tokio::select! {
            biased;
            read = read => read,
            () = self.patience.end() => Err(late()),
        }
    }

    async fn read(&self, content: &Content, mime: &str) -> Result<Fetched> {
        let mut stream = self.in_time(content.open()).await?;
        // A source may name any size: no more is reserved than may be held.
        let expected = content.size.unwrap_or(0).min(self.budget_bytes).min(self.max);
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        let mut is_judged = false;
        while let Some(piece) = self.in_time(async { stream.next().await.transpose() }).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > self.max {
                return Ok(Fetched::Skipped("too large".into()));
            }
            if !is_judged && bytes.len() >= text::SAMPLE {
                is_judged = true;
                if let Sniff::Binary(kind) = sniff(&bytes, mime) {
                    return Ok(Fetched::Skipped(kind));
                }
            }
        }
        Ok(match sniff(&bytes, mime) {
            Sniff::Binary(kind) => Fetched::Skipped(kind),
            Sniff::Text => match decode(bytes) {
                None => Fetched::Skipped(text::UNKNOWN.into()),
                Some(mut text) => {
                    let is_cut = text::cut(&mut text, self.max_text);
                    Fetched::Text(Text { text, is_cut })
                }
            },
        })
    }
}

#[cfg(test)]
mod tests;
