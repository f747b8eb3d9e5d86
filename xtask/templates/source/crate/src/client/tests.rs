use super::*;

#[test]
fn pages_are_read_as_the_server_writes_them() {
    let page: Page = serde_json::from_str(
        r#"{
            "items": [
                {"id": "7", "title": "A", "tags": ["x"], "revision": 3, "updated_at": "2024-05-01T12:00:00+02:00",
                 "file": {"name": "a.txt", "size": 5}, "more": 1},
                {"id": "8", "title": "", "tags": [], "revision": 0, "updated_at": "2024-05-01T12:00:00Z", "file": null}
            ],
            "next": "8"
        }"#,
    )
    .unwrap();
    let [first, second] = &page.items[..] else { panic!("two items: {page:?}") };
    assert_eq!((first.id.as_str(), first.revision, first.updated_at.to_rfc3339()), ("7", 3, "2024-05-01T10:00:00+00:00".into()));
    assert_eq!(first.file.as_ref().map(|file| (file.name.as_str(), file.size)), Some(("a.txt", 5)));
    assert!(second.file.is_none());
    assert_eq!(page.next.as_deref(), Some("8"));
    let last: Page = serde_json::from_str(r#"{"items": [], "next": null}"#).unwrap();
    assert!(last.items.is_empty() && last.next.is_none());
}

#[test]
fn failures_tell_which_setting_to_look_at() {
    for (cause, setting) in [
        (Cause::Unreachable, Some("`host`")),
        (Cause::Credentials, Some("`client_secret`")),
        (Cause::Status(403), Some("`items.read`")),
        (Cause::Status(500), None),
    ] {
        let named = fix(cause).and_then(|fix| setting.filter(|setting| fix.contains(setting)));
        assert_eq!(named, setting, "{cause:?}");
    }
}
