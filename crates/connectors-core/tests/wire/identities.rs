//! Who may search, as the index of identities holds it.

use std::sync::Mutex;

use async_trait::async_trait;
use connectors_core::sync::{Status, access_control};
use connectors_core::{AccessControl, Document, Error, Identity, Result, Rules, Source};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use crate::support::{World, accounts};

const INDEX: &str = ".search-acl-filter-docs";

/// People by name, each with a group; an error where there is no name.
pub(crate) struct People(Mutex<Vec<&'static str>>);

impl People {
    pub(crate) fn of(names: &[&'static str]) -> Self {
        Self(Mutex::new(names.to_vec()))
    }
}

#[async_trait]
impl Source for People {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        stream::empty().boxed()
    }
}

impl AccessControl for People {
    fn identities(&self) -> BoxStream<'_, Result<Identity>> {
        let people = self.0.lock().unwrap().clone();
        let identity = |name: &str| {
            let access = vec![format!("user:{name}"), "group:staff".into(), "_nobody".into(), String::new()];
            Identity { id: name.into(), fields: json!({"name": name}), access }
        };
        let one = move |name: &str| {
            if name.is_empty() { Err(Error::transient("lost")) } else { Ok(identity(name)) }
        };
        stream::iter(people.into_iter().map(one).collect::<Vec<_>>()).boxed()
    }
}

#[tokio::test]
async fn a_removed_identity_is_deleted_after_a_whole_listing() {
    let world = World::new().await;
    let people = People(Mutex::new(vec!["ada", "bob"]));
    let sync = async || access_control(&world.job(&people, INDEX), &people).await;
    assert_eq!(accounts(&sync().await), [2, 0, 0, 0, 0]);
    assert_eq!(world.fake.kept().indices[INDEX].settings["index.hidden"], json!(true));
    let ada = world.fake.documents(INDEX)["ada"].clone();
    assert_eq!(ada["identity"], json!({"name": "ada"}));
    let terms = &ada["query"]["template"]["params"]["access_control"];
    assert_eq!(*terms, json!(["group:staff", "user:ada"]), "terms that stand for nobody are left out");
    assert_eq!(accounts(&sync().await), [0, 0, 2, 0, 0]);
    *people.0.lock().unwrap() = vec!["ada", ""];
    let report = sync().await;
    assert_eq!((report.status, accounts(&report)), (Status::Partial, [0, 0, 1, 0, 0]));
    *people.0.lock().unwrap() = vec!["ada"];
    let report = sync().await;
    assert_eq!((report.status, accounts(&report)), (Status::Completed, [0, 0, 1, 0, 1]));
    assert_eq!(world.fake.documents(INDEX).into_keys().collect::<Vec<_>>(), ["ada"]);
}
