//! What a source does for the sync.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::elastic::FieldSpec;
use crate::{Change, Cursor, Document, DocumentId, Identity, Result, RuleProblem, Rules};

/// A third party whose documents are kept in an index.
///
/// A source classifies errors and yields documents; retries, rates, batches, comparison with the
/// index and deletes are not its business. It never blocks the runtime: async libraries, or
/// [`Context::blocking`](crate::Context::blocking).
#[async_trait]
pub trait Source: Send + Sync {
    /// Reaches the backend.
    ///
    /// # Errors
    /// An error that says what the operator has to fix.
    async fn ping(&self) -> Result<()>;

    /// False only when it is certain that nothing changed since the last completed sync.
    ///
    /// # Errors
    /// The same as for [`ping`](Self::ping); the sync then goes on as if it had answered true.
    async fn changed(&self) -> Result<bool> {
        Ok(true)
    }

    /// Every document of the backend, each id once, as a stream; dropping the stream cancels.
    ///
    /// An `Err` item is about a document or scope that could not be read, and the source goes on if
    /// it can. Any error makes the listing incomplete, and an incomplete listing deletes nothing, or
    /// only what lies outside of the scopes that the errors name.
    fn documents<'a>(&'a self, rules: &'a Rules) -> BoxStream<'a, Result<Document>>;

    /// What its fields hold, for the mapping of the index: all that the source is certain of, read from a catalogue where the
    /// backend has one. Fields that it does not name are mapped by [`Preset`](crate::elastic::Preset), never by what the first
    /// document holds. Asked once for each sync, before anything is listed.
    ///
    /// # Errors
    /// When the catalogue can't be read, as for [`ping`](Self::ping): the sync then ends with it.
    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        Ok(Vec::new())
    }

    /// What is read, without anything secret: a path, or a server and a database. An index is kept for it: a sync of the same
    /// type from elsewhere is refused there. Empty where the type says it all.
    fn origin(&self) -> String {
        String::new()
    }

    /// What identifies the backend behind the address, such as the id of a replica set: cursors are kept with it, and one
    /// of another backend is never used. `None` where the backend has no such word.
    ///
    /// # Errors
    /// The same as for [`ping`](Self::ping).
    async fn backend(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// The source as one that can look single documents up. Then nothing is deleted that it does not confirm as gone.
    fn lookup(&self) -> Option<&dyn Lookup> {
        None
    }

    /// Gives back what the source holds.
    ///
    /// # Errors
    /// When the backend could not be reached.
    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A source that can look single documents up.
///
/// A listing alone does not prove that a document is gone: one that is deleted and inserted again while a cursor passes is
/// missed. Where a source can be asked by id, each document that a listing did not name is looked up before it is deleted.
///
/// It is asked too for documents that it lists without their bodies, once they have to be sent: see
/// [`Body::looked_up`](crate::Body::looked_up).
pub trait Lookup: Send + Sync {
    /// What the backend holds under these ids now: one [`Found`] for each, in any order. A document whose lookup fails is
    /// left out, and an `Err` item says why: it then stays in the index, and is reported.
    fn look_up<'a>(&'a self, wanted: &'a [Unlisted], rules: &'a Rules) -> BoxStream<'a, Result<Found>>;
}

/// A document that a source is asked for by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// Its id.
    pub id: DocumentId,
    /// The [scope](Document::scope) that it was indexed with.
    pub scope: Option<String>,
}

/// What a lookup found.
#[derive(Debug)]
pub enum Found {
    /// The document is there, as a listing would yield it now.
    There(Document),
    /// The backend does not hold it, or the [advanced rules](AdvancedRules) leave it out.
    Gone(DocumentId),
}

/// A source that can list what changed since a cursor.
#[async_trait]
pub trait Incremental: Source {
    /// Where changes go on after a full listing that begins now.
    ///
    /// # Errors
    /// The same as for [`ping`](Source::ping), and when the backend keeps no record of changes.
    async fn cursor(&self) -> Result<Cursor>;

    /// The changes since `from`, in order, with checkpoints to go on from after a stop. The stream ends once
    /// it has caught up with where the backend stood when it was asked.
    fn changes<'a>(&'a self, from: Cursor, rules: &'a Rules) -> BoxStream<'a, Result<Change>>;
}

/// A source that knows who may read what.
///
/// Where [`Context::document_level_security`](crate::Context::document_level_security) is set, each of its documents
/// carries its [`Permissions`](crate::Permissions): `Unknown`, where they could not be read, which closes the document and
/// is counted. Where it is not, they are ignored, and need not be read.
pub trait AccessControl: Source {
    /// Everybody who may search, with the terms that documents allow.
    fn identities(&self) -> BoxStream<'_, Result<Identity>>;
}

/// A source with filter rules in its own language.
#[async_trait]
pub trait AdvancedRules: Source {
    /// The problems of these rules; none when they can be used.
    ///
    /// # Errors
    /// When the rules could not be checked at all.
    async fn validate(&self, rules: &Rules) -> Result<Vec<RuleProblem>>;
}
