use super::*;
use crate::protocol::strict;
use connectors_testkit::memory::SOURCE;

const AFTER: &str = include_str!("../../../tests/fixtures/connector-after-first-sync.json");
const CREATED: &str = include_str!("../../../tests/fixtures/connector-created.json");

fn read(text: &str) -> Connector {
    let mut hit: Value = serde_json::from_str(text).unwrap();
    hit["_seq_no"] = 1.into();
    hit["_primary_term"] = 1.into();
    Connector(Record::from_hit(&hit).unwrap())
}

#[test]
fn a_connector_of_another_service_is_read() {
    let connector = read(AFTER);
    assert_eq!(connector.id(), "WKF_DaIBoFQ5ivwbC02j");
    assert_eq!((connector.service_type(), connector.name()), (Some("mongodb"), "mongo1"));
    assert_eq!(connector.index_name(), Some("search-mongo1"));
    assert_eq!(connector.status(), Some(ConnectorStatus::Connected));
    assert_eq!(connector.configuration()["collection"]["value"], "d100k");
    let full = connector.schedule(JobType::Full).unwrap();
    assert_eq!((full.enabled, full.interval.as_str()), (false, MIDNIGHT));
    assert_eq!(connector.last_scheduled(JobType::Full), None);
    assert_eq!(connector.filtering()["domain"], "DEFAULT");
    assert!(connector.0.date("last_seen").is_some() && read(CREATED).0.date("last_seen").is_none());
}

#[test]
fn a_new_connector_has_every_field_that_others_write() {
    let asked = NewConnector {
        name: "notes".into(),
        index_name: "search-notes".into(),
        schedules: vec![(JobType::Full, Schedule { enabled: true, interval: "0 0 * * * ?".into() })],
        ..NewConnector::default()
    };
    let document = asked.document(&SOURCE, DateTime::UNIX_EPOCH);
    for name in read(CREATED).0.fields.keys() {
        assert!(document.contains_key(name), "{name}");
    }
    for (name, value) in [
        ("name", json!("notes")),
        ("service_type", json!(SOURCE.name())),
        ("created_at", json!("1970-01-01T00:00:00.000000+00:00")),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    assert_eq!(strict::connector(&document), Ok(()));
    let made = Connector(Record { id: "x".into(), version: (0, 1), fields: document });
    assert!(made.schedule(JobType::Full).unwrap().enabled);
    assert!(!made.schedule(JobType::Incremental).unwrap().enabled);
    assert_eq!(made.0.value("features.incremental_sync.enabled"), &json!(true));
    assert_eq!(made.filtering()["active"]["rules"][0]["id"], "DEFAULT");
}

#[test]
fn given_values_stand_in_the_form() {
    let field = SOURCE.fields()[0].name.clone();
    let values = Map::from_iter([(field.clone(), json!("given")), ("foreign".into(), json!(1))]);
    let asked = NewConnector { values, ..NewConnector::default() };
    let document = asked.document(&SOURCE, DateTime::UNIX_EPOCH);
    assert_eq!(document["configuration"][&field]["value"], "given");
    assert_eq!(document["configuration"].get("foreign"), None);
}
