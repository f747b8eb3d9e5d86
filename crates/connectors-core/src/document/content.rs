//! A file that belongs to a document, as a promise.

use std::fmt;
use std::future::Future;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::Result;

/// The bytes of a content, in pieces.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

type Open = Box<dyn Fn() -> BoxFuture<'static, Result<ByteStream>> + Send + Sync>;

/// A file by name and size, and how to read it.
///
/// Core alone decides whether it is opened: not for unchanged documents, and not above the size limit. It
/// may be opened twice, when the first reading fails with an error that may pass.
pub struct Content {
    pub(crate) name: String,
    pub(crate) size: Option<u64>,
    pub(crate) mime_type: Option<String>,
    open: Open,
}

impl Content {
    /// A content that `open` reads; `size` in bytes where it is known beforehand.
    pub fn new<F, R>(name: impl Into<String>, size: impl Into<Option<u64>>, open: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<ByteStream>> + Send + 'static,
    {
        let open: Open = Box::new(move || Box::pin(open()));
        Self { name: name.into(), size: size.into(), mime_type: None, open }
    }

    /// The media type, where the source knows it better than the name suggests.
    #[must_use]
    pub fn mime_type(mut self, mime: impl Into<String>) -> Self {
        self.mime_type = Some(mime.into());
        self
    }

    /// Begins to read.
    ///
    /// # Errors
    /// What the source answers.
    pub async fn open(&self) -> Result<ByteStream> {
        (self.open)().await
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}
