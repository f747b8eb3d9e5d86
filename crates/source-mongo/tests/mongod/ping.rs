use bson::doc;
use connectors_core::{Context, ErrorKind, Registered as _};
use serde_json::json;

use crate::mongod::PASSWORD;
use crate::support::{Fixture, connect};

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_read_is_reached() {
    let Some(fixture) = Fixture::new("reached").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    for collection in ["people", "*"] {
        let connection = fixture.source(collection);
        connection.source().ping().await.unwrap();
        connection.source().close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cause_is_told_with_its_fix() {
    let Some(fixture) = Fixture::new("causes").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    for (setting, value, kind, text) in [
        (
            "database",
            json!("cuses"),
            ErrorKind::Missing,
            "there is no database `cuses`; did you mean `causes`?",
        ),
        (
            "collection",
            json!("peopel"),
            ErrorKind::Missing,
            "there is no collection `peopel` in `causes`; did you mean `people`?",
        ),
        (
            "collection",
            json!("zzz*"),
            ErrorKind::Missing,
            "there is no collection `zzz*` in `causes` (there are: people)",
        ),
        ("database", json!("zzzzzzzzzz*"), ErrorKind::Missing, "no database matches `zzzzzzzzzz*`"),
        ("password", json!("wrong"), ErrorKind::Denied, "wrong credentials"),
        ("user", json!("nobody"), ErrorKind::Denied, "wrong credentials"),
        ("host", json!("no-such-host.invalid"), ErrorKind::Config, "host not found: no-such-host.invalid"),
        (
            "host",
            json!("127.0.0.1:9"),
            ErrorKind::Transient,
            "connection refused: nothing listens on 127.0.0.1:9",
        ),
    ] {
        let mut values = fixture.values("people");
        values.insert(setting.into(), value);
        let error = connect(&values).source().ping().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_to_a_server_without_it_is_told() {
    let Some(fixture) = Fixture::new("plain").await else { return };
    let mut values = fixture.values("people");
    values.insert("ssl_enabled".into(), json!(true));
    values.insert(
        "host".into(),
        json!(format!("mongodb://{}/?serverSelectionTimeoutMS=1000", fixture.access.host)),
    );
    let error = connect(&values).source().ping().await.unwrap_err();
    assert!(error.to_string().contains("TLS failed"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_the_right_to_read_is_told() {
    let Some(fixture) = Fixture::new("rights").await else { return };
    for name in ["open", "closed"] {
        fixture.collection(name).insert_one(doc! {}).await.unwrap();
    }
    let admin = fixture.client.database("admin");
    let _ = admin.run_command(doc! {"dropUser": "lister"}).await;
    let _ = admin.run_command(doc! {"dropRole": "listing"}).await;
    let list = doc! {"resource": {"db": "rights", "collection": ""}, "actions": ["listCollections"]};
    let find = doc! {"resource": {"db": "rights", "collection": "open"}, "actions": ["find"]};
    admin.run_command(doc! {"createRole": "listing", "privileges": [list, find], "roles": []}).await.unwrap();
    admin.run_command(doc! {"createUser": "lister", "pwd": "pw", "roles": ["listing"]}).await.unwrap();
    let mut values = fixture.values("open");
    values.insert("user".into(), json!("lister"));
    values.insert("password".into(), json!("pw"));
    connect(&values).source().ping().await.unwrap();
    let listed = crate::support::ids(&*connect(&values)).await;
    assert_eq!(
        listed.len(),
        1,
        "neither its size nor the changes may be seen, and it is listed all the same"
    );
    values.insert("collection".into(), json!("closed"));
    let error = connect(&values).source().ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("no right to read rights.closed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_can_not_work_are_refused_at_once() {
    let refused = |values: serde_json::Value| {
        let connected = source_mongo::SOURCE.connect(values.as_object().unwrap(), &Context::default());
        connected.err().unwrap()
    };
    let error = refused(json!({"host": "localhost", "database": "d", "collection": "system.users"}));
    assert!(error.to_string().contains("system collections are not synced"), "{error}");
    let error = refused(json!({"host": "mongodb://h:x/", "database": "d", "collection": "c"}));
    assert_eq!(error.kind(), ErrorKind::Config);
    let error = refused(json!({"hst": "h"}));
    assert!(error.to_string().contains("did you mean `host`?"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_of_a_user_of_the_settings_is_that_of_the_connection_string() {
    let Some(fixture) = Fixture::new("logins").await else { return };
    fixture.collection("people").insert_one(doc! {}).await.unwrap();
    let _ = fixture.database.run_command(doc! {"dropUser": "local/user"}).await;
    let create = doc! {"createUser": "local/user", "pwd": "p@ss/w:rd%", "roles": ["read"]};
    fixture.database.run_command(create).await.unwrap();
    for (options, fits) in [
        ("?authSource=logins", true),
        ("logins?authSource=logins&authMechanism=SCRAM-SHA-256", true),
        ("?authSource=elsewhere", false),
        ("", false),
    ] {
        let mut values = fixture.values("people");
        for (name, value) in [
            ("host", format!("mongodb://{}/{options}", fixture.access.host)),
            ("user", "local/user".into()),
            ("password", "p@ss/w:rd%".into()),
        ] {
            values.insert(name.into(), json!(value));
        }
        let pinged = connect(&values).source().ping().await;
        match pinged {
            Ok(()) => assert!(fits, "{options}"),
            Err(error) => assert!(!fits && error.to_string().contains("`authSource`"), "{options}: {error}"),
        }
    }
}
