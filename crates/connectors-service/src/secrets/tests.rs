//! What references promise.

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn variable(name: &str) -> Option<String> {
    (name == "CONNECTORS_SECRET_TOKEN").then(|| "t0ken-of-tests ${secret:db}".into())
}

/// A folder with a secret beside it and secrets in it.
fn folder() -> TempDir {
    let outer = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(outer.path().join(name), bytes).unwrap();
    write("outside", b"not to be read");
    std::fs::create_dir_all(outer.path().join("in/deep")).unwrap();
    write("in/db", b"s3cr3t-of-tests\n");
    write("in/crlf.pem", b"line one\r\nline two\r\n");
    write("in/empty", b"\n");
    write("in/binary", b"\xff\xfe");
    write("in/large", &[b'x'; (64 << 10) + 1]);
    write("in/deep/inner", b"reached by a link");
    write("in/.hidden", b"no");
    for (link, target) in [("out", "../outside"), ("mounted", "deep/inner"), ("loop", "loop"), ("up", "..")] {
        std::os::unix::fs::symlink(target, outer.path().join("in").join(link)).unwrap();
    }
    outer
}

fn secrets(outer: &TempDir) -> Secrets {
    Secrets { folder: Some(outer.path().join("in")), variable, allowed: None }
}

fn resolve(secrets: &Secrets, value: Value) -> Result<Value> {
    let values = json!({ "field": value });
    let resolved = secrets.resolve(values.as_object().unwrap())?;
    Ok(resolved["field"].clone())
}

#[test]
fn references_are_resolved_wherever_they_stand() {
    let outer = folder();
    let cases = [
        (json!("${secret:db}"), json!("s3cr3t-of-tests")),
        (
            json!("mongodb://u:${secret:db}@h/${secret:db}"),
            json!("mongodb://u:s3cr3t-of-tests@h/s3cr3t-of-tests"),
        ),
        (json!("${CONNECTORS_SECRET_TOKEN}"), json!("t0ken-of-tests ${secret:db}")),
        (json!(["a", "${secret:db}", 5]), json!(["a", "s3cr3t-of-tests", 5])),
        (
            json!({"value": "${secret:db}", "label": "${secret:x}"}),
            json!({"value": "s3cr3t-of-tests", "label": "${secret:x}"}),
        ),
        (json!("${secret:crlf.pem}"), json!("line one\r\nline two")),
        (json!("${secret:mounted}"), json!("reached by a link")),
        (json!("a ${ b } $x ${} ${a b} ${^.*$} ${"), json!("a ${ b } $x ${} ${a b} ${^.*$} ${")),
        (json!(7), json!(7)),
        (json!(null), json!(null)),
        (json!({"label": "no value"}), json!({"label": "no value"})),
    ];
    for (given, expected) in cases {
        assert_eq!(resolve(&secrets(&outer), given.clone()).unwrap(), expected, "{given}");
    }
}

#[test]
fn nothing_else_can_be_reached() {
    let outer = folder();
    let cases = [
        ("${HOME}", "only `${CONNECTORS_SECRET_NAME}` and `${secret:NAME}` can be used"),
        ("${PATH:-x}", "only `${CONNECTORS_SECRET_NAME}`"),
        ("${file:/etc/passwd}", "only `${CONNECTORS_SECRET_NAME}`"),
        ("${CONNECTORS_SECRET_NONE}", "has no such variable; set it (variable: CONNECTORS_SECRET_NONE)"),
        ("${secret:}", "the name of a secret has letters"),
        ("${secret:..}", "the name of a secret has letters"),
        ("${secret:../outside}", "the name of a secret has letters"),
        ("${secret:deep/inner}", "the name of a secret has letters"),
        ("${secret:/etc/passwd}", "the name of a secret has letters"),
        ("${secret:..\\outside}", "the name of a secret has letters"),
        ("${secret:.hidden}", "the name of a secret has letters"),
        ("${secret:a\0b}", "the name of a secret has letters"),
        ("${secret:out}", "a link that leads out of the folder"),
        ("${secret:up}", "a link that leads out of the folder"),
        ("${secret:loop}", "the secret can't be read"),
        ("${secret:deep}", "the secret is not a file"),
        ("${secret:none}", "there is no such secret; put a file of this name there (secret: none"),
        ("${secret:empty}", "the secret is empty"),
        ("${secret:binary}", "not text in UTF-8"),
        ("${secret:large}", "larger than 65536 bytes"),
    ];
    for (given, expected) in cases {
        let error = resolve(&secrets(&outer), json!(given)).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("\n  field: "), "{given}: {error}");
    }
}

#[test]
fn without_a_folder_no_file_is_read() {
    let none = Secrets { folder: None, variable, allowed: None };
    let error = resolve(&none, json!("${secret:db}")).unwrap_err().to_string();
    assert!(error.contains("name one in `service.secrets`"), "{error}");
    let gone = Secrets { folder: Some("/no/such/folder".into()), variable, allowed: None };
    let error = resolve(&gone, json!("${secret:db}")).unwrap_err().to_string();
    assert!(error.contains("the folder of secrets can't be read"), "{error}");
}

#[test]
fn all_that_fails_is_reported_at_once_and_no_secret_with_it() {
    let outer = folder();
    let values = json!({"a": "${secret:none}", "b": "${secret:db} ${HOME}", "c": "${secret:db}"});
    let error = secrets(&outer).resolve(values.as_object().unwrap()).unwrap_err().to_string();
    assert!(error.contains("\n  a: ") && error.contains("\n  b: ") && !error.contains("\n  c: "), "{error}");
    assert!(!error.contains("s3cr3t-of-tests"), "{error}");
}

#[test]
fn what_was_resolved_is_masked_from_then_on() {
    let outer = folder();
    std::fs::write(outer.path().join("in/masked"), "v3ry-unique-0ne").unwrap();
    assert_eq!(mask("v3ry-unique-0ne"), "v3ry-unique-0ne");
    resolve(&secrets(&outer), json!("${secret:masked}")).unwrap();
    assert_eq!(mask("ping v3ry-unique-0ne@host"), "ping ***@host");
}
