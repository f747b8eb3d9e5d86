use axum::http::HeaderMap;

use super::{check, check_type};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn only_this_server_is_named_and_only_its_own_pages_write() {
    for (host, origin, allowed) in [
        (Some("127.0.0.1:9"), None, true),
        (Some("LOCALHOST:9"), None, true),
        (Some("[::1]:9"), None, true),
        (Some("localhost:9"), Some("http://127.0.0.1:9"), true),
        (None, None, false),
        (Some("127.0.0.1:8"), None, false),
        (Some("evil.example:9"), None, false),
        (Some("localhost:9"), Some("http://evil.example"), false),
        (Some("localhost:9"), Some("null"), false),
        (Some("localhost:9"), Some("https://localhost:9"), false),
    ] {
        let pairs: Vec<_> = [("host", host), ("origin", origin)]
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)))
            .collect();
        assert_eq!(check(&headers(&pairs), 9).is_ok(), allowed, "{host:?} {origin:?}");
    }
}

#[test]
fn a_form_of_a_page_is_no_json() {
    assert!(check_type(&headers(&[("content-type", "application/json; charset=utf-8")])).is_ok());
    assert!(check_type(&headers(&[("content-type", "application/x-ndjson")])).is_ok());
    for other in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(check_type(&headers(&[("content-type", other)])).unwrap_err().status(), 406);
    }
    assert_eq!(check_type(&HeaderMap::new()).unwrap_err().status(), 406);
}
