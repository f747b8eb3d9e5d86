//! What settings promise.

use std::collections::BTreeSet;

use connectors_core::config::Config as _;
use serde_json::json;

use super::*;
use connectors_service::worker::{self, Retention};

fn global() -> Global {
    Global { config: None, es: None, json: false, utc: false, log: None }
}

fn settings(given: Value) -> Result<Settings> {
    Settings::over(&global(), &given, "my.yml")
}

#[test]
fn config_yml_and_the_program_know_the_same_keys() {
    let (listed, _) = Tree::new(flatten(&parse(DEFAULTS, "").unwrap())).split("sources");
    let listed: BTreeSet<String> =
        listed.into_keys().filter(|key| key != "connectors" && !key.starts_with("service.allow.")).collect();
    let known: BTreeSet<String> = Keys::fields().into_iter().map(|field| field.label).collect();
    assert_eq!(listed, known);
}

#[test]
fn defaults_are_those_of_the_code() {
    let reached = settings(json!({"elasticsearch.host": "http://h"})).unwrap().elastic();
    let settings = settings(Value::Null).unwrap();
    let tuned = settings.tuned("http://h".parse().unwrap());
    let core = elastic::Settings::new("http://h".parse().unwrap());
    assert_eq!(format!("{tuned:?}"), format!("{core:?}"));
    assert_eq!(settings.limits(), Limits::default());
    assert_eq!(format!("{:?}", settings.sync()), format!("{:?}", Options::default()));
    assert!(settings.elastic().unwrap().is_none());
    assert_eq!(format!("{:?}", reached.unwrap().unwrap()), format!("{core:?}"));
    let service = settings.service().unwrap();
    let (worker, marks) = (service.worker.clone(), settings.marks());
    let retention = Retention { days: Some(30), count: Some(1000) };
    let expected = worker::Options { worker, marks, retention, ..worker::Options::default() };
    assert_eq!(format!("{service:?}"), format!("{expected:?}"));
    assert!(settings.wants_connectors_api() && settings.listen().is_none() && !settings.is_embedded_open());
    assert_eq!((settings.log(), settings.log_format()), ("warn", Format::Plain));
    assert!(settings.data().unwrap().ends_with("connectors"));
    assert_eq!(settings.marks(), Some(settings.data().unwrap().join("marks")));
    assert!(settings.sources.contains(&"dir".to_owned()));
}

#[test]
fn nested_and_dotted_keys_are_the_same() {
    let nested = json!({"elasticsearch": {"host": "http://h", "bulk": {"max_concurrency": 9}}});
    let dotted = json!({"elasticsearch.host": "http://h", "elasticsearch": {"bulk.max_concurrency": "9"}});
    for given in [nested, dotted] {
        let elastic = settings(given).unwrap().elastic().unwrap().unwrap();
        assert_eq!((elastic.host.as_str(), elastic.bulk.max_concurrency), ("http://h/", 9));
    }
}

#[test]
fn all_unknown_keys_are_reported_with_the_nearest() {
    let error = settings(json!({"elasticsearch": {"hsot": 1}, "zzz": 2})).unwrap_err().to_string();
    assert!(
        error.contains("elasticsearch.hsot: there is no such setting; did you mean `elasticsearch.host`?")
    );
    assert!(error.contains("zzz: there is no such setting") && error.contains("my.yml"), "{error}");
}

#[test]
fn marks_are_kept_where_the_settings_say() {
    let settings = settings(json!({"sync.marks": "/var/lib/marks"})).unwrap();
    assert_eq!(settings.marks(), Some(PathBuf::from("/var/lib/marks")));
}

#[test]
fn the_preset_of_new_indices_is_one_that_exists() {
    assert_eq!(settings(json!({"index.mapping": "dynamic"})).unwrap().sync().mapping, Preset::Dynamic);
    let error = settings(json!({"index": {"mapping": "fast"}})).unwrap_err().to_string();
    assert!(error.contains("index.mapping: \"fast\": expected search, dynamic or reference"), "{error}");
}

#[test]
fn wrong_values_name_the_setting() {
    let error = settings(json!({"sync.delete_max_share": 7})).unwrap_err().to_string();
    assert!(error.contains("sync.delete_max_share: 7: must be from 0 to 1"), "{error}");
    let error = settings(json!({"elasticsearch.verify_certs": "maybe"})).unwrap_err().to_string();
    assert!(error.contains("elasticsearch.verify_certs: \"maybe\": expected true or false"), "{error}");
}

#[test]
fn a_number_out_of_its_range_names_the_setting_and_the_range() {
    for (key, value, range) in [
        ("elasticsearch.initial_backoff_duration", json!(-0.5), "from 0 to 3600"),
        ("elasticsearch.max_wait_duration", json!(1e12), "from 0 to 86400"),
        ("elasticsearch.backoff_multiplier", json!(0.99), "from 1 to 100"),
        ("sync.delete_max_share", json!(-0.01), "from 0 to 1"),
        ("service.max_file_download_size", json!(0), "greater than 0"),
        ("service.max_file_download_size", json!(2_147_483_648_u64), "less than 2147483648"),
        ("sync.max_retry_after", json!(0), "greater than 0"),
    ] {
        let error = settings(json!({ key: value })).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(&format!("must be {range}")), "{error}");
    }
}

#[test]
fn a_file_may_leave_sources_out() {
    assert!(settings(json!({"sources": {"dir": "source-directory"}})).unwrap().sources == ["dir"]);
    let error = settings(json!({"sources": {"dri": "source-directory"}})).unwrap_err().to_string();
    assert!(error.contains("did you mean `sources.dir`?"), "{error}");
}

#[test]
fn one_way_to_log_in_is_taken() {
    let auth = |given: Value| settings(given).unwrap().auth();
    let es = |rest: Value| json!({ "elasticsearch": rest });
    assert!(
        matches!(auth(es(json!({"username": "u", "password": "p"}))), Ok(Auth::Basic(user, _)) if user == "u")
    );
    assert!(matches!(auth(es(json!({"api_key": "k"}))), Ok(Auth::ApiKey(key)) if key.reveal() == "k"));
    assert!(matches!(auth(es(json!({"bearer_token": "t"}))), Ok(Auth::Bearer(_))));
    for unclear in [json!({"username": "u"}), json!({"username": "u", "password": "p", "api_key": "k"})] {
        assert!(auth(es(unclear)).unwrap_err().to_string().contains("one way to log in"));
    }
}

#[test]
fn the_command_line_goes_over_the_file() {
    let global = Global { es: Some("http://flag".parse().unwrap()), log: Some("debug".into()), ..global() };
    let settings = Settings::over(&global, &json!({"elasticsearch.host": "http://file"}), "f").unwrap();
    assert_eq!(settings.elastic().unwrap().unwrap().host.as_str(), "http://flag/");
    assert_eq!(settings.log(), "debug");
}

#[test]
fn secrets_are_not_shown() {
    let settings = settings(json!({"elasticsearch": {"username": "u", "password": "hush"}})).unwrap();
    assert!(!format!("{settings:?}").contains("hush"));
}

#[test]
fn ca_certificates_are_read_from_their_file() {
    let given = json!({"elasticsearch": {"host": "https://h", "ca_certs": "no/such/file.pem"}});
    let error = settings(given).unwrap().elastic().unwrap_err().to_string();
    assert!(error.contains("elasticsearch.ca_certs can't be read (file: no/such/file.pem)"), "{error}");
}

#[test]
fn a_setting_that_is_given_twice_is_named() {
    let both = json!({"elasticsearch.host": "http://a", "elasticsearch": {"host": "http://b"}});
    let error = settings(both).unwrap_err().to_string();
    assert!(error.contains("elasticsearch.host: given twice") && error.contains("my.yml"), "{error}");
    for text in ["a: 1\na: 2", "elasticsearch:\n  host: a\n  host: b"] {
        let error = parse(text, "my.yml").unwrap_err().to_string();
        assert!(error.contains("a key stands twice in the file") && error.contains("my.yml"), "{error}");
    }
    let pair = |key: &str| (key.to_owned(), "x".to_owned());
    assert!(set_once(&[pair("a"), pair("b")]).is_ok());
    let error = set_once(&[pair("a"), pair("b"), pair("a")]).unwrap_err().to_string();
    assert!(error.contains("gives a setting twice") && error.contains("setting: a"), "{error}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (given, words) in [
        (
            json!({"username": "u", "password": "p"}),
            "`elasticsearch.username` is set, and `elasticsearch.host` is not",
        ),
        (json!({"api_key": "k"}), "`elasticsearch.api_key` is set, and"),
        (json!({"ca_certs": "ca.pem"}), "`elasticsearch.ca_certs` is set, and"),
        (json!({"host": "https://h", "ca_certs": "ca.pem", "verify_certs": false}), "trusts anybody"),
    ] {
        let settings = settings(json!({ "elasticsearch": given })).unwrap();
        let error = settings.elastic().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_path_that_only_a_shell_understands_is_refused() {
    let error = settings(json!({"embedded.data": "~/indices"})).unwrap_err().to_string();
    assert!(
        error.contains("embedded.data: \"~/indices\": a `~` stands for the home folder only in a shell"),
        "{error}"
    );
    assert!(settings(json!({"embedded.data": "./~"})).is_ok());
}
