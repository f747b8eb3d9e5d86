use connectors_core::Context;
use connectors_core::config::Config;
use serde_json::{Value, json};

use super::*;
use crate::config::__Name__Config;

fn client() -> Arc<Client> {
    let values = json!({"host": "http://127.0.0.1:9", "client_id": "me", "client_secret": "s3cret"});
    let config = __Name__Config::parse(values.as_object().unwrap()).unwrap();
    Client::new(&config, &Context::default()).unwrap().into()
}

#[test]
fn items_become_documents() {
    let base = json!({
        "id": "7", "title": "Plan", "tags": ["a", "b"], "revision": 3, "updated_at": "2024-05-01T12:00:00.5+02:00",
        "file": {"name": "plan.txt", "size": 5},
    });
    let body = json!({"title": "Plan", "tags": ["a", "b"], "folder": "drafts"});
    let plain = json!({"title": "", "tags": [], "file": null});
    for (changes, expected, has_content) in [
        (json!({}), body, true),
        (plain, json!({"title": "", "tags": [], "folder": "drafts"}), false),
    ] {
        let mut item = base.clone();
        item.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let parts = document(serde_json::from_value(item).unwrap(), "drafts", &client()).into_parts();
        assert_eq!((parts.id.as_str(), parts.version, parts.scope.as_deref()), ("7", Some(3.into()), Some("drafts")));
        assert_eq!(parts.timestamp.unwrap().to_rfc3339(), "2024-05-01T10:00:00.500+00:00");
        assert_eq!(serde_json::from_slice::<Value>(&parts.body.into_bytes().unwrap()).unwrap(), expected);
        assert_eq!(parts.content.is_some(), has_content);
    }
}
