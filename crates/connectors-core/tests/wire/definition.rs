//! A connector as a constant, and what the program sees of it.

use async_trait::async_trait;
use connectors_core::config::Secret;
use connectors_core::{
    AccessControl, AdvancedRules, Change, Connector, Context, Cursor, Definition, Document, Error, Identity,
    Incremental, Registered, Result, RuleProblem, Rules, Source,
};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};

connectors_core::config! {
    /// Settings of a sample.
    struct SampleConfig {
        /// Needs to read.
        #[label = "Token"]
        token: Secret,
        /// How many.
        #[label = "Count", between(1, 10)]
        count: u32 = 3,
    }
}

struct Sample(SampleConfig);

#[async_trait]
impl Source for Sample {
    async fn ping(&self) -> Result<()> {
        if self.0.token.is_empty() { Err(Error::denied("no token")) } else { Ok(()) }
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        stream::iter((0..self.0.count).map(|number| Ok(Document::new(format!("s{number}"))))).boxed()
    }
}

#[async_trait]
impl Incremental for Sample {
    async fn cursor(&self) -> Result<Cursor> {
        Ok(Cursor(json!(7)))
    }

    fn changes<'a>(&'a self, from: Cursor, _: &'a Rules) -> BoxStream<'a, Result<Change>> {
        stream::iter([Ok(Change::Checkpoint(from))]).boxed()
    }
}

impl AccessControl for Sample {
    fn identities(&self) -> BoxStream<'_, Result<Identity>> {
        let ada = Identity { id: "ada".into(), fields: json!({}), access: vec!["user:ada".into()] };
        stream::iter([Ok(ada)]).boxed()
    }
}

#[async_trait]
impl AdvancedRules for Sample {
    async fn validate(&self, _: &Rules) -> Result<Vec<RuleProblem>> {
        Ok(vec![RuleProblem { place: "find".into(), message: "is empty".into() }])
    }
}

impl Connector for Sample {
    const NAME: &'static str = "sample";
    type Config = SampleConfig;

    fn connect(config: SampleConfig, context: &Context) -> Result<Self> {
        if context.document_level_security && config.count == 8 {
            return Err(Error::config("eight can't tell who may read"));
        }
        if config.count == 9 { Err(Error::config("nine is not allowed")) } else { Ok(Self(config)) }
    }
}

static PLAIN: Definition<Sample> = Definition::new();
static ABLE: Definition<Sample> = Definition::new().incremental().access_control().advanced_rules();

fn connect(definition: &dyn Registered, values: Value) -> Result<Box<dyn connectors_core::Connection>> {
    definition.connect(values.as_object().unwrap(), &Context::default())
}

#[tokio::test]
async fn a_connector_can_do_what_its_definition_names() {
    let values = || json!({"token": "t", "count": 2});
    let able = connect(&ABLE, values()).unwrap();
    able.source().ping().await.unwrap();
    assert!(able.source().changed().await.unwrap());
    able.source().close().await.unwrap();
    let rules = Rules::default();
    assert_eq!(able.source().documents(&rules).count().await, 2);
    let incremental = able.incremental().unwrap();
    assert_eq!(incremental.cursor().await.unwrap(), Cursor(json!(7)));
    assert_eq!(incremental.changes(Cursor(json!(1)), &rules).count().await, 1);
    assert_eq!(able.access_control().unwrap().identities().count().await, 1);
    assert_eq!(able.advanced_rules().unwrap().validate(&rules).await.unwrap()[0].place, "find");
    let plain = connect(&PLAIN, values()).unwrap();
    assert!(
        plain.incremental().is_none() && plain.access_control().is_none() && plain.advanced_rules().is_none()
    );
}

#[test]
fn capabilities_and_fields_are_told() {
    let told = |definition: &dyn Registered| serde_json::to_value(definition.capabilities()).unwrap();
    assert_eq!(told(&PLAIN), json!({"incremental": false, "access_control": false, "advanced_rules": false}));
    let default = Definition::<Sample>::default();
    assert_eq!(told(&default), told(&PLAIN));
    assert_eq!(told(&ABLE), json!({"incremental": true, "access_control": true, "advanced_rules": true}));
    assert_eq!(ABLE.name(), "sample");
    let names: Vec<String> = ABLE.fields().into_iter().map(|field| field.name).collect();
    assert_eq!(names, ["token", "count", "use_document_level_security"]);
    let security = ABLE.fields().pop().unwrap().to_json();
    assert_eq!(
        (&security["display"], &security["value"], &security["order"]),
        (&json!("toggle"), &json!(false), &json!(3))
    );
    assert_eq!(PLAIN.fields().len(), 2, "only where it counts");
}

#[test]
fn document_level_security_is_told_to_the_source_and_to_the_sync() {
    let guarded = |definition: &dyn Registered, values: Value| connect(definition, values).unwrap();
    assert!(guarded(&ABLE, json!({"token": "t", "use_document_level_security": true})).guarded().is_ok());
    for off in [json!({"token": "t"}), json!({"token": "t", "use_document_level_security": {"value": "no"}})]
    {
        let connection = guarded(&ABLE, off);
        assert!(!connection.document_level_security() && connection.access_control().is_some());
        let error = connection.guarded().err().unwrap().to_string();
        assert!(error.contains("set `use_document_level_security` to true"), "{error}");
    }
    let error = guarded(&PLAIN, json!({"token": "t"})).guarded().err().unwrap().to_string();
    assert!(error.contains("can't tell who may read what"), "{error}");
    let error =
        connect(&ABLE, json!({"token": "t", "count": 8, "use_document_level_security": true})).err().unwrap();
    assert_eq!(error.to_string(), "eight can't tell who may read");
    let error = connect(&PLAIN, json!({"token": "t", "use_document_level_security": true})).err().unwrap();
    assert!(error.to_string().contains("no such setting"), "{error}");
}

#[test]
fn all_problems_of_the_settings_are_told_at_once() {
    let error = connect(&ABLE, json!({"count": 99, "tokn": "t", "use_document_level_security": "perhaps"}))
        .err()
        .unwrap()
        .to_string();
    for expected in [
        "the settings of sample can't be used",
        "token",
        "count",
        "99",
        "tokn",
        "use_document_level_security: \"perhaps\"",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let error = connect(&ABLE, json!({"token": "t", "count": 9})).err().unwrap();
    assert_eq!(error.to_string(), "nine is not allowed");
}
