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
fn the_longest_text_is_given_in_mebibytes() {
    assert_eq!(settings(json!({})).unwrap().limits().max_text, None);
    let read = settings(json!({"elasticsearch.bulk.max_text_document_size": 5})).unwrap();
    assert_eq!(read.limits().max_text, Some(5 << 20));
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

#[test]
fn each_key_of_the_other_tool_is_taken_and_what_has_no_effect_is_told_with_its_reason() {
    for (key, effect) in foreign::KEYS {
        let key = key.replace(".*", ".host");
        let value =
            if key.ends_with("_interval") || key.ends_with("max_retries") { json!(7) } else { json!([]) };
        let value = match key.as_str() {
            "elasticsearch.ssl" | "service.fips_mode" | "elasticsearch.bulk.error_monitor.enabled" => {
                json!(false)
            }
            "connector_id" | "service_type" => json!("dir"),
            _ => value,
        };
        let read = settings(json!({ key.as_str(): value })).unwrap();
        if let foreign::Effect::Ignored(why) = effect {
            assert_eq!(read.notes, [format!("`{key}` has no effect here because {why}")]);
        }
        assert!(settings(json!({ key.as_str(): null })).unwrap().notes.is_empty(), "{key}");
    }
    let error = settings(json!({"service.preflight_idel": 1})).unwrap_err().to_string();
    assert!(error.contains("service.preflight_idel: there is no such setting"), "{error}");
}

#[test]
fn a_key_of_the_other_tool_sets_ours_unless_that_is_given() {
    let bulk = json!({"max_retries": 7, "retry_interval": 3});
    let read = settings(json!({"elasticsearch": {"retry_interval": 4, "bulk": bulk}})).unwrap();
    let retry = read.tuned("http://h".parse().unwrap()).retry;
    assert_eq!((retry.max, retry.initial), (7, Duration::from_secs(4)));
    let why = "`elasticsearch.bulk.retry_interval` has no effect here because `elasticsearch.retry_interval` is set too";
    assert_eq!(read.notes, [why]);
    let read = settings(json!({"elasticsearch": {"max_retries": 2, "bulk": {"max_retries": 7}}})).unwrap();
    assert_eq!(read.tuned("http://h".parse().unwrap()).retry.max, 2);
    let error = settings(json!({"elasticsearch.bulk.max_retries": 101})).unwrap_err().to_string();
    assert!(error.contains("elasticsearch.bulk.max_retries: 101: must be less than 101"), "{error}");
    let monitor = json!({"max_total_errors": 5, "enabled": false});
    let read = settings(json!({"elasticsearch.bulk.error_monitor": monitor})).unwrap();
    assert_eq!(read.sync().tolerance, Tolerance { total: 1_000_000, in_a_row: None, of_last: None });
    let monitor = json!({"max_total_errors": 5, "max_consecutive_errors": 3, "max_error_rate": 0.15, "error_window_size": 20});
    let read = settings(json!({"elasticsearch.bulk.error_monitor": monitor})).unwrap();
    let of_last = Some(Share { most: 0.15, window: 20 });
    assert_eq!(read.sync().tolerance, Tolerance { total: 5, in_a_row: Some(3), of_last });
    assert_eq!(settings(json!({"service.log_level": "WARNING"})).unwrap().log(), "warn");
}

#[test]
fn ssl_makes_https_of_a_host_without_a_scheme_and_refuses_a_plain_one() {
    let host = |host: &str, ssl: Value| {
        settings(json!({"elasticsearch": {"host": host, "ssl": ssl}}))
            .map(|read| read.keys.elasticsearch_host)
    };
    for (given, ssl, expected) in [
        ("es.example.com:9200", json!(true), "https://es.example.com:9200/"),
        ("https://h", json!("true"), "https://h/"),
        ("http://h", json!(false), "http://h/"),
    ] {
        assert_eq!(host(given, ssl).unwrap().unwrap().as_str(), expected);
    }
    let error = host("http://h", json!(true)).unwrap_err().to_string();
    assert!(error.contains("elasticsearch.ssl: true: `elasticsearch.host` begins with http://"), "{error}");
    assert!(host("h:9200", json!(null)).is_err() && host("http://h", json!("maybe")).is_err());
    let error = settings(json!({"service.fips_mode": true})).unwrap_err().to_string();
    assert!(error.contains("service.fips_mode: true: this program uses no FIPS-validated"), "{error}");
}

#[test]
fn a_connector_at_the_top_of_the_file_is_an_entry_of_connectors() {
    let ids = |given: Value| settings(given).unwrap().served.into_keys().collect::<Vec<_>>();
    assert_eq!(ids(json!({"connector_id": "a", "service_type": "dir"})), ["a"]);
    assert_eq!(ids(json!({"connector_id": "a", "connectors": [{"connector_id": "b"}]})), ["a", "b"]);
    let both = json!({"connector_id": "a", "service_type": "x", "connectors": [{"connector_id": "a", "api_key": "k"}]});
    let read = settings(both).unwrap();
    assert!(read.served["a"].api_key.is_some() && read.notes[0].contains("`connectors` has it too"));
    let read = settings(json!({"service_type": "dir"})).unwrap();
    assert!(read.served.is_empty() && read.notes[0].contains("there is no `connector_id`"));
}

#[test]
fn sources_that_only_the_other_tool_has_are_left_out() {
    let sources = |given: Value| settings(given).unwrap().sources;
    let (dir, wiki) = ("connectors.sources.directory:DirectoryDataSource", "connectors.sources.wiki:Wiki");
    let both = json!({"sources": {"dir": dir, "wiki": wiki}});
    assert_eq!(sources(both.clone()), ["dir"]);
    assert_eq!(
        settings(both).unwrap().notes,
        ["`sources.wiki` has no effect here because this program lacks that source"]
    );
    assert!(sources(json!({"sources": {"wiki": wiki}})).is_empty());
    assert_eq!(sources(json!({"service.service_types": ["mongodb", "wiki"]})), ["mongodb"]);
    assert!(sources(json!({"service.service_types": ["mongodb"], "sources": {"dir": dir}})).is_empty());
    assert!(sources(json!({"service.service_types": []})).len() > 1);
    assert!(settings(json!({"sources": {"wiki": "source-wiki"}})).is_err());
    let error = settings(json!({"service.service_types": 7})).unwrap_err().to_string();
    assert!(error.contains("service.service_types: expected a list"), "{error}");
}
