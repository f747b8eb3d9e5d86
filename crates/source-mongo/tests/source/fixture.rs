//! A collection with numbered documents, as the behaviour suite and the end-to-end test fill and change it.

#[path = "mongod.rs"]
pub(crate) mod mongod;
#[path = "numbered.rs"]
pub(crate) mod numbered;

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use connectors_testkit::backend::Backend;
use connectors_testkit::{Expected, Fixture, Population, Result, RuleCase, Verdict, WrongSettings};
use mongodb::{Client, Collection, Database};
use serde_json::{Map, Value, json};

use mongod::{Access, ENCODED_PASSWORD};
use numbered::{Documents, Order};

const COLLECTION: &str = "orders";

/// No collection declares what its fields are.
const DECLARES_NOTHING: &str = "values_are_of_the_kind_that_is_declared";

/// Documents of one write.
const BATCH: usize = 5_000;

/// Where nothing listens: a port that is kept for another service, which nobody runs.
const NOBODY: &str = "127.0.0.1:9";

/// A database of its own with one collection, and what must be in it.
pub(crate) struct Orders<D = Order> {
    access: Access,
    database: Database,
    population: Population,
    named: Vec<String>,
    documents: PhantomData<D>,
}

impl<D: Documents> Orders<D> {
    fn collection(&self) -> Collection<Document> {
        self.database.collection(COLLECTION)
    }

    async fn insert(&self, numbers: impl Iterator<Item = usize>) -> Result<()> {
        let mut numbers = numbers.peekable();
        while numbers.peek().is_some() {
            let batch = numbers.by_ref().take(BATCH).map(|number| D::document(number, 0));
            self.collection().insert_many(batch.collect::<Result<Vec<_>>>()?).ordered(false).await?;
        }
        Ok(())
    }

    async fn replace(&self, changed: &[(usize, u32)]) -> Result<()> {
        for batch in changed.chunks(BATCH) {
            let replaced = batch.iter().map(|(number, revision)| {
                let document = D::document(*number, *revision)?;
                Ok(doc! {"q": {"_id": D::key(*number)}, "u": document})
            });
            let updates = replaced.collect::<Result<Vec<_>>>()?;
            let reply =
                self.database.run_command(doc! {"update": COLLECTION, "updates": updates, "ordered": false});
            is_all(reply.await?.get_i32("nModified")?.try_into()?, batch.len())?;
        }
        Ok(())
    }

    async fn fail(&self, command: Document) -> Result<()> {
        let mut whole = doc! {"configureFailPoint": "failCommand"};
        whole.extend(command);
        self.database.client().database("admin").run_command(whole).await?;
        Ok(())
    }

    /// The one node is no primary for a second, and is then elected again.
    async fn step_down(&self) -> Result<()> {
        let admin = self.database.client().database("admin");
        admin.run_command(doc! {"replSetStepDown": 1, "force": true}).await?;
        Ok(())
    }

    /// Ends the time in which the node may not be elected, and waits until it takes writes.
    async fn step_up(&self) -> Result<()> {
        let admin = self.database.client().database("admin");
        while !admin.run_command(doc! {"hello": 1}).await?.get_bool("isWritablePrimary")? {
            // An error means that it has just been elected.
            let _ = admin.run_command(doc! {"replSetFreeze": 0}).await;
        }
        Ok(())
    }

    fn settings_with(&self, changes: &[(&str, &str)]) -> Map<String, Value> {
        let mut settings = self.settings();
        settings.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        settings
    }
}

/// Name, mode and data of the fail points.
fn troubles() -> Vec<(&'static str, Bson, Document)> {
    let times = |times: i32| Bson::from(doc! {"times": times});
    let error = |commands: &[&str], code: i32| doc! {"failCommands": commands, "errorCode": code};
    vec![
        ("cursor_lost", times(2), error(&["getMore"], 43)),
        ("cursor_killed", times(2), error(&["getMore"], 237)),
        ("not_primary", times(3), error(&["find", "getMore", "aggregate"], 10107)),
        ("interrupted", times(2), error(&["find", "getMore"], 11602)),
        ("no_privilege", "alwaysOn".into(), error(&["find"], 13)),
        ("privilege_lost", "alwaysOn".into(), error(&["getMore"], 13)),
        ("no_listing", "alwaysOn".into(), error(&["find", "aggregate", "getMore"], 91)),
        ("history_lost", "alwaysOn".into(), error(&["aggregate", "getMore"], 286)),
        (
            "connection_closed",
            times(3),
            doc! {"failCommands": ["find", "getMore", "aggregate"], "closeConnection": true},
        ),
    ]
}

/// The id of a document whose `_id` is this text, in a collection without numbers and the like.
fn text_id(name: &str) -> String {
    if name.starts_with('$') { format!("$string:{name}") } else { name.to_owned() }
}

/// A name that no other database of the server has.
fn unused_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("shop_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Fails unless the server did the whole of a write.
fn is_all(done: u64, asked: usize) -> Result<()> {
    if done == asked as u64 {
        Ok(())
    } else {
        Err(format!("{done} of {asked} documents were written").into())
    }
}

#[async_trait]
impl<D: Documents> Fixture for Orders<D> {
    /// A document of MongoDB has no file.
    const UNTRIED: &'static [&'static str] =
        &["contents_can_be_read_twice", "a_content_that_fails_leaves_its_document", DECLARES_NOTHING];

    /// More than one reply holds.
    const DOCUMENTS: usize = 6_000;
    /// Above 100,000 a collection is read in ranges.
    const LARGE: usize = 120_000;
    const SKIPS: bool = true;

    fn backend() -> Option<Backend> {
        Some(mongod::replica_set(64))
    }

    async fn start() -> Result<Self> {
        let access = mongod::access().await?;
        let database = Client::with_uri_str(&access.uri).await?.database(&unused_name());
        database.create_collection(COLLECTION).await?;
        let admin = database.client().database("admin");
        for command in D::tuning() {
            admin.run_command(command).await?;
        }
        let (population, named) = (Population::default(), Vec::new());
        Ok(Self { access, database, population, named, documents: PhantomData })
    }

    async fn stop(self) -> Result<()> {
        self.database.drop().await?;
        self.database.client().clone().shutdown().immediate(true).await;
        Ok(())
    }

    fn settings(&self) -> Map<String, Value> {
        let settings = json!({
            "host": self.access.host, "user": self.access.user, "password": self.access.password,
            "database": self.database.name(), "collection": COLLECTION, "direct_connection": true,
        });
        settings.as_object().cloned().unwrap_or_default()
    }

    fn address(&self) -> Option<SocketAddr> {
        self.access.host.parse().ok()
    }

    fn settings_through(&self, proxy: SocketAddr) -> Map<String, Value> {
        self.settings_with(&[("host", &proxy.to_string())])
    }

    fn impatient(&self, mut settings: Map<String, Value>, limit: Duration) -> Map<String, Value> {
        let host = settings.get("host").and_then(Value::as_str).unwrap_or_default();
        let millis = limit.as_millis();
        let host = format!("mongodb://{host}/?serverSelectionTimeoutMS={millis}&socketTimeoutMS={millis}");
        settings.insert("host".into(), host.into());
        settings
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let wrong = |name, changes: &[(&str, &str)], cause: &str, fix: &str| WrongSettings {
            name,
            settings: self.settings_with(changes),
            cause: cause.into(),
            fix: fix.into(),
        };
        let nobody = format!("mongodb://root:{ENCODED_PASSWORD}@{NOBODY}/?serverSelectionTimeoutMS=1000");
        let refused = format!("nothing listens on {NOBODY}");
        let (right, password, collection) = (self.database.name(), "wr0ng/pw", "ordres");
        let database = &right.replacen("shop", "shpo", 1);
        vec![
            wrong("wrong password", &[("password", password)], "wrong credentials", "`authSource`"),
            wrong("wrong port", &[("host", &nobody), ("user", "")], &refused, "check the port"),
            wrong(
                "a database that is not there",
                &[("database", database)],
                &format!("no database `{database}`"),
                &format!("did you mean `{right}`?"),
            ),
            wrong(
                "a collection that is not there",
                &[("collection", collection)],
                &format!("no collection `ordres` in `{right}`"),
                "did you mean `orders`?",
            ),
        ]
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.collection().drop().await?;
        self.database.create_collection(COLLECTION).await?;
        self.named.clear();
        self.population = Population::of(count);
        self.insert(0..count).await
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        self.replace(&changed).await?;
        Ok(changed.into_iter().map(|(number, _)| D::id(number)).collect())
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        let removed = self.population.remove(count);
        for batch in removed.chunks(BATCH) {
            let keys: Vec<_> = batch.iter().map(|number| D::key(*number)).collect();
            let deleted = self.collection().delete_many(doc! {"_id": {"$in": keys}}).await?;
            is_all(deleted.deleted_count, batch.len())?;
        }
        Ok(removed.into_iter().map(D::id).collect())
    }

    async fn insert_again(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        for (number, revision) in &changed {
            let deleted = self.collection().delete_one(doc! {"_id": D::key(*number)}).await?;
            is_all(deleted.deleted_count, 1)?;
            self.collection().insert_one(D::document(*number, *revision)?).await?;
        }
        Ok(changed.into_iter().map(|(number, _)| D::id(number)).collect())
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        let added = self.population.add(count);
        self.insert(added.iter().copied()).await?;
        Ok(added.into_iter().map(D::id).collect())
    }

    /// Texts as `_id`s.
    async fn add_named(&mut self, names: &[&str]) -> Result<Vec<String>> {
        let documents = names.iter().map(|name| doc! {"_id": *name, "name": *name});
        self.collection().insert_many(documents).await?;
        self.named = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(self.named.iter().map(|name| text_id(name)).collect())
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        let numbered = self.population.iter();
        let numbered =
            numbered.map(|(number, revision)| (D::id(number), Expected::new(D::indexed(number, revision))));
        let named = self.named.iter().map(|name| (text_id(name), Expected::new(json!({ "name": name }))));
        Box::new(numbered.chain(named))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.access.password.clone(), ENCODED_PASSWORD.into()]
    }

    async fn trouble(&mut self, draw: u64) -> Result<Option<&'static str>> {
        let troubles = troubles();
        let place = usize::try_from(draw % (troubles.len() as u64 + 1))?;
        let Some((name, mode, data)) = troubles.into_iter().nth(place) else {
            self.step_down().await?;
            return Ok(Some("step_down"));
        };
        let mut data = data;
        data.insert("namespace", format!("{}.{COLLECTION}", self.database.name()));
        self.fail(doc! {"mode": mode, "data": data}).await?;
        Ok(Some(name))
    }

    /// Behind the first reply every further one fails, in a way that is not tried again.
    async fn break_in_the_middle(&mut self) -> Result<bool> {
        let namespace = format!("{}.{COLLECTION}", self.database.name());
        let data = doc! {"failCommands": ["getMore"], "errorCode": 96, "namespace": namespace};
        self.fail(doc! {"mode": "alwaysOn", "data": data}).await?;
        Ok(true)
    }

    async fn mend(&mut self) -> Result<()> {
        self.fail(doc! {"mode": "off"}).await?;
        self.step_up().await
    }

    fn rules(&self) -> Vec<RuleCase> {
        let first = self.population.iter().map(|(number, _)| number).filter(|number| *number < 100);
        let ids = first.map(D::id).collect();
        let case = |rules, verdict| RuleCase { rules, verdict };
        let refused = |place: &str| Verdict::Refused(place.into());
        vec![
            case(json!({"find": {"filter": {"number": {"$lt": 100}}}}), Verdict::Lists(ids)),
            case(json!({"find": {"filtr": {}}}), refused("find.filtr")),
            case(json!({"find": {"filter": {"number": {"$ltt": 100}}}}), refused("find")),
        ]
    }
}
