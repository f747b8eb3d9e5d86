//! What the tests share.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use bson::{Bson, DateTime, doc};
use connectors_core::{Connection, Context, Document, Registered as _, Result, Rules};
use connectors_testkit::backend::{Backend, Server};
use futures::StreamExt as _;
use mongodb::{Client, Collection, Database};
use serde_json::{Map, Value, json};

use crate::mongod::{self, Access};

/// A server of the test's own; none when the environment says to do without.
pub(crate) async fn start(backend: Backend) -> Option<Server> {
    if backend.is_left_out() {
        return None;
    }
    Some(backend.start_program().await.unwrap())
}

/// A database of the test's own.
pub(crate) struct Fixture {
    pub(crate) access: Access,
    pub(crate) client: Client,
    pub(crate) database: Database,
    _server: Option<Server>,
}

impl Fixture {
    /// An empty database of this name; none when tests do without a server.
    pub(crate) async fn new(name: &str) -> Option<Self> {
        if mongod::single("").is_left_out() {
            return None;
        }
        Some(Self::on(mongod::access().await.unwrap(), None, name).await)
    }

    /// The same on a server that no other test uses.
    pub(crate) async fn of_its_own(backend: Backend, name: &str) -> Option<Self> {
        let server = start(backend).await?;
        let access = Access::of(server.address()).await.unwrap();
        Some(Self::on(access, Some(server), name).await)
    }

    async fn on(access: Access, server: Option<Server>, name: &str) -> Self {
        let client = Client::with_uri_str(&access.uri).await.unwrap();
        let database = client.database(name);
        database.drop().await.unwrap();
        Self { access, client, database, _server: server }
    }

    pub(crate) fn collection(&self, name: &str) -> Collection<bson::Document> {
        self.database.collection(name)
    }

    /// Loads `{_id: 0…count-1, n: _id}` on the server itself.
    pub(crate) async fn load(&self, collection: &str, count: i32) {
        let seed = self.collection("seed");
        seed.insert_one(doc! {"_id": 0}).await.unwrap();
        let thousands = count / 1000;
        let pipeline = [
            doc! {"$project": {"t": {"$range": [0, thousands]}}},
            doc! {"$unwind": "$t"},
            doc! {"$project": {"t": 1, "i": {"$range": [0, 1000]}}},
            doc! {"$unwind": "$i"},
            doc! {"$project": {"_id": {"$add": [{"$multiply": ["$t", 1000]}, "$i"]}}},
            doc! {"$set": {"n": "$_id", "name": "a name of some length"}},
            doc! {"$out": collection},
        ];
        seed.aggregate(pipeline).await.unwrap();
        seed.drop().await.unwrap();
    }

    /// The same, and documents with ids of many other types, the lowest and the highest among them; how many of those.
    pub(crate) async fn load_mixed(&self, collection: &str, count: i32) -> usize {
        self.load(collection, count).await;
        let others: Vec<bson::Document> = (0..500_u32)
            .flat_map(|number| {
                let id = [&[9; 8], number.to_be_bytes().as_slice()].concat();
                let ids: [Bson; 5] = [
                    ObjectId::from_bytes(id.try_into().unwrap()).into(),
                    format!("text {number}").into(),
                    DateTime::from_millis(i64::from(number)).into(),
                    doc! {"n": number}.into(),
                    (f64::from(number) + 0.5).into(),
                ];
                ids.map(|id| doc! {"_id": id})
            })
            .chain([
                doc! {"_id": Bson::MinKey},
                doc! {"_id": Bson::MaxKey},
                doc! {"_id": Bson::Null},
                doc! {"_id": true},
                doc! {"_id": f64::NAN},
            ])
            .collect();
        self.collection(collection).insert_many(&others).await.unwrap();
        others.len()
    }

    pub(crate) fn values(&self, collection: &str) -> Map<String, Value> {
        let values = json!({
            "host": self.access.host, "user": self.access.user, "password": self.access.password,
            "database": self.database.name(), "collection": collection, "direct_connection": true,
        });
        values.as_object().unwrap().clone()
    }

    pub(crate) fn source(&self, collection: &str) -> Box<dyn Connection> {
        connect(&self.values(collection))
    }

    /// Lets commands of clients that are no test's own fail.
    pub(crate) async fn fail(&self, mode: Value, data: Value) {
        let mode: Bson = serde_json::from_value(mode).unwrap();
        let data: Bson = serde_json::from_value(data).unwrap();
        let command = doc! {"configureFailPoint": "failCommand", "mode": mode, "data": data};
        self.client.database("admin").run_command(command).await.unwrap();
    }
}

pub(crate) fn connect(values: &Map<String, Value>) -> Box<dyn Connection> {
    source_mongo::SOURCE.connect(values, &Context::default()).unwrap()
}

/// All items of a listing.
pub(crate) async fn listed(connection: &dyn Connection, rules: &Rules) -> Vec<Result<Document>> {
    connection.source().documents(rules).collect().await
}

/// The ids of a listing without errors, each once.
pub(crate) async fn ids(connection: &dyn Connection) -> Vec<String> {
    let documents = listed(connection, &Rules::default()).await;
    unique_ids(documents)
}

pub(crate) fn unique_ids(documents: Vec<Result<Document>>) -> Vec<String> {
    let mut ids: Vec<String> =
        documents.into_iter().map(|document| document.unwrap().id().to_string()).collect();
    let listed = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), listed, "an id was listed twice");
    ids
}

pub(crate) fn number_ids(count: i32) -> Vec<String> {
    let mut ids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    ids.sort();
    ids
}

/// What the documents of a listing look like in the index.
pub(crate) async fn bodies(connection: &dyn Connection, rules: &Rules) -> BTreeMap<String, Value> {
    let documents = listed(connection, rules).await;
    documents.into_iter().map(|document| body(document.unwrap())).collect()
}

/// Id and body of a document.
pub(crate) fn body(document: Document) -> (String, Value) {
    let id = document.id().to_string();
    (id, serde_json::from_slice(&document.into_parts().body.into_bytes().unwrap()).unwrap())
}

pub(crate) fn rules(advanced: Value) -> Rules {
    Rules::advanced(advanced)
}
