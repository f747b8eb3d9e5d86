//! The memory fixture, with the flaw among the settings.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use connectors_testkit::memory::MemoryFixture;
use connectors_testkit::{Expected, Fixture, Result, RuleCase, WrongSettings};
use serde_json::{Map, Value, json};

use super::Flaw;

/// The number of the flaw that the sources of all fixtures have. Not a parameter of their type: the whole suite would be compiled for
/// each flaw.
pub(crate) static FLAW: AtomicUsize = AtomicUsize::new(Flaw::None as usize);

/// A store whose source has a flaw. It is waited for so many seconds.
pub(crate) struct FlawedFixture<const PATIENCE: u64>(MemoryFixture);

fn with_flaw(mut settings: Map<String, Value>) -> Map<String, Value> {
    settings.insert("flaw".into(), json!(FLAW.load(SeqCst)));
    settings
}

#[async_trait]
impl<const PATIENCE: u64> Fixture for FlawedFixture<PATIENCE> {
    const PATIENCE: Duration = Duration::from_secs(PATIENCE);

    async fn start() -> Result<Self> {
        MemoryFixture::start().await.map(Self)
    }

    async fn stop(self) -> Result<()> {
        self.0.stop().await
    }

    fn settings(&self) -> Map<String, Value> {
        with_flaw(self.0.settings())
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let flawed = |wrong: WrongSettings| {
            let settings = with_flaw(wrong.settings.clone());
            WrongSettings { settings, ..wrong }
        };
        self.0.wrong_settings().into_iter().map(flawed).collect()
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.0.load(count).await
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.change(count).await
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.remove(count).await
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.add(count).await
    }

    async fn add_named(&mut self, names: &[&str]) -> Result<Vec<String>> {
        self.0.add_named(names).await
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        self.0.expected()
    }

    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }

    async fn break_in_the_middle(&mut self) -> Result<bool> {
        self.0.break_in_the_middle().await
    }

    async fn break_a_content(&mut self) -> Result<Option<String>> {
        self.0.break_a_content().await
    }

    async fn break_permissions(&mut self) -> Result<Option<String>> {
        self.0.break_permissions().await
    }

    async fn mend(&mut self) -> Result<()> {
        self.0.mend().await
    }

    fn identities(&self) -> BTreeMap<String, Vec<String>> {
        self.0.identities()
    }

    fn rules(&self) -> Vec<RuleCase> {
        self.0.rules()
    }
}
