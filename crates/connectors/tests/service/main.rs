//! `connectors run` and the commands around it, as their users start them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod apply;
mod mongodb;
#[path = "../program/place.rs"]
mod place;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use elastic_embedded::{Options, Server};
use serde_json::{Value, json};

use place::Place;

/// Looks at the server twice a second or more often.
const SETTINGS: &str = "service: {idling: 1, listen: '127.0.0.1:0', log_format: ecs, log_level: info}\n";

/// A service that is running.
struct Service(Child);

impl Service {
    /// Starts it, and waits until it tells its address.
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let is_up = lines.any(|line| line.unwrap().contains("/healthz"));
        assert!(is_up, "it ended early");
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(asked.unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

/// Asks until a job is over.
fn ended(place: &Place, job: &str) -> Value {
    for _ in 0..600 {
        let shown = place.json(&["job", "show", job]);
        if ["completed", "error", "canceled"].contains(&shown["status"].as_str().unwrap()) {
            return shown;
        }
    }
    panic!("{}", place.json(&["job", "show", job]))
}

fn id(shown: &Value) -> String {
    shown["id"].as_str().unwrap().to_owned()
}

fn with_documents() -> Place {
    let place = Place::new();
    place.write("config.yml", SETTINGS.as_bytes());
    for number in 0..12 {
        place.write(&format!("docs/{number}.txt"), format!("note {number}").as_bytes());
    }
    place
}

fn connector(place: &Place) -> String {
    let folder = format!("directory={}", place.docs().display());
    let words = ["connector", "create", "dir", "--index", "notes", "--name", "my notes", "--set", &folder];
    let made = place.json(&words);
    assert_eq!(made["status"], "configured", "{made}");
    id(&made)
}

#[test]
fn a_connector_is_made_synced_and_looked_at() {
    let place = with_documents();
    let service = Service::start(place.command(&["run"]));
    let connector = connector(&place);
    let started = place.json(&["job", "start", &connector]);
    assert_eq!(started["connector"]["id"], connector.as_str());
    let again = place.run(&["job", "start", &connector]);
    let is_over = place.json(&["job", "show", &id(&started)])["status"] == "completed";
    assert!(again.code == 2 && again.err.contains("already") || is_over, "{}", again.err);
    let job = ended(&place, &id(&started));
    assert_eq!((&job["status"], &job["indexed_document_count"]), (&json!("completed"), &json!(12)), "{job}");
    let late = place.run(&["job", "cancel", &id(&started)]);
    assert!(late.code == 2 && late.err.contains("it is completed"), "{}", late.err);

    let indices = place.json(&["index", "list"]);
    let owner = json!({"connector": connector});
    assert_eq!(
        indices,
        json!([{"index": "notes", "connectors": [connector], "owner": owner, "documents": 12}])
    );
    let shown = place.json(&["connector", "show", &connector]);
    assert_eq!((&shown["status"], &shown["last_sync_status"]), (&json!("connected"), &json!("completed")));
    assert_eq!(place.json(&["connector", "list"]).as_array().unwrap().len(), 1);
    assert!(place.run(&["connector", "list"]).out.contains("my notes"));
    assert!(place.run(&["job", "list"]).out.contains("completed"));
    assert_eq!(place.json(&["job", "list", "--status", "error"]), json!([]));
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn an_index_that_another_connector_keeps_is_refused_unless_it_is_taken_over() {
    let place = with_documents();
    let first = connector(&place);
    let folder = format!("directory={}", place.docs().display());
    let words = ["connector", "create", "dir", "--index", "notes", "--set", &folder];
    let refused = place.run(&words);
    assert_eq!(refused.code, 2, "{}{}", refused.out, refused.err);
    for part in [first.as_str(), "my notes", "--take-over"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    place.write(
        "fleet.yml",
        b"connectors: [{id: other, type: dir, index: notes, settings: {directory: /tmp}}]",
    );
    let refused = place.run(&["apply", "fleet.yml", "--yes"]);
    assert!(refused.code == 2 && refused.err.contains("my notes"), "{}{}", refused.out, refused.err);
    assert_eq!(place.json(&["connector", "list"]).as_array().unwrap().len(), 1, "nothing was made");

    assert_eq!(place.run(&["apply", "fleet.yml", "--yes", "--take-over"]).code, 0);
    let third = place.json(&[&words[..], &["--take-over"]].concat());
    assert_eq!(third["index_name"], "notes");
    assert_eq!(place.json(&["connector", "list"]).as_array().unwrap().len(), 3);
    for id in [first.as_str(), "other", &id(&third)] {
        assert_eq!(place.run(&["connector", "delete", id, "--yes"]).code, 0);
    }
    assert_eq!(place.run(&words).code, 0, "nobody keeps it any more");
}

#[test]
fn an_index_that_a_command_keeps_is_refused_unless_it_is_taken_over() {
    let place = with_documents();
    let folder = format!("directory={}", place.docs().display());
    let sync = ["sync", "dir", "--set", &folder, "--index", "mine"];
    assert_eq!(place.run(&sync).code, 0);
    let create = ["connector", "create", "dir", "--index", "mine", "--set", &folder];
    let refused = place.run(&create);
    assert_eq!(refused.code, 2, "{}{}", refused.out, refused.err);
    for part in ["belongs to `dir` of", &*place.docs().display().to_string(), "--take-over"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    let made = place.json(&[&create[..], &["--take-over"]].concat());
    let refused = place.run(&sync);
    assert_eq!(refused.code, 4, "{}{}", refused.out, refused.err);
    assert!((refused.out + &refused.err).contains(&format!("belongs to the connector `{}`", id(&made))));
    assert_eq!(place.run(&["connector", "delete", &id(&made), "--yes"]).code, 0);
    assert_eq!(place.run(&create).code, 0, "its connector is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_marked_as_deleted_is_listed_only_with_all() {
    let place = with_documents();
    let server = Server::start(Options::new(place.root().join("server"))).await.unwrap();
    let url = server.url();
    let es = ["--es", url.trim_end_matches('/')];
    let folder = format!("directory={}", place.docs().display());
    let create = ["connector", "create", "dir", "--index", "notes", "--id", "c", "--set", &folder];
    let with = |words: &[&str]| place.run(&[&es[..], words].concat());
    let made = with(&create);
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    let update = format!("{}/.elastic-connectors/_update/c?refresh=true", es[1]);
    let mark = json!({"doc": {"deleted": true}});
    let answer = reqwest::Client::new().post(update).json(&mark).send().await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(with(&["connector", "list", "--json"]).out.trim(), "[]");
    let all: Value = serde_json::from_str(&with(&["connector", "list", "--all", "--json"]).out).unwrap();
    assert_eq!((all.as_array().unwrap().len(), &all[0]["deleted"]), (1, &json!(true)));
    let table = with(&["connector", "list", "--all"]).out;
    assert!(table.lines().last().unwrap().contains("deleted"), "{table}");
    server.stop().await.unwrap();
}

#[test]
fn a_schedule_is_written_in_many_ways_and_shown_in_words() {
    let place = with_documents();
    let connector = connector(&place);
    for (written, kept, words) in [
        ("30 6 * * 1-5", "0 30 6 ? * 2-6", "full sync: on Monday to Friday at 06:30 (0 30 6 ? * 2-6)"),
        ("@daily", "0 0 0 * * ?", "full sync: every day at 00:00 (0 0 0 * * ?)"),
        ("every 15m", "0 0/15 * * * ?", "full sync: every 15 minutes (0 0/15 * * * ?)"),
    ] {
        let shown = place.run(&["connector", "schedule", &connector, "--at", written]);
        assert!(shown.out.contains(words), "{written}: {}{}", shown.out, shown.err);
        let stored = place.json(&["connector", "show", &connector]);
        assert_eq!(stored["scheduling"]["full"]["interval"], kept);
    }
    assert_eq!(place.run(&["connector", "schedule", &connector, "--at", "0 0 2 * * ?"]).code, 0);
    assert_eq!(place.run(&["connector", "schedule", &connector, "--off"]).code, 0);
}

#[test]
fn a_mistyped_setting_is_named_with_the_nearest_and_a_relative_path_made_whole() {
    let place = with_documents();
    let near = place.run(&["connector", "create", "dir", "--index", "near", "--set", "direktory=docs"]);
    assert!(
        near.code == 2 && near.err.contains("direktory: there is no such setting; did you mean `directory`?"),
        "{}",
        near.err
    );
    let relative =
        place.json(&["connector", "create", "dir", "--index", "relative", "--set", "directory=docs"]);
    let folder = place.docs().canonicalize().unwrap();
    let stored = relative["configuration"]["directory"]["value"].as_str().unwrap();
    assert_eq!(std::path::Path::new(stored).canonicalize().unwrap(), folder, "{stored}");
    assert!(stored.starts_with('/'), "{stored}");
    assert_eq!(place.run(&["connector", "delete", &id(&relative), "--yes"]).code, 0);
}

#[test]
fn a_connector_is_changed_scheduled_and_removed() {
    let place = with_documents();
    let connector = connector(&place);
    let scheduled = place.json(&["connector", "schedule", &connector, "--at", "0 0 2 * * ?"]);
    let full = json!({"enabled": true, "interval": "0 0 2 * * ?"});
    assert_eq!(scheduled["scheduling"]["full"], full);
    let off = place.json(&["connector", "schedule", &connector, "--off"]);
    assert_eq!(off["scheduling"]["full"], json!({"enabled": false, "interval": "0 0 2 * * ?"}));
    let wrong = place.run(&["connector", "schedule", &connector, "--at", "at noon"]);
    assert_eq!(wrong.code, 2, "{}{}", wrong.out, wrong.err);
    let renamed = place.json(&["connector", "update", &connector, "--name", "other"]);
    assert_eq!(renamed["name"], "other");
    let emptied = place.json(&["connector", "update", &connector, "--set", "directory="]);
    assert_eq!(emptied["status"], "needs_configuration");
    let refused = place.run(&["job", "start", &connector]);
    assert!(refused.code == 2 && refused.err.contains("waits for its settings"), "{}", refused.err);
    let unknown = place.run(&["connector", "update", &connector, "--set", "folder=x"]);
    assert!(
        unknown.code == 2 && unknown.err.contains("  folder: there is no such setting"),
        "{}",
        unknown.err
    );
    assert_eq!(place.run(&["index", "clean", "notes", "--yes"]).code, 2, "there is none yet");
    assert_eq!(place.run(&["connector", "delete", &connector, "--yes"]).code, 0);
    for words in
        [["connector", "show"], ["connector", "delete"], ["job", "start"], ["job", "show"], ["job", "cancel"]]
    {
        let gone = place.run(&[words[0], words[1], &connector]);
        assert!(gone.code == 2 && gone.err.contains("there is no such"), "{words:?}: {}", gone.err);
    }
}

#[test]
fn an_index_is_emptied_and_removed_only_where_a_connector_keeps_it() {
    let place = with_documents();
    let service = Service::start(place.command(&["run"]));
    let connector = connector(&place);
    let job = place.json(&["job", "start", &connector]);
    ended(&place, &id(&job));
    let foreign = place.run(&["index", "delete", "others", "--yes"]);
    assert!(foreign.code == 2 && foreign.err.contains("no connector keeps this index"), "{}", foreign.err);
    assert_eq!(place.json(&["index", "clean", "notes", "--yes"])["result"], "cleaned");
    assert_eq!(place.json(&["index", "list"])[0]["documents"], 0);
    let job = ended(&place, &id(&place.json(&["job", "start", &connector])));
    assert_eq!(job["indexed_document_count"], 12, "{job}");
    assert_eq!(place.json(&["index", "delete", "notes", "--yes"])["result"], "deleted");
    assert_eq!(place.json(&["index", "list"])[0]["documents"], Value::Null);
    drop(service);
}

#[test]
fn a_login_is_tried_and_kept_once() {
    let place = Place::new();
    let service = {
        place.write("config.yml", format!("{SETTINGS}embedded: {{open: true}}\n").as_bytes());
        Service::start(place.command(&["run"]))
    };
    let address = std::fs::read_to_string(place.root().join("data/connectors/address")).unwrap();
    let login = |words: &[&str], secret: &str| {
        let mut command = place.command(&[&["login", "--file", "mine.yml"], words].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), secret.as_bytes()).unwrap();
        place::Run::from(child.wait_with_output().unwrap())
    };
    let nobody = login(&["--host", "http://127.0.0.1:9", "--username", "ada"], "secret\n");
    assert!(nobody.code == 1 && !place.root().join("mine.yml").exists(), "{}", nobody.err);
    let done = login(&["--host", &address, "--username", "ada"], "pass: \"word\n");
    assert!(done.code == 0 && done.out.contains("answers"), "{}{}", done.out, done.err);
    let checked = place.run(&["--config", "mine.yml", "check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let again = login(&["--host", &address], "key\n");
    assert!(again.code == 2 && again.err.contains("has settings of Elasticsearch already"), "{}", again.err);
    assert_eq!(login(&[], "key\n").code, 2, "nobody to ask for the address");
    drop(service);
}

#[test]
fn an_address_that_is_taken_is_reported() {
    let place = with_documents();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = format!("service: {{listen: '{}'}}\n", taken.local_addr().unwrap());
    place.write("config.yml", settings.as_bytes());
    let run = place.run(&["run"]);
    assert!(run.code == 2 && run.err.contains("can't be listened on"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_for_a_server_that_is_away_at_its_start() {
    let place = Place::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.write("config.yml", SETTINGS.as_bytes());
    let mut command = place.command(&["--es", &format!("http://127.0.0.1:{port}"), "run"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let waiting = lines.next().unwrap();
    assert!(waiting.starts_with("waiting for Elasticsearch since 20"), "{waiting}");
    let data = place.root().join("data");
    let server = Server::start(Options { port, ..Options::new(data) }).await.unwrap();
    let lines = tokio::task::spawn_blocking(move || {
        let is_up = lines.any(|line| line.contains("/healthz"));
        (lines, is_up)
    });
    let (lines, is_up) = lines.await.unwrap();
    assert!(is_up, "it ended");
    std::thread::spawn(move || lines.for_each(drop));
    assert_eq!(Service(child).stop(), Some(0));
    server.stop().await.unwrap();
}

#[test]
fn a_job_is_taken_at_once_and_can_be_waited_for() {
    let place = with_documents();
    // Looks at all connectors once a day: what is taken before was seen as it came.
    let settings = SETTINGS.replace("idling: 1", "idling: 86400");
    place.write("config.yml", settings.as_bytes());
    let service = Service::start(place.command(&["run"]));
    let connector = connector(&place);
    let done = place.run(&["job", "start", &connector, "--wait", "--json"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let job: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&job["status"], &job["indexed_document_count"]), (&json!("completed"), &json!(12)), "{job}");
    std::fs::remove_dir_all(place.docs()).unwrap();
    let failed = place.run(&["job", "start", &connector, "--wait"]);
    assert_eq!(failed.code, 1, "{}{}", failed.out, failed.err);
    assert!(failed.out.contains("status: error"), "{}", failed.out);
    drop(service);
}
