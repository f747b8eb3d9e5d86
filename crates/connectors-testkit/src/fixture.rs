//! The backend of a source under test: how to start, fill and change it, and what must then be indexed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors_core::Permissions;
use serde_json::{Map, Value};

use crate::backend::Backend;

/// Whatever a fixture fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of what a fixture does to its backend.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// A real backend, or one of a test's own that speaks the same protocol, with documents in it.
///
/// The behaviour suite, the end-to-end test and the performance run drive a backend through this, each
/// in a fresh one. Nothing here knows of a test framework. What a method promises holds when it returns:
/// whoever lists the backend then sees it.
///
/// [`Population`](crate::Population) keeps the books for fixtures whose documents are numbered.
#[async_trait]
pub trait Fixture: Sized + Send + Sync + 'static {
    /// Documents that most promises are tried on: more than a page or batch of the backend holds.
    const DOCUMENTS: usize = 1_200;

    /// Documents of a large listing: above 10,000, and enough that holding them all is told from reading
    /// ahead (see `a_large_listing_is_not_held_in_memory`).
    const LARGE: usize = 20_000;

    /// Promises that can't be tried with this backend, such as those about contents where no document has one. Any other that can't be
    /// tried fails.
    const UNTRIED: &'static [&'static str] = &[];

    /// True where a sync right after a completed one must find by `changed()` that there is nothing to list.
    const SKIPS: bool = false;

    /// What starting the backend may take at most, and what one promise may take, loading included.
    const PATIENCE: Duration = Duration::from_secs(180);

    /// The server of this fixture, which `cargo xtask backend start NAME` starts to stay; none where there is none.
    #[must_use]
    fn backend() -> Option<Backend> {
        None
    }

    /// Starts an empty backend that is apart from every other: own data, and a server of its own
    /// or a shared one.
    ///
    /// # Errors
    /// When it does not come up; whatever was started is then ended.
    async fn start() -> Result<Self>;

    /// Ends it and removes what it left.
    ///
    /// It is also called after a promise was broken. Dropping a fixture without it must end the backend too.
    ///
    /// # Errors
    /// When it did not end.
    async fn stop(self) -> Result<()>;

    /// Settings with which the connector reads exactly the documents of this fixture.
    fn settings(&self) -> Map<String, Value>;

    /// Settings of which one is wrong, with what the operator must be told; none only where nothing can be wrong.
    fn wrong_settings(&self) -> Vec<WrongSettings>;

    /// Makes the backend hold exactly `count` documents.
    ///
    /// A million must fit: documents are made one after the other and written in batches.
    ///
    /// # Errors
    /// What the backend answers.
    async fn load(&mut self, count: usize) -> Result<()>;

    /// Changes the content of `count` documents, spread over the whole, and returns their ids.
    ///
    /// # Errors
    /// What the backend answers.
    async fn change(&mut self, count: usize) -> Result<Vec<String>>;

    /// Removes `count` documents, spread over the whole, and returns their ids.
    ///
    /// # Errors
    /// What the backend answers.
    async fn remove(&mut self, count: usize) -> Result<Vec<String>>;

    /// Adds `count` documents and returns their ids.
    ///
    /// # Errors
    /// What the backend answers.
    async fn add(&mut self, count: usize) -> Result<Vec<String>>;

    /// Removes `count` documents and inserts them again at once under their ids, with other content; returns their ids, none
    /// where that can't be done.
    ///
    /// # Errors
    /// What the backend answers.
    async fn insert_again(&mut self, _count: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Adds a document under each of these names – what users name documents by in this backend: keys, paths, titles – and
    /// returns the ids of those that the backend takes; none where documents have no such names.
    /// [`expected`](Self::expected) has them afterwards.
    ///
    /// # Errors
    /// What the backend answers, other than that it takes no such name.
    async fn add_named(&mut self, _names: &[&str]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Every document that must be indexed now, in any order, each id once.
    ///
    /// Made one after the other from what the fixture wrote, and never by asking the source or the backend.
    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_>;

    /// What must never show in logs, errors or `Debug`, each in every form in which it travels (such as
    /// the base64 of user and password). Values of sensitive settings are watched for anyway.
    fn secrets(&self) -> Vec<String>;

    /// Where the backend takes connections; none where it is no server, or none that a proxy can stand before.
    fn address(&self) -> Option<SocketAddr> {
        None
    }

    /// The [`settings`](Self::settings), with this address in place of the backend's own.
    fn settings_through(&self, _proxy: SocketAddr) -> Map<String, Value> {
        self.settings()
    }

    /// Such settings with which the connector waits for an answer for no longer than this, where it has a setting for that.
    fn impatient(&self, settings: Map<String, Value>, _limit: Duration) -> Map<String, Value> {
        settings
    }

    /// Makes a trouble happen that only this backend knows – a cursor that is lost, a privilege that is gone – and
    /// returns its name; none where there is none. `draw` picks one, the same for the same number. It
    /// passes by itself, or [`mend`](Self::mend) ends it.
    ///
    /// # Errors
    /// When it could not be made.
    async fn trouble(&mut self, _draw: u64) -> Result<Option<&'static str>> {
        Ok(None)
    }

    /// Makes the next listing fail half way, and answers true; or answers false if it can't.
    ///
    /// The fault must outlast the retries of whoever reads.
    ///
    /// # Errors
    /// When the fault could not be set.
    async fn break_in_the_middle(&mut self) -> Result<bool> {
        Ok(false)
    }

    /// Makes the content of one document unreadable, while the document itself stays, and returns its id; none
    /// where that can't be done. Opening or reading it must fail for longer than anybody retries.
    ///
    /// # Errors
    /// When the fault could not be set.
    async fn break_a_content(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Makes it impossible to read who may read one document, while the document itself stays, and returns its id; none
    /// where that can't be done. For sources with access control.
    ///
    /// # Errors
    /// When the fault could not be set.
    async fn break_permissions(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Takes such faults away again.
    ///
    /// # Errors
    /// When they could not be taken away.
    async fn mend(&mut self) -> Result<()> {
        Ok(())
    }

    /// Everybody who may search, by id, with the terms that stand for them; for sources with access control.
    fn identities(&self) -> BTreeMap<String, Vec<String>> {
        BTreeMap::new()
    }

    /// Rules in the source's own language, good ones and bad ones, for sources with advanced rules.
    ///
    /// Asked for when [`DOCUMENTS`](Self::DOCUMENTS) are loaded.
    fn rules(&self) -> Vec<RuleCase> {
        Vec::new()
    }
}

/// What must be indexed of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Fields that must be there with these values; a document may have others beside them.
    pub body: Value,
    /// The bytes of its content, where it has one.
    pub content: Option<Vec<u8>>,
    /// When it was last changed, to the millisecond, where the fixture knows.
    pub timestamp: Option<DateTime<Utc>>,
    /// Who may read it, where the source tells that; for sources with access control.
    pub permissions: Option<Permissions>,
}

impl Expected {
    /// A document with these fields, without content.
    #[must_use]
    pub fn new(body: Value) -> Self {
        Self { body, content: None, timestamp: None, permissions: None }
    }
}

/// Settings that can't work, and what the error must tell.
#[derive(Debug, Clone)]
pub struct WrongSettings {
    /// What is wrong, such as `wrong password`.
    pub name: &'static str,
    /// All settings, the wrong one among them.
    pub settings: Map<String, Value>,
    /// A part of the error's text that names the cause; letter case does not count.
    pub cause: String,
    /// A part of the error's text that names what to do; letter case does not count.
    pub fix: String,
}

impl WrongSettings {
    /// Settings, one of them wrong, whose error must hold both texts.
    #[must_use]
    pub fn new(name: &'static str, settings: Map<String, Value>, cause: &str, fix: &str) -> Self {
        Self { name, settings, cause: cause.to_owned(), fix: fix.to_owned() }
    }
}

/// Rules in the source's own language.
#[derive(Debug, Clone)]
pub struct RuleCase {
    /// The rules as an operator writes them.
    pub rules: Value,
    /// What the source must make of them.
    pub verdict: Verdict,
}

/// What a source makes of rules.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// They are good, and the listing holds exactly these ids.
    Lists(Vec<String>),
    /// They are refused with a problem at this place.
    Refused(String),
}
