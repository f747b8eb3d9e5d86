//! A source without settings, secrets, contents, capabilities or `Debug`.

use async_trait::async_trait;
use connectors_core::config::{Config, Field, Problems, Reader};
use connectors_core::{Connector, Context, Definition, Document, Result, Rules, Source};
use connectors_testkit::{Expected, Fixture, Population, WrongSettings};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Map, Value, json};

pub(crate) static SOURCE: Definition<Bare<false>> = Definition::new();

/// Lists 1,200 numbers; a lenient one takes any settings.
pub(crate) struct Bare<const LENIENT: bool>;

pub(crate) struct NoConfig<const LENIENT: bool>;

impl<const LENIENT: bool> Config for NoConfig<LENIENT> {
    fn fields() -> Vec<Field> {
        Vec::new()
    }

    fn read(_: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }

    fn parse(values: &Map<String, Value>) -> std::result::Result<Self, Problems> {
        let mut reader = Reader::new(&[], values);
        let config = Self::read(&mut reader);
        match (config, reader.finish()) {
            (Some(config), None) => Ok(config),
            (Some(config), _) if LENIENT => Ok(config),
            (_, problems) => Err(problems.unwrap_or_default()),
        }
    }
}

impl<const LENIENT: bool> Connector for Bare<LENIENT> {
    const NAME: &'static str = "bare";
    type Config = NoConfig<LENIENT>;

    fn connect(_: Self::Config, _: &Context) -> Result<Self> {
        Ok(Self)
    }
}

#[async_trait]
impl<const LENIENT: bool> Source for Bare<LENIENT> {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        stream::iter(0..1200).map(|number| Ok(Document::new(number.to_string()))).boxed()
    }
}

/// The numbers, and so many more that are not there.
pub(crate) struct BareFixture<const MORE: usize>(Population);

/// The numbers of a source that is said to have a secret.
pub(crate) struct SecretFixture(BareFixture<0>);

#[async_trait]
impl<const MORE: usize> Fixture for BareFixture<MORE> {
    async fn start() -> connectors_testkit::Result<Self> {
        Ok(Self(Population::default()))
    }

    async fn stop(self) -> connectors_testkit::Result<()> {
        Ok(())
    }

    fn settings(&self) -> Map<String, Value> {
        Map::new()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        Vec::new()
    }

    async fn load(&mut self, count: usize) -> connectors_testkit::Result<()> {
        self.0 = Population::of(count + MORE);
        Ok(())
    }

    async fn change(&mut self, _: usize) -> connectors_testkit::Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn remove(&mut self, _: usize) -> connectors_testkit::Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn add(&mut self, _: usize) -> connectors_testkit::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        Box::new(self.0.iter().map(|(number, _)| (number.to_string(), Expected::new(json!({})))))
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

#[async_trait]
impl Fixture for SecretFixture {
    async fn start() -> connectors_testkit::Result<Self> {
        BareFixture::start().await.map(Self)
    }

    async fn stop(self) -> connectors_testkit::Result<()> {
        self.0.stop().await
    }

    fn settings(&self) -> Map<String, Value> {
        self.0.settings()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        Vec::new()
    }

    async fn load(&mut self, count: usize) -> connectors_testkit::Result<()> {
        self.0.load(count).await
    }

    async fn change(&mut self, count: usize) -> connectors_testkit::Result<Vec<String>> {
        self.0.change(count).await
    }

    async fn remove(&mut self, count: usize) -> connectors_testkit::Result<Vec<String>> {
        self.0.remove(count).await
    }

    async fn add(&mut self, count: usize) -> connectors_testkit::Result<Vec<String>> {
        self.0.add(count).await
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        self.0.expected()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["a secret".into()]
    }
}
