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

/// The settings of a user of this name with these privileges.
async fn with_privileges(fixture: &Fixture, name: &str, privileges: Vec<Bson>) -> Map<String, Value> {
    let admin = fixture.client.database("admin");
    for command in [doc! {"dropUser": name}, doc! {"dropRole": name}] {
        let _ = admin.run_command(command).await;
    }
    admin.run_command(doc! {"createRole": name, "privileges": privileges, "roles": []}).await.unwrap();
    admin.run_command(doc! {"createUser": name, "pwd": "pw", "roles": [name]}).await.unwrap();
    let mut values = fixture.values("a");
    values.insert("user".into(), json!(name));
    values.insert("password".into(), json!("pw"));
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn the_privilege_that_change_streams_need_is_named() {
    let Some(fixture) = Fixture::new("rights_stream").await else { return };
    fixture.collection("a").insert_one(doc! {"_id": "x"}).await.unwrap();
    let mut values = with_privileges(&fixture, "no_stream", vec![find("rights_stream", "a")]).await;
    for (database, collection, place, role) in [
        ("rights_stream", "a", "on rights_stream.a is missing", "`read`"),
        ("rights_stream", "*", "on the whole database rights_stream is missing", "`read`"),
        ("rights_str*", "a", "on all databases is missing", "`readAnyDatabase`"),
    ] {
        values.insert("database".into(), json!(database));
        values.insert("collection".into(), json!(collection));
        let connection = connect(&values);
        connection.source().ping().await.unwrap();
        let error = connection.incremental().unwrap().cursor().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let text = error.to_string();
        assert!(text.contains("`changeStream`") && text.contains(place) && text.contains(role), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_were_all_taken_away_are_not_taken_for_absence() {
    let Some(fixture) = Fixture::new("rights_all_lost").await else { return };
    fixture.collection("a").insert_one(doc! {"_id": "x"}).await.unwrap();
    let mut values = with_privileges(&fixture, "bereft", vec![]).await;
    for (database, collection) in
        [("rights_all_lost", "a"), ("rights_all_lost", "*"), ("rights_all_l*", "a"), ("rights_all_l*", "*")]
    {
        values.insert("database".into(), json!(database));
        values.insert("collection".into(), json!(collection));
        let error = connect(&values).source().ping().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{database}.{collection}: {error}");
        assert!(error.to_string().contains("no right to"), "{database}.{collection}: {error}");
    }
}
