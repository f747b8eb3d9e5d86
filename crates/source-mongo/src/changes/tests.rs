use bson::{doc, rawdoc};
use connectors_core::ErrorKind;
use serde_json::json;

use super::*;

fn token(data: &str) -> Token {
    rawdoc! {"_data": data}
}

fn followed(collection: &str) -> Followed {
    let uuids = Uuids::from([("shop.orders".to_owned(), "an id".to_owned())]);
    let plain_ids = Some([("shop.orders".to_owned(), Plain::Texts)].into());
    Followed { selection: selection(collection), uuids, plain_ids }
}

fn selection(collection: &str) -> Selection {
    Selection::new("shop", collection).unwrap()
}

#[test]
fn a_cursor_comes_back_as_it_was() {
    let bits = bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![129, 128] };
    for token in [rawdoc! {"_data": "8263"}, rawdoc! {"_data": "8263", "_typeBits": bits}] {
        let cursor = Bookmark::cursor(&token, &followed("orders")).unwrap();
        assert_eq!(cursor.0["collections"], "shop.orders");
        let (read, known) = Bookmark::read(cursor, &selection("orders")).unwrap();
        assert_eq!(read, token);
        assert_eq!((known.uuids, known.plain_ids), (followed("orders").uuids, followed("orders").plain_ids));
    }
    for damaged in ["not base64!", "AAAA"] {
        let cursor = Cursor(json!({"resume_token": damaged, "collections": "shop.orders"}));
        let error = Bookmark::read(cursor, &selection("orders")).unwrap_err();
        assert!(error.to_string().contains("run a full sync"), "{error}");
    }
}

#[test]
fn a_cursor_of_other_collections_asks_for_a_full_sync() {
    let cursor = Bookmark::cursor(&token("8263"), &followed("orders")).unwrap();
    let error = Bookmark::read(cursor, &selection("*")).unwrap_err();
    assert!(error.to_string().contains("run a full sync (before: shop.orders, now: shop.*)"), "{error}");
    let error = Bookmark::read(Cursor(json!(7)), &selection("*")).unwrap_err();
    assert!(error.to_string().contains("run a full sync"), "{error}");
}

#[test]
fn a_lost_history_asks_for_a_full_sync() {
    let command = json!({"code": 286, "codeName": "ChangeStreamHistoryLost", "errmsg": "too old"});
    let lost: DriverError =
        mongodb::error::ErrorKind::Command(serde_json::from_value(command).unwrap()).into();
    let error = failed(&lost, &selection("orders"));
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert!(error.to_string().contains("run a full sync"), "{error}");
    let broken: DriverError = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
    assert_eq!(failed(&broken, &selection("orders")).kind(), ErrorKind::Transient);
}

#[test]
fn only_rules_that_tell_for_each_document_can_be_followed() {
    let find = Find { filter: doc! {"a": 1}, ..Find::default() };
    assert!(filter_of(Query::All).unwrap().is_none());
    assert_eq!(filter_of(Query::Find(find.clone().into())).unwrap(), Some(find.clone()));
    let error = filter_of(Query::Find(Find { limit: Some(1), ..find }.into())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
