//! Rights that are taken away: what a user may no longer see is told, and never taken for gone.

use bson::{Document as Bson, doc};
use connectors_core::{Document, Error, ErrorKind, Rules};
use serde_json::{Map, Value, json};

use crate::support::{Fixture, connect, listed, unique_ids};

fn find(database: &str, collection: &str) -> Bson {
    doc! {"resource": {"db": database, "collection": collection}, "actions": ["find"]}
}

/// A user who may read these collections and list none; hands back the settings to read as that user.
async fn permit(fixture: &Fixture, privileges: Vec<Bson>) -> Map<String, Value> {
    let admin = fixture.client.database("admin");
    let _ = admin.run_command(doc! {"dropUser": "reader"}).await;
    let _ = admin.run_command(doc! {"dropRole": "reading"}).await;
    admin.run_command(doc! {"createRole": "reading", "privileges": privileges, "roles": []}).await.unwrap();
    admin.run_command(doc! {"createUser": "reader", "pwd": "pw", "roles": ["reading"]}).await.unwrap();
    let mut values = fixture.values("*");
    values.insert("user".into(), json!("reader"));
    values.insert("password".into(), json!("pw"));
    values
}

/// Documents and errors of a listing.
async fn told(values: &Map<String, Value>) -> (Vec<String>, Vec<Error>) {
    let connection = connect(values);
    connection.source().ping().await.unwrap();
    let listed = listed(&*connection, &Rules::default()).await;
    let (documents, errors): (Vec<_>, Vec<connectors_core::Result<Document>>) =
        listed.into_iter().partition(Result::is_ok);
    (unique_ids(documents), errors.into_iter().filter_map(Result::err).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_was_taken_away_is_told_and_no_shorter_listing() {
    let Some(fixture) = Fixture::new("rights_lost").await else { return };
    let beside = fixture.client.database("rights_lost_beside");
    for collection in [fixture.collection("a"), fixture.collection("b"), beside.collection("c")] {
        collection.delete_many(doc! {}).await.unwrap();
        collection.insert_one(doc! {"_id": "x"}).await.unwrap();
    }
    let all = [find("rights_lost", "a"), find("rights_lost", "b"), find("rights_lost_beside", "c")];
    for (permitted, ids) in [(3, vec!["rights_lost.a/x", "rights_lost.b/x"]), (1, vec!["rights_lost.a/x"])] {
        let values = permit(&fixture, all[..permitted].to_vec()).await;
        let (found, errors) = told(&values).await;
        assert_eq!(found, ids);
        let [error] = &errors[..] else { panic!("one error: {errors:?}") };
        assert_eq!((error.kind(), error.scope()), (ErrorKind::Denied, Some("rights_lost")));
        assert!(error.to_string().contains("give the user the role `read` there"), "{error}");
    }
    let mut values = permit(&fixture, all[..2].to_vec()).await;
    values.insert("database".into(), json!("rights_lost*"));
    let (found, errors) = told(&values).await;
    assert_eq!(found, ["rights_lost.a/x", "rights_lost.b/x"]);
    let scopes: Vec<_> = errors.iter().map(|error| (error.kind(), error.scope().unwrap())).collect();
    assert_eq!(scopes, [(ErrorKind::Denied, ""), (ErrorKind::Denied, "rights_lost")]);
    assert!(errors[0].to_string().contains("`readAnyDatabase`"), "{}", errors[0]);
    values.insert("collection".into(), json!("a"));
    values.insert("database".into(), json!("rights_lost"));
    assert_eq!(told(&values).await.0, ["x"], "who names one collection needs no list");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_role_that_is_asked_for_is_told_of_no_gap() {
    let Some(fixture) = Fixture::new("rights_whole").await else { return };
    for name in ["a", "b"] {
        fixture.collection(name).insert_one(doc! {"_id": "x"}).await.unwrap();
    }
    let admin = fixture.client.database("admin");
    let _ = admin.run_command(doc! {"dropUser": "whole"}).await;
    let role = doc! {"role": "read", "db": "rights_whole"};
    admin.run_command(doc! {"createUser": "whole", "pwd": "pw", "roles": [role]}).await.unwrap();
    let mut values = fixture.values("*");
    values.insert("user".into(), json!("whole"));
    values.insert("password".into(), json!("pw"));
    let (found, errors) = told(&values).await;
    assert_eq!((found.len(), errors.len()), (2, 0), "{errors:?}");
    values.insert("collection".into(), json!("a"));
    let admin = admin.run_command(doc! {"updateUser": "whole", "roles": []}).await;
    admin.unwrap();
    let error = connect(&values).source().ping().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Missing | ErrorKind::Denied), "{error}");
}
