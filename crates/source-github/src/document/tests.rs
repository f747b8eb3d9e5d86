use connectors_core::Context;
use connectors_core::config::Config;
use serde_json::{Value, json};

use super::*;
use crate::config::GithubConfig;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn scopes_are_read_as_they_are_written() {
    for part in Part::ALL {
        assert_eq!(Part::read(&part.of("Acme/Issues")), ("acme/issues", Some(part)));
    }
    assert_eq!(Part::read("acme/files"), ("acme/files", None), "a repository may have such a name");
    assert_eq!(Part::read("acme/x"), ("acme/x", None));
}

#[test]
fn what_was_changed_just_now_is_sent_once_more_later() {
    let at = time("2026-01-01T12:00:00Z");
    let after = |seconds| version(at, at + TimeDelta::seconds(seconds));
    assert_eq!(after(60), after(86_400));
    assert_ne!(after(59), after(60));
    assert_eq!(after(-5), after(59), "the clock of GitHub may be ahead");
}

#[test]
fn files_become_documents() {
    let config = GithubConfig::parse(json!({"token": "t"}).as_object().unwrap()).unwrap();
    let client = Arc::new(Client::new(&config, &Context::default()).unwrap());
    for (path, name, extension) in [
        ("README.md", "README.md", ".md"),
        ("a b/x.tar.gz", "x.tar.gz", ".gz"),
        ("a.b/LICENSE", "LICENSE", ""),
    ] {
        let entry = json!({"path": path, "mode": "100644", "type": "blob", "sha": "abc", "size": 7});
        let parts = file(serde_json::from_value(entry).unwrap(), "Acme/X", &client).into_parts();
        assert_eq!(parts.id.as_str(), format!("Acme/X/{path}"));
        assert_eq!(parts.version, Some("abc:100644".into()));
        assert_eq!(parts.scope.as_deref(), Some("acme/x/files"));
        let body: Value = serde_json::from_slice(&parts.body.into_bytes().unwrap()).unwrap();
        let expected = json!({"name": name, "size": 7, "type": "blob", "path": path, "mode": "100644", "extension": extension});
        assert_eq!(body, expected);
    }
}
