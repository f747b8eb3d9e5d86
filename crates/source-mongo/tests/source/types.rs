//! Documents of every type through the whole sync: from a real MongoDB, by core, into a server.

#[path = "../../src/bson/tests/arbitrary.rs"]
mod arbitrary;

use std::collections::HashMap;

use bson::{Bson, Document, RawDocumentBuf, doc};
use connectors_core::elastic::{Client as Elastic, Request, Settings, index};
use connectors_core::sync::{Counters, Job, Options, Report, Status, failures, full, verify};
use connectors_core::{Connection, Context, Registered as _, Rules};
use connectors_testkit::Result;
use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use mongodb::{Client, Database};
use proptest::prelude::*;
use proptest::strategy::{Union, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::fixture::mongod;

const COLLECTION: &str = "everything";

/// Documents of each test.
const DOCUMENTS: usize = 300;

/// What stands behind the name of a kind in the name of a field.
const ENDS: [&str; 5] = ["", " x", "é", ".x", "_x"];

/// Names inside of an object.
const INNER: [&str; 4] = ["", "_id", "a.b", "é"];

/// What the server says of an `_id` that it has.
const DUPLICATE: i32 = 11_000;

/// Random documents in which a field's name tells its type: none fails, every field stays, and of a second sync
/// nothing is sent.
///
/// # Errors
/// The first thing that is not so.
pub(crate) async fn every_type_is_taken(es: String) -> Result<String> {
    let way = Way::open(&es, "typed").await?;
    let held = way.take_every_type().await;
    way.close().await?;
    held
}

/// Random documents in which one name stands for many types: those that the server refuses are in the accounts and
/// kept as failures, and the others are there.
///
/// # Errors
/// The first thing that is not so.
pub(crate) async fn conflicts_are_accounted_for(es: String) -> Result<String> {
    let way = Way::open(&es, "mixed").await?;
    let held = way.account_for_conflicts().await;
    way.close().await?;
    held
}

/// A database of its own and an index of its own.
struct Way {
    settings: Map<String, Value>,
    database: Database,
    client: Elastic,
    index: String,
}

impl Way {
    async fn open(es: &str, kind: &str) -> Result<Self> {
        let (access, index) = (mongod::access().await?, format!("{kind}_{}", std::process::id()));
        let database = Client::with_uri_str(&access.uri).await?.database(&index);
        let settings = json!({
            "host": access.host, "user": access.user, "password": access.password, "direct_connection": true,
            "database": index, "collection": COLLECTION,
        });
        let settings = settings.as_object().cloned().unwrap_or_default();
        Ok(Self { settings, database, client: Elastic::connect(Settings::new(es.parse()?)).await?, index })
    }

    async fn close(self) -> Result<()> {
        self.client.call(&Request::delete(format!("/{}", self.index))).await?;
        self.database.drop().await?;
        Ok(())
    }

    fn connect(&self) -> Result<Box<dyn Connection>> {
        Ok(source_mongo::SOURCE.connect(&self.settings, &Context::default())?)
    }

    async fn sync(&self) -> Result<Report> {
        let connection = self.connect()?;
        let report = full(&self.job((&*connection, &Rules::default()), &Keeps::default())).await;
        connection.source().close().await?;
        Ok(report)
    }

    async fn is_equal(&self) -> Result<bool> {
        let connection = self.connect()?;
        let verified = verify(&self.job((&*connection, &Rules::default()), &Keeps::default())).await?;
        connection.source().close().await?;
        Ok(verified.is_equal())
    }

    fn job<'a>(&'a self, (connection, rules): (&'a dyn Connection, &'a Rules), keeps: &'a Keeps) -> Job<'a> {
        Job {
            source: connection.source(),
            rules,
            client: &self.client,
            index: &self.index,
            owner: None,
            context: &keeps.context,
            marks: None,
            pipeline: None,
            options: Options::default(),
            counters: &keeps.counters,
            fence: None,
            cancel: &keeps.cancel,
        }
    }

    /// The documents in the index.
    async fn indexed(&self) -> Result<Vec<Map<String, Value>>> {
        index::refresh(&self.client, &self.index).await?;
        let all = json!({"size": 10_000, "query": {"match_all": {}}});
        let mut answer: Value =
            self.client.json(&Request::post(format!("/{}/_search", self.index)).body(&all)).await?;
        let Value::Array(hits) = answer["hits"]["hits"].take() else { return Err("no hits".into()) };
        Ok(hits.into_iter().filter_map(|hit| hit["_source"].as_object().cloned()).collect())
    }

    async fn take_every_type(&self) -> Result<String> {
        let mut stored = HashMap::new();
        for (number, mut document) in (0_i64..).zip(sample(&typed())?) {
            document.insert("number", number);
            match self.database.collection::<Document>(COLLECTION).insert_one(&document).await {
                Ok(_) => drop(stored.insert(number, document)),
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(format!("{error}: {document}").into()),
            }
        }
        let first = self.sync().await?;
        if first.status != Status::Completed || first.created != stored.len() as u64 {
            let failed = failures::list(&self.client, Some(&self.index)).await?;
            return Err(format!("{first:?} of {} documents: {failed:?}", stored.len()).into());
        }
        for indexed in self.indexed().await? {
            let number = indexed["number"].as_i64().ok_or("a document without its number")?;
            keeps_its_fields(&stored[&number], &indexed)?;
        }
        let second = self.sync().await?;
        let is_quiet = second.status == Status::Completed && second.unchanged == first.created;
        if !is_quiet || second.sent() + second.deleted > 0 || !self.is_equal().await? {
            return Err(format!("nothing changed, and yet: {second:?}").into());
        }
        Ok(format!("{} documents, 0 failed, 0 sent again", stored.len()))
    }

    async fn account_for_conflicts(&self) -> Result<String> {
        let collection = self.database.collection::<RawDocumentBuf>(COLLECTION);
        let certain = [doc! {"_id": 0, "x": "text"}, doc! {"_id": 1, "x": {"y": 1}}];
        for document in certain {
            collection.insert_one(RawDocumentBuf::try_from(&document)?).await?;
        }
        for (number, document) in (2..).zip(sample(&arbitrary::document())?) {
            // The server refuses some names, which then are in no collection.
            let _ = collection.insert_one(numbered(number, &document)?).await;
        }
        let stored = collection.count_documents(doc! {}).await?;
        let first = self.sync().await?;
        let adds_up = first.listed == stored && first.created + first.failed == stored;
        if !adds_up || !first.complete || first.status != Status::Partial {
            return Err(format!("{first:?} of {stored} documents").into());
        }
        let failed = failures::list(&self.client, Some(&self.index)).await?;
        let is_told = failed.iter().any(|failure| failure.id == "1" && !failure.reason.is_empty());
        let indexed = self.indexed().await?.len() as u64;
        if !is_told || failed.len() as u64 != first.failed || indexed != first.created {
            return Err(format!("{indexed} documents are indexed, these failed: {failed:?}").into());
        }
        let second = self.sync().await?;
        // An index that is full of fields ignores those for which a document failed before, and takes it now.
        let again = (second.unchanged, second.created + second.failed, second.updated + second.deleted);
        if again != (first.created, first.failed, 0) {
            return Err(format!("nothing changed, and yet: {second:?}").into());
        }
        Ok(format!("{stored} documents, {} failed and told", first.failed))
    }
}

/// What a job borrows besides.
#[derive(Default)]
struct Keeps {
    context: Context,
    counters: Counters,
    cancel: CancellationToken,
}

fn sample<S: Strategy>(documents: &S) -> Result<Vec<S::Value>> {
    let mut runner = TestRunner::default();
    let one = |_| Ok(documents.new_tree(&mut runner).map_err(|reason| reason.to_string())?.current());
    (0..DOCUMENTS).map(one).collect()
}

/// Documents with an `_id` of any type, and fields whose names begin with what they hold.
fn typed() -> impl Strategy<Value = Document> {
    // The server takes no `_id` of these.
    let ids = arbitrary::kinds().into_iter().filter(|(kind, _)| !["regex", "nothing"].contains(kind));
    let fields = Union::new(arbitrary::kinds().into_iter().map(field));
    let fields = prop::collection::vec(fields, 1..16);
    (Union::new(ids.map(|(_, values)| values)), fields).prop_map(|(id, fields)| {
        let mut document = doc! {"_id": id};
        document.extend(fields);
        document
    })
}

/// A value, some in an array, or some in an object.
fn field((kind, values): (&'static str, BoxedStrategy<Bson>)) -> BoxedStrategy<(String, Bson)> {
    let many = prop::collection::vec(values.clone(), 0..4).prop_map(Bson::Array);
    let inner = (prop::sample::select(&INNER[..]), values.clone());
    let inner = inner.prop_map(|(name, value)| (name.to_owned(), value));
    let object =
        prop::collection::vec(inner, 0..4).prop_map(|fields| Bson::Document(fields.into_iter().collect()));
    prop_oneof![
        (prop::sample::select(&ENDS[..]), prop_oneof![values, many])
            .prop_map(move |(end, value)| (format!("{kind}{end}"), value)),
        object.prop_map(move |object| (format!("{kind} inside"), object)),
    ]
    .boxed()
}

/// Fails unless there is a field for each of the document's, under its name where that may stay.
fn keeps_its_fields(document: &Document, indexed: &Map<String, Value>) -> Result<()> {
    let names = || document.keys().filter(|name| *name != "_id");
    let lost = names().find(|name| !name.contains('.') && !indexed.contains_key(*name));
    let kept = indexed.keys().filter(|name| !name.starts_with('_') && *name != "id").count();
    if lost.is_some() || kept != names().count() {
        return Err(format!("of {document} there are the fields {:?}", indexed.keys()).into());
    }
    Ok(())
}

/// The document with a number for its `_id`.
fn numbered(number: i32, document: &RawDocumentBuf) -> Result<RawDocumentBuf> {
    let mut numbered = RawDocumentBuf::try_from(&doc! {"_id": number})?;
    for field in document {
        let (name, value) = field?;
        if name.as_str() != "_id" {
            numbered.append(name, value);
        }
    }
    Ok(numbered)
}

fn is_duplicate(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE)
}
