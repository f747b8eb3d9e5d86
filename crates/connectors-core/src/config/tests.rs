//! What a declaration of settings promises.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Config, Problems, Secret};

crate::config! {
    /// Settings with one field of each kind.
    struct Sample {
        /// Where it is.
        #[label = "Address"]
        host: Url,
        /// Who reads,
        /// and how.
        #[label = "Token"]
        token: Secret,
        /// How it logs in.
        #[label = "Login", one_of(&[("basic", "Basic"), ("none", "None")])]
        login: String = "none",
        /// The user.
        #[label = "User", depends_on("login", "basic"), matches("[a-z]+")]
        user: String,
        /// Calls per second.
        #[label = "Rate", between(1, 1000), advanced()]
        rate: u32 = 10,
        /// What to read.
        #[label = "Boards", integers()]
        boards: Vec<String>,
        /// Whether closed ones count.
        #[label = "Closed"]
        closed: bool = true,
        /// A share.
        #[label = "Share"]
        share: Option<f64>,
    }
}

fn parse(values: Value) -> Result<Sample, Problems> {
    Sample::parse(values.as_object().unwrap())
}

fn problems(values: Value) -> Vec<String> {
    let Problems(problems) = parse(values).unwrap_err();
    problems.into_iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect()
}

fn good() -> Map<String, Value> {
    json!({"host": "http://h", "token": "t", "boards": "1, 2,,"}).as_object().unwrap().clone()
}

fn good_with(name: &str, value: Value) -> Value {
    let mut values = good();
    values.insert(name.into(), value);
    Value::Object(values)
}

#[test]
fn what_is_left_out_takes_its_default() {
    let config = parse(Value::Object(good())).unwrap();
    assert_eq!((config.rate, config.closed, config.share), (10, true, None));
    assert_eq!((config.login.as_str(), config.user.as_str()), ("none", ""));
    assert_eq!(config.boards, ["1", "2"]);
    assert_eq!(config.host.as_str(), "http://h/");
}

#[test]
fn values_are_read_leniently() {
    let values = json!({
        "host": {"value": "http://h", "label": "as stored in a connector document"},
        "token": 12345, "boards": 7, "closed": "no", "share": "0.5", "rate": "20",
    });
    let config = parse(values).unwrap();
    assert_eq!((config.token.reveal(), config.rate, config.closed), ("12345", 20, false));
    assert_eq!((config.boards, config.share), (vec!["7".to_owned()], Some(0.5)));
}

#[test]
fn empty_is_the_default_where_optional_and_an_error_where_required() {
    for empty in [json!(""), json!(null), json!([]), json!([""])] {
        assert_eq!(parse(good_with("rate", empty.clone())).unwrap().rate, 10);
        assert_eq!(problems(good_with("token", empty)), ["token: a value is required"]);
    }
}

#[test]
fn all_problems_are_told_at_once_with_field_value_and_rule() {
    let values =
        json!({"host": "nowhere", "login": "magic", "boards": ["x"], "rate": 0, "colsed": 1, "zzz": 1});
    assert_eq!(
        problems(values),
        [
            "colsed: there is no such setting; did you mean `closed`?",
            "zzz: there is no such setting; there are: host, token, login, user, rate, boards, closed, share",
            "host: \"nowhere\": expected an address that begins with http:// or https://, such as http://localhost:9200",
            "token: a value is required",
            "login: \"magic\": must be one of basic, none",
            "rate: 0: must be greater than 0",
            "boards: [\"x\"]: must hold whole numbers only",
        ]
    );
}

#[test]
fn a_field_counts_only_while_what_it_depends_on_holds() {
    assert_eq!(parse(good_with("user", json!("NOT CHECKED"))).unwrap().user, "");
    let values = good_with("login", json!("basic"));
    assert_eq!(problems(values), ["user: a value is required"]);
    let mut values = good();
    values.extend([("login".into(), json!("basic")), ("user".into(), json!("a1"))]);
    assert_eq!(problems(Value::Object(values)), ["user: \"a1\": must match [a-z]+"]);
}

#[test]
fn wrong_types_are_named() {
    for (name, value, expected) in [
        ("rate", json!(1.5), "rate: 1.5: expected a whole number"),
        ("rate", json!(-1), "rate: -1: expected a whole number from 0 to 4294967295"),
        ("rate", json!(1001), "rate: 1001: must be less than 1001"),
        ("closed", json!("maybe"), "closed: \"maybe\": expected true or false"),
        ("share", json!([1]), "share: [1]: expected a number"),
        ("login", json!([1]), "login: [1]: expected a text"),
        ("token", json!([1]), "token: the given value: expected a text"),
    ] {
        assert_eq!(problems(good_with(name, value)), [expected]);
    }
}

#[test]
fn the_schema_has_the_keys_of_a_form() {
    let schema = Sample::schema();
    let expected = json!({
        "default_value": 10, "depends_on": [], "display": "numeric", "label": "Rate", "options": [], "order": 5,
        "required": false, "sensitive": false, "tooltip": "Calls per second.", "type": "int",
        "ui_restrictions": ["advanced"], "value": 10,
        "validations": [{"type": "greater_than", "constraint": 0.0}, {"type": "less_than", "constraint": 1001.0}],
    });
    assert_eq!(schema["rate"], expected);
    assert_eq!(schema["token"]["sensitive"], true);
    assert_eq!(schema["token"]["tooltip"], "Who reads, and how.");
    assert_eq!(schema["login"]["display"], "dropdown");
    assert_eq!(schema["login"]["options"][0], json!({"label": "Basic", "value": "basic"}));
    assert_eq!(schema["user"]["depends_on"], json!([{"field": "login", "value": "basic"}]));
    assert_eq!(schema["boards"]["validations"], json!([{"type": "list_type", "constraint": "int"}]));
    assert_eq!(schema["user"]["validations"][0]["constraint"], "[a-z]+");
}

#[test]
fn secrets_are_not_shown() {
    let config = parse(good_with("token", json!("hush"))).unwrap();
    assert!(!format!("{config:?}").contains("hush"));
    assert!(!config.token.is_empty());
}

#[test]
fn an_address_that_is_wrong_is_told_without_its_password() {
    for (given, expected) in [
        (json!("http://ada:pa55@h:port"), "host: \"http://***@h:port\": expected an address"),
        (json!(["http://ada:pa5@5@h"]), "host: [\"http://***@h\"]: expected a text"),
        (json!("ada@h"), "host: \"ada@h\": expected an address"),
    ] {
        let [problem] = &problems(good_with("host", given))[..] else { panic!("one problem") };
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn an_address_without_its_scheme_is_told_what_is_missing() {
    for (given, expected) in [
        ("localhost:9200", "begins with http:// or https://, such as http://localhost:9200"),
        ("127.0.0.1:9200", "begins with http:// or https://"),
        ("es.example.com", "begins with http:// or https://"),
        ("http://", "such as https://host:port (empty host)"),
        ("file:///etc/passwd", "such as https://host:port (it names no host)"),
    ] {
        let [problem] = &problems(good_with("host", json!(given)))[..] else { panic!("one problem") };
        assert!(problem.contains(expected), "{problem}");
    }
}
