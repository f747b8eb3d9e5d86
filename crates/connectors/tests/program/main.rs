//! The program from outside: what its user types, and what is printed.
#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(test)]
mod endings;
#[cfg(test)]
mod foreign;
mod kept;
mod mapping;
#[cfg(test)]
mod names;
#[cfg(test)]
mod output;
mod place;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod search;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shared;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use connectors_core::elastic::{Client, Request, Settings};
use elastic_embedded::{Options, Server};
use place::{Place, Run};
use serde_json::json;

const SYNC: [&str; 6] = ["sync", "dir", "--set", "directory=docs", "--index", "docs"];
const VERIFY: [&str; 6] = ["verify", "dir", "--set", "directory=docs", "--index", "docs"];

fn place_with_documents() -> Place {
    let place = Place::new();
    place.write("docs/a.md", b"# Adding a source\nA source is a small crate.");
    place.write("docs/sub/b.md", b"Retries are core's.");
    place.write("docs/c.png", b"\x89PNG\r\n\x1a\n\0\0");
    place
}

/// One document was added, one changed, and one removed.
fn a_dry_run_shows_what_is_to_be_done(place: &Place) {
    let before = place.run(&["index", "list"]).out;
    let dry = place.run(&[&SYNC[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0, "{}{}", dry.out, dry.err);
    let told = "docs: listed 3; would create 1, update 1, delete 1; unchanged 1, filtered 0\n  create: ";
    assert!(dry.out.starts_with(told) && dry.out.ends_with("nothing was written\n"), "{}", dry.out);
    assert!(dry.out.contains("  update: a.md (") && dry.out.contains("  delete: sub/b.md ("), "{}", dry.out);
    assert_eq!(place.run(&["index", "list"]).out, before);
    assert_eq!(place.run(&VERIFY).code, 5, "nothing was written");
}

#[test]
fn a_folder_becomes_searchable_and_stays_equal() {
    let place = place_with_documents();
    let first = place.run(&SYNC);
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    assert!(first.out.contains("docs: listed 3 = created 3 + updated 0"), "{}", first.out);
    assert!(first.out.contains("files without text: image/png 1"), "{}", first.out);
    assert!(
        first.err.contains("the embedded server (no elasticsearch.host is set), data in "),
        "{}",
        first.err
    );

    let found = place.run(&["search", "docs", "how", "do I add a source"]);
    assert!(found.out.starts_with("1. a.md"), "{}", found.out);
    assert!(found.out.contains("*source*"), "{}", found.out);
    let hits = place.json(&["search", "docs", "retries", "--hits", "1"]);
    assert_eq!(hits[0]["source"]["path"], "sub/b.md");
    assert!(hits[0]["fragments"][0].as_str().unwrap().contains("<em>Retries</em>"), "{hits}");

    place.write("docs/a.md", b"changed");
    place.write("docs/new.md", b"new");
    std::fs::remove_file(place.docs().join("sub/b.md")).unwrap();
    let differs = place.run(&VERIFY);
    assert_eq!(differs.code, 5);
    for line in ["missing 1: ", "stale 1: a.md (", "left over 1: sub/b.md (", "not equal"] {
        assert!(differs.out.contains(line), "{}", differs.out);
    }

    a_dry_run_shows_what_is_to_be_done(&place);

    let second = place.json(&SYNC);
    let accounts = ["listed", "created", "updated", "unchanged", "filtered", "failed", "deleted"];
    let accounts: Vec<_> = accounts.iter().map(|key| second[key].as_u64().unwrap()).collect();
    assert_eq!(accounts, [3, 1, 1, 1, 0, 0, 1], "{second}");
    assert_eq!((&second["complete"], &second["status"]), (&json!(true), &json!("completed")));
    assert_eq!((&second["known_by"], &second["verified"]), (&json!("digest"), &json!(true)));
    assert_eq!(std::fs::read_dir(place.root().join("data/connectors/marks")).unwrap().count(), 1);
    let equal = place.json(&VERIFY);
    assert_eq!((&equal["listed"], &equal["equal"]), (&json!(3), &json!(3)));
    assert_eq!(place.run(&VERIFY).out, "docs: listed 3, equal 3\nequal\n");
    let deep = place.run(&[&VERIFY[..], &["--deep"]].concat());
    assert_eq!(deep.out, "docs: listed 3, equal 3\ncompared field by field: 3\nequal\n");
}

#[test]
fn too_many_deletes_wait_for_a_word() {
    let place = Place::new();
    (0..20).for_each(|number| place.write(&format!("docs/{number}.md"), b"text"));
    let dry = place.json(&[&SYNC[..], &["--dry-run"]].concat());
    assert_eq!((&dry["created"]["count"], &dry["deleted"]["count"]), (&json!(20), &json!(0)), "{dry}");
    assert_eq!(place.json(&["index", "list"]), json!([]), "it made no index");
    assert_eq!(place.run(&SYNC).code, 0);
    (0..15).for_each(|number| std::fs::remove_file(place.docs().join(format!("{number}.md"))).unwrap());
    let dry = place.run(&[&SYNC[..], &["--dry-run"]].concat());
    assert!(dry.code == 4 && dry.out.contains("15 deletes would be withheld"), "{}", dry.out);
    let withheld = place.run(&SYNC);
    assert_eq!(withheld.code, 4, "{}", withheld.out);
    assert!(withheld.out.contains("15 deletes are withheld"), "{}", withheld.out);
    let let_through = place.json(&[&SYNC[..], &["--allow-deletes"]].concat());
    assert_eq!(let_through["deleted"], 15);
}

/// A file that can be listed and opened by everybody, and read by nobody: its first page belongs to no process.
#[cfg(target_os = "linux")]
const UNREADABLE: &str = "/proc/self/mem";

#[cfg(target_os = "linux")]
#[test]
fn documents_that_fail_are_listed_and_tried_again_by_the_next_sync() {
    let place = place_with_documents();
    let none = place.run(&["failures"]);
    assert_eq!((none.out.as_str(), none.code), ("no document failed\n", 0));
    let sync = [&SYNC[..], &["--set", "follow_links=true"]].concat();
    let link = place.docs().join("later.md");
    std::os::unix::fs::symlink(UNREADABLE, &link).unwrap();
    for tries in [1, 2] {
        let partial = place.run(&sync);
        assert_eq!(partial.code, 3, "{}{}", partial.out, partial.err);
        assert!(partial.out.contains("done in part: 1 failed"), "{}", partial.out);
        let failed = place.json(&["failures", "--index", "docs"]);
        assert_eq!(
            (failed[0]["stage"].as_str(), failed[0]["tries"].as_u64()),
            (Some("content"), Some(tries))
        );
        assert!(failed[0]["reason"].as_str().unwrap().contains("later.md"), "{failed}");
        assert_eq!(failed.as_array().unwrap().len(), 1);
        let shown = place.run(&["failures", "--utc"]).out;
        assert!(shown.starts_with("docs later.md (") && shown.contains("(content, since "), "{shown}");
        assert!(shown.contains(&format!("{tries} tries)\n    ")), "{shown}");
    }
    std::fs::remove_file(&link).unwrap();
    std::fs::rename(place.docs().join("sub/b.md"), &link).unwrap();
    assert_eq!(place.run(&[&sync[..], &["--allow-deletes"]].concat()).code, 0);
    assert_eq!(place.json(&["failures", "--index", "docs"]), json!([]));
    assert_eq!(place.json(&["search", "docs", "retries"])[0]["source"]["path"], "later.md");
}

#[test]
fn refused_documents_are_reported_with_their_reason() {
    let place = place_with_documents();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(Options::new(place.root().join("remote")))).unwrap();
    let client = runtime.block_on(Client::connect(Settings::new(server.url().parse().unwrap()))).unwrap();
    let mapping = json!({"mappings": {"properties": {"extension": {"type": "object"}}}});
    runtime.block_on(client.call(&Request::put("/docs").body(&mapping))).unwrap();

    let remote = ["--es", &server.url()];
    let partial = place.run(&[&remote[..], &SYNC[..]].concat());
    assert_eq!(partial.code, 3, "{}", partial.out);
    assert!(partial.err.contains(" at 127.0.0.1"), "{}", partial.err);
    assert!(partial.out.contains("done in part: 3 failed"), "{}", partial.out);
    let table = place.run(&[&remote[..], &["failures"]].concat()).out;
    assert!(table.contains("bulk") && table.contains("--retry-failed"), "{table}");
    let failed = place.json(&[&remote[..], &["failures"]].concat());
    let reasons: Vec<_> = failed.as_array().unwrap().iter().map(|failed| failed["reason"].as_str()).collect();
    assert!(
        reasons.len() == 3 && reasons.iter().all(|reason| reason.unwrap().contains("extension")),
        "{failed}"
    );
    let incremental = place.run(&[&remote[..], &SYNC[..], &["--incremental"]].concat());
    assert_eq!(incremental.code, 2);
    assert!(incremental.err.contains("can't tell what changed"), "{}", incremental.err);
    let ruled = place.run(&[&remote[..], &SYNC[..], &["--rules", "none.yml"]].concat());
    assert!(ruled.err.contains("none.yml"), "{}", ruled.err);
    place.write("rules.yml", b"a: 1");
    let ruled = place.run(&[&remote[..], &SYNC[..], &["--rules", "rules.yml"]].concat());
    assert!(ruled.err.contains("no rules of its own"), "{}", ruled.err);
    runtime.block_on(server.stop()).unwrap();
}

#[test]
fn sources_and_their_settings_are_listed() {
    let place = Place::new();
    let all = place.json(&["sources"]);
    assert!(all.as_array().unwrap().iter().any(|source| source["type"] == "dir"), "{all}");
    assert!(place.run(&["sources"]).out.contains("full sync"));
    let fields = place.json(&["sources", "dir"]);
    assert_eq!(fields["directory"]["required"], true);
    let table = place.run(&["sources", "dir"]).out;
    assert!(table.contains("follow_links") && table.contains("required"), "{table}");
    let example = table.lines().next_back().unwrap().strip_prefix("for example: connectors ").unwrap();
    assert_eq!(example, "sync dir --set directory=. --index dir");
    place.write("docs/a.md", b"words");
    let mut typed = place.command(&example.split(' ').collect::<Vec<_>>());
    let done = Run::from(typed.current_dir(place.docs()).output().unwrap());
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let other = place.run(&["sources", "mongodb"]).out;
    assert!(
        other.ends_with(" --set database=DATABASE --set collection=COLLECTION --index mongodb\n"),
        "{other}"
    );
    let by_default = place.run(&["sources", "github"]).out;
    assert!(
        by_default.ends_with("connectors sync github --set token=TOKEN --index github\n"),
        "{by_default}"
    );
}

#[test]
fn check_tells_both_ends() {
    let place = place_with_documents();
    let good = place.run(&["check", "dir", "--set", "directory=docs"]);
    assert_eq!(good.code, 0, "{}", good.out);
    assert!(
        good.out.contains("elasticsearch: ok, the embedded server") && good.out.contains("dir: ok"),
        "{}",
        good.out
    );
    let bad = place.run(&["check", "dir", "--set", "directory=nowhere"]);
    assert_eq!(bad.code, 2, "{}", bad.out);
    assert!(bad.out.contains("nowhere"), "{}", bad.out);
    let ends = place.json(&["check", "--es", "http://127.0.0.1:9"]);
    assert_eq!(ends[0]["ok"], false);
    assert!(ends[0]["error"].as_str().unwrap().contains("127.0.0.1:9"), "{ends}");
}

#[test]
fn wrong_settings_are_reported_with_place_and_fix() {
    let place = place_with_documents();
    place.write("bad.yml", b"elasticsearch:\n  hsot: x\n");
    place.write("broken.yml", b"a: [");
    place.write("list.yml", b"- 1");
    place.write("variable.yml", b"elasticsearch.host: ${NO_SUCH_VARIABLE}");
    for (arguments, expected) in [
        (vec!["sync", "dri", "--index", "x"], "did you mean `dir`?"),
        (vec!["sync", "dir", "--index", "x", "--set", "direktory=docs"], "did you mean `directory`?"),
        (vec!["sync", "dir", "--index", "x"], "directory: a value is required"),
        (vec!["sync", "dir", "--index", "x", "--set", "directory"], "expected KEY=VALUE"),
        (vec!["sync", "dir", "--index", "x", "--settings", "none.yml"], "none.yml"),
        (vec!["sync", "dir", "--index", "x", "--settings", "list.yml"], "not a table"),
        (vec!["sync", "dir", "--index", "X", "--set", "directory=docs"], "upper case"),
        (vec!["sync", "dir", "--index", "x", "--set", "directory=none"], "none"),
        (vec!["sources", "--config", "bad.yml"], "did you mean `elasticsearch.host`?"),
        (vec!["sources", "--config", "broken.yml"], "broken.yml"),
        (vec!["sources", "--config", "none.yml"], "none.yml"),
        (vec!["sources", "--config", "variable.yml"], "NO_SUCH_VARIABLE"),
        (vec!["sources", "--log", "nonsense=nonsense"], "log level"),
        (vec!["search", "nosuch", "x"], "no such index"),
        (vec!["search", "NoSuch", "x"], "upper case"),
    ] {
        let Run { out, err, code } = place.run(&arguments);
        assert!(err.contains(expected) || out.contains(expected), "{arguments:?}: {out}{err}");
        assert_ne!(code, 0, "{arguments:?}");
    }
}

#[test]
fn settings_come_from_file_environment_and_command_line() {
    let place = place_with_documents();
    place.write("source.yml", b"directory: nowhere\npattern: '**/*.md'\n");
    let arguments = ["sync", "dir", "--settings", "source.yml", "--index", "docs", "--json"];
    let output = place.command(&arguments).env("CONNECTORS_DIR_DIRECTORY", "docs").output().unwrap();
    assert!(Run::from(output).out.contains("\"listed\":2"));
    let over = [&arguments[..], &["--set", "pattern=*.png"]].concat();
    let output = place.command(&over).env("CONNECTORS_DIR_DIRECTORY", "docs").output().unwrap();
    assert!(Run::from(output).out.contains("\"listed\":1"));
}

/// Answers the first request like Elasticsearch, and never again.
fn a_server_that_hangs() -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let body = r#"{"version":{"number":"9.5.3"}}"#;
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        while stream.read(&mut request).is_ok_and(|read| read > 0) {}
    });
    (url, serve)
}

#[test]
fn an_interrupt_stops_a_sync_that_waits() {
    let place = place_with_documents();
    let (url, serve) = a_server_that_hangs();
    let mut command = place.command(&[&["--es", &url], &SYNC[..]].concat());
    let mut program = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut notes = BufReader::new(program.stderr.take().unwrap()).lines();
    assert!(notes.next().unwrap().unwrap().starts_with("writing to Elasticsearch 9.5.3"));
    let interrupt = Command::new("kill").args(["-INT", &program.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert!(notes.next().unwrap().unwrap().starts_with("stopping"));
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stdout).contains("stopped: nothing was deleted"));
    serve.join().unwrap();
}

/// Sends a signal to a program that runs.
fn send(signal: &str, program: &Child) {
    let sent = Command::new("kill").args([signal, &program.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn an_interrupt_ends_a_program_that_waits_for_its_server_to_answer() {
    let place = place_with_documents();
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for (words, code) in [(&SYNC[..], 130), (&["run"][..], 0)] {
        let mut command = place.command(&[&["--es", &url], words].concat());
        let mut program = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let _asked = silent.accept().unwrap();
        send("-TERM", &program);
        let mut notes = BufReader::new(program.stderr.take().unwrap()).lines();
        assert!(notes.next().unwrap().unwrap().starts_with("stopping"), "{words:?}");
        assert_eq!(program.wait().unwrap().code(), Some(code), "{words:?}");
    }
}

/// What a pipe of Linux holds.
#[cfg(target_os = "linux")]
const PIPE: usize = 64 << 10;

#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_a_program_that_is_blocked() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let place = place_with_documents();
        // Nobody reads its output, and there is room for nothing more: its last words block it.
        let (_reader, mut output) = std::io::pipe().unwrap();
        output.write_all(&vec![b'x'; PIPE]).unwrap();
        let mut command = place.command(&SYNC);
        let mut program = command.stderr(Stdio::piped()).stdout(output).spawn().unwrap();
        let mut notes = BufReader::new(program.stderr.take().unwrap()).lines();
        assert!(notes.next().unwrap().unwrap().starts_with("writing to"));
        send(signal, &program);
        assert!(notes.any(|note| note.unwrap().starts_with("stopping")));
        assert!(program.try_wait().unwrap().is_none(), "it can't end");
        send(signal, &program);
        assert_eq!(program.wait().unwrap().code(), Some(code));
    }
}
