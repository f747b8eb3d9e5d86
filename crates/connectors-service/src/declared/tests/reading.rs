//! What is read, and what is refused.

use super::*;

#[test]
fn a_declaration_is_read_whole() {
    let [pages] = &declared(WHOLE)[..] else { panic!("one connector") };
    assert_eq!(
        (pages.id.as_str(), pages.name.as_str(), pages.index.as_str()),
        ("pages", "Pages", "search-pages")
    );
    assert_eq!((pages.language.as_deref(), pages.pipeline.as_deref()), (Some("en"), Some("mine")));
    assert_eq!(pages.settings["spaces"], json!(["a", "b"]));
    let schedule: Vec<_> = pages.schedule.iter().map(|(job, at)| (job.as_str(), at.as_str())).collect();
    assert_eq!(schedule, [("full", "0 0 2 * * ?"), ("incremental", "0 0/5 * * * ?")]);
    let rule = json!({"id": "rule-1", "order": 1, "policy": "exclude", "field": "title", "rule": "starts_with", "value": "Draft"});
    assert_eq!((&pages.rules, &pages.advanced), (&vec![rule], &json!({"space": {"not": "archive"}})));
}

#[test]
fn connectors_stand_in_lists_or_one_by_one() {
    let ids = |text: &str| declared(text).into_iter().map(|connector| connector.id).collect::<Vec<_>>();
    let other = SMALL.replace("small", "other");
    assert_eq!(ids(&format!("connectors: [{SMALL}, {other}]")), ["small", "other"]);
    assert_eq!(ids(&format!("{SMALL}\n---\n{other}\n")), ["small", "other"]);
    assert_eq!(ids(&format!("connectors: [{SMALL}]\n---\n{other}\n---\n")), ["small", "other"]);
    assert_eq!(ids(&format!("[{SMALL}, {other}]")), ["small", "other"]);
    assert_eq!(ids("connectors:\n"), Vec::<String>::new());
    assert_eq!(ids(""), Vec::<String>::new());
    assert_eq!(declared(SMALL)[0].name, "small", "without a name the id is one");
}

#[test]
fn references_to_secrets_stay_as_they_are() {
    let text = SMALL.replace("'https://wiki'", "x, token: '${secret:wiki}'");
    assert_eq!(declared(&text)[0].settings["token"], "${secret:wiki}");
}

#[test]
fn every_mistake_is_reported_with_its_place() {
    let changed = |from: &str, to: &str| SMALL.replace(from, to);
    let cases = [
        (changed("id: small, ", ""), "fleet.yml: connector 1: missing field `id`"),
        (changed("id: small", "id: ''"), "connector ``: id: a value is required"),
        (changed("type: wiki", "type: wikki"), "`small`: there is no connector of this type (type: wikki)"),
        (changed("index: search-small, ", ""), "missing field `index`"),
        (changed("settings", "setings"), "unknown field `setings`"),
        (changed("url", "ulr"), "settings.ulr: there is no such setting; did you mean `url`?"),
        (changed("url", "banana"), "settings.banana: there is no such setting; there are: url, token"),
        (changed("'https://wiki'", "''"), "settings.url: a value is required"),
        (
            changed("settings", "schedule: {full: 0 0 25 * * ?}, settings"),
            "schedule.full: the hour must be from 0 to 23",
        ),
        (
            changed("settings", "schedule: {daily: off}, settings"),
            "schedule.daily: there is no such type of job; there are: full",
        ),
        (
            changed("settings", "rules: {basic: [{policy: drop}]}, settings"),
            "rules.basic, rule-1: `policy` can't be `drop`",
        ),
        (changed("settings", "rules: {simple: []}, settings"), "unknown field `simple`"),
        ("connectors: 5".into(), "connector 1: invalid type"),
        ("{id: [".into(), "fleet.yml: "),
        (
            "[5, x]".into(),
            "connector 2: invalid type: string \"x\", expected a connector with id, type and index",
        ),
    ];
    for (text, expected) in cases {
        let error = parse(&[file(&text)], &fields).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let both = format!("{}\n---\n{}", changed("url", "ulr"), changed("type: wiki", "type: x"));
    let error = parse(&[file(&both)], &fields).unwrap_err().to_string();
    for expected in ["settings.ulr", "settings.url: a value is required", "(type: x)"] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn ids_and_indices_are_declared_once_in_all_files() {
    let same_index = SMALL.replace("id: small", "id: other");
    let error = parse(&[file(SMALL), file(&same_index), file(SMALL)], &fields).unwrap_err().to_string();
    assert!(error.contains("the id `small` is declared by more than one connector: small, small"), "{error}");
    assert!(
        error
            .contains("the index `search-small` is declared by more than one connector: small, other, small"),
        "{error}"
    );
}
