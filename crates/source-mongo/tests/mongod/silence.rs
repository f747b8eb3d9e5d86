//! Connections that go silent without closing, while the monitor's are answered: every wait ends.

use std::time::Duration;

use bson::doc;
use connectors_core::{Connection, Error, ErrorKind, Rules};
use connectors_testkit::proxy::{Plan, Proxy};
use futures::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use crate::changes::{cursor, run};
use crate::support::{Fixture, connect, ids, listed};

/// Far more than all tries together may take: two waits of 1.2 s for each request.
const HANGS: Duration = Duration::from_secs(60);

/// A source behind a proxy, with a time limit of 1.2 s.
struct Silent {
    fixture: Fixture,
    proxy: Proxy,
    connection: Box<dyn Connection>,
}

impl Silent {
    async fn new(name: &str) -> Option<Self> {
        let fixture = Fixture::new(name).await?;
        fixture.load("numbers", 5000).await;
        let proxy = Proxy::tcp(fixture.access.host.parse().unwrap(), Plan::calm()).await.unwrap();
        let options = "serverSelectionTimeoutMS=1000&socketTimeoutMS=200";
        let mut values = fixture.values("numbers");
        values.insert("host".into(), json!(format!("mongodb://{}/?{options}", proxy.address())));
        Some(Self { fixture, proxy, connection: connect(&values) })
    }

    /// The error names what was waited for, the peer and the limit.
    fn judge(&self, error: &Error, doing: &str, word: &str) {
        assert_eq!(error.kind(), ErrorKind::Transient, "{word}: {error}");
        let peer = format!("no answer from {} within 1.2s", self.proxy.address());
        let text = error.to_string();
        assert!(text.contains(doing) && text.contains(&peer), "{word}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_a_silent_server_ends() {
    let Some(silent) = Silent::new("silent_check").await else { return };
    for (word, doing) in
        [("listCollections", "list the collections"), ("\u{2}find\0", "read silent_check.numbers")]
    {
        silent.proxy.swallow(&[word]);
        let checked = timeout(HANGS, silent.connection.source().ping()).await.expect("it hangs");
        silent.judge(&checked.unwrap_err(), doing, word);
        silent.proxy.swallow(&[]);
        silent.connection.source().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_from_a_silent_server_ends_and_deletes_nothing() {
    let Some(silent) = Silent::new("silent_list").await else { return };
    for (word, doing) in [
        ("ping\0", "ask for the time"),
        ("listCollections", "list the collections"),
        ("aggregate", "read the size of silent_list.numbers"),
        ("\u{2}find\0", "read silent_list.numbers"),
    ] {
        silent.proxy.swallow(&[word]);
        let listed = timeout(HANGS, listed(&*silent.connection, &Rules::default())).await.expect("it hangs");
        let errors: Vec<_> = listed.into_iter().filter_map(Result::err).collect();
        let [error] = &errors[..] else { panic!("{word}: {errors:?}") };
        silent.judge(error, doing, word);
        silent.proxy.swallow(&[]);
        assert_eq!(ids(&*silent.connection).await.len(), 5000, "{word}: new connections are made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_in_the_middle_of_a_listing_is_an_error_of_its_collection() {
    let Some(silent) = Silent::new("silent_middle").await else { return };
    silent.fixture.load("numbers", 20_000).await;
    let rules = Rules::default();
    let mut documents = silent.connection.source().documents(&rules);
    documents.next().await.unwrap().unwrap();
    silent.proxy.swallow(&["find\0", "getMore"]);
    let rest = timeout(HANGS, documents.collect::<Vec<_>>()).await.expect("it hangs");
    let errors: Vec<_> = rest.into_iter().filter_map(Result::err).collect();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    silent.judge(error, "read silent_middle.numbers", "find");
    assert_eq!(error.scope(), Some("silent_middle/numbers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn following_the_changes_of_a_silent_server_ends() {
    let Some(silent) = Silent::new("silent_changes").await else { return };
    let before = cursor(&*silent.connection).await;
    silent.fixture.collection("numbers").delete_one(doc! {"_id": 0}).await.unwrap();
    silent.fixture.collection("numbers").insert_one(doc! {"_id": -1}).await.unwrap();
    for (word, doing) in [
        ("ping\0", "ask for the time"),
        ("aggregate", "follow the changes of silent_changes.numbers"),
        ("getMore", "follow the changes of silent_changes.numbers"),
        ("\u{2}find\0", "read silent_changes.numbers"),
    ] {
        silent.proxy.swallow(&[word]);
        let run = timeout(HANGS, run(&*silent.connection, before.clone())).await.expect("it hangs");
        silent.judge(&run.error.unwrap(), doing, word);
        silent.proxy.swallow(&[]);
    }
    let run = run(&*silent.connection, before).await;
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!((run.upserts.len(), run.deletes), (1, vec!["0".to_owned()]));
    silent.proxy.swallow(&["aggregate"]);
    let asked = timeout(HANGS, silent.connection.incremental().unwrap().cursor()).await.expect("it hangs");
    silent.judge(&asked.unwrap_err(), "follow the changes", "aggregate");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_a_silent_server_what_changed_ends_and_so_does_leaving_it() {
    let Some(silent) = Silent::new("silent_watch").await else { return };
    let source = silent.connection.source();
    ids(&*silent.connection).await;
    assert!(!source.changed().await.unwrap());
    silent.proxy.swallow(&["getMore", "aggregate"]);
    silent.proxy.held().await;
    silent.fixture.collection("other").insert_one(doc! {}).await.unwrap();
    let asked = timeout(HANGS, source.changed()).await.expect("it hangs");
    silent.judge(&asked.unwrap_err(), "follow the changes", "aggregate");
    silent.proxy.swallow(&[]);
    let rules = Rules::default();
    let mut documents = source.documents(&rules);
    documents.next().await.unwrap().unwrap();
    silent.proxy.swallow(&["\0"]);
    timeout(HANGS, source.close()).await.expect("it hangs").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_stream_whose_every_reply_is_lost_comes_to_an_end() {
    let Some(fixture) = Fixture::of_its_own(crate::mongod::replica_set(64), "cut_stream").await else {
        return;
    };
    let numbers = fixture.collection("numbers");
    numbers.insert_one(doc! {"_id": -1}).await.unwrap();
    let connection = fixture.source("numbers");
    let before = cursor(&*connection).await;
    numbers.insert_many((0..1500).map(|n| doc! {"_id": n})).await.unwrap();
    let watching = fixture.source("numbers");
    ids(&*watching).await;
    assert!(!watching.source().changed().await.unwrap());
    let data =
        json!({"failCommands": ["getMore"], "closeConnection": true, "namespace": "cut_stream.numbers"});
    fixture.fail(json!("alwaysOn"), data).await;
    let run = timeout(HANGS, run(&*connection, before)).await.expect("it goes round and round");
    let error = run.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Transient, "{error}");
    let given_up = async {
        while !watching.source().changed().await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    timeout(HANGS, given_up).await.expect("it goes round and round");
    fixture.fail(json!("off"), json!({})).await;
}
