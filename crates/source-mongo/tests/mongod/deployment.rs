//! Which deployment a cursor belongs to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bson::{RawDocumentBuf, doc, rawdoc};
use connectors_core::{Cursor, ErrorKind};
use serde_json::json;

use crate::changes::{cursor, run};
use crate::mongod;
use crate::support::{Fixture, connect, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_has_a_word_of_its_own() {
    let (Some(one), Some(other)) = (
        Fixture::of_its_own(mongod::replica_set(64), "words").await,
        Fixture::of_its_own(mongod::replica_set(64), "words").await,
    ) else {
        return;
    };
    let (first, second) = (one.source("people"), one.source("*"));
    let word = first.source().backend().await.unwrap().unwrap();
    assert!(word.starts_with("replica set rs0 ") && word.len() == 40, "{word}");
    assert_eq!(second.source().backend().await.unwrap(), Some(word.clone()));
    assert_ne!(other.source("people").source().backend().await.unwrap(), Some(word));
    let admin = one.client.database("admin");
    let role = doc! {"role": "read", "db": "words"};
    admin.run_command(doc! {"createUser": "reader", "pwd": "pw", "roles": [role]}).await.unwrap();
    let mut values = one.values("people");
    values.insert("user".into(), json!("reader"));
    values.insert("password".into(), json!("pw"));
    let word = connect(&values).source().backend().await.unwrap();
    assert_eq!(word.as_deref(), Some("replica set rs0"), "who may not read the set's id knows its name");
    let Some(single) = start(mongod::single("")).await else { return };
    let values = json!({"host": single.address(), "database": "shop", "collection": "people"});
    assert_eq!(connect(values.as_object().unwrap()).source().backend().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_not_taken_to_another_deployment_with_the_same_names() {
    let other = Fixture::of_its_own(mongod::replica_set(64), "same").await;
    let (Some(other), Some(one)) = (other, Fixture::of_its_own(mongod::replica_set(64), "same").await) else {
        return;
    };
    for fixture in [&one, &other] {
        fixture.collection("people").insert_one(doc! {"_id": "a"}).await.unwrap();
    }
    for pattern in ["people", "p*"] {
        let before = cursor(&*one.source(pattern)).await;
        let same = run(&*one.source(pattern), before.clone()).await;
        assert!(same.error.is_none(), "{pattern}: {same:?}");
        let error = run(&*other.source(pattern), before).await.error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Unexpected);
        let text = error.to_string();
        assert!(
            text.contains("same.people is another collection") && text.contains("run a full sync"),
            "{text}"
        );
    }
    let before = cursor(&*one.source("p*")).await;
    one.collection("places").insert_one(doc! {"_id": "b"}).await.unwrap();
    let run = run(&*one.source("p*"), before).await;
    assert!(
        run.error.is_none() && run.upserts.len() == 1,
        "a collection that is new is none of that: {run:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_ahead_of_the_servers_time_asks_for_a_full_sync() {
    let Some(fixture) = Fixture::new("ahead").await else { return };
    fixture.collection("people").insert_one(doc! {"_id": "a"}).await.unwrap();
    let connection = fixture.source("people");
    let Cursor(mut place) = cursor(&*connection).await;
    let token = BASE64.decode(place["resume_token"].as_str().unwrap()).unwrap();
    let token = RawDocumentBuf::from_bytes(token).unwrap();
    let data = token.get_str("_data").unwrap();
    let seconds = u32::from_str_radix(&data[2..10], 16).unwrap() + 3600;
    let later = rawdoc! {"_data": format!("82{seconds:08X}{}", &data[10..])};
    place["resume_token"] = json!(BASE64.encode(later.as_bytes()));
    let error = run(&*connection, Cursor(place)).await.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    let text = error.to_string();
    assert!(text.contains("ahead of the server's time") && text.contains("run a full sync"), "{text}");
}

#[test]
fn the_container_has_the_user_of_these_tests() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/mongo/compose.yml");
    let text = std::fs::read_to_string(file).unwrap();
    let (user, password) = (mongod::USER, mongod::PASSWORD);
    for part in [
        format!("MONGO_INITDB_ROOT_USERNAME: {user}\n"),
        format!("MONGO_INITDB_ROOT_PASSWORD: {password}\n"),
        format!("- --username={user}\n"),
        format!("- --password={password}\n"),
        format!("mongodb://{user}:{}@127.0.0.1:19410/?directConnection=true\n", mongod::ENCODED_PASSWORD),
        "- 127.0.0.1:${MONGODB_PORT:-19410}:27017\n".into(),
    ] {
        assert!(text.contains(&part), "{part}");
    }
}
