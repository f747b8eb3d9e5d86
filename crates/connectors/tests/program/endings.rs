//! One table of exit codes for all commands, and errors for people and for programs.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::place::Place;

/// A call of each command that does something.
const CALLS: [&[&str]; 21] = [
    &["sync", "dir", "--set", "directory=docs", "--index", "docs"],
    &[
        "follow",
        "mongodb",
        "--set",
        "host=mongodb://127.0.0.1:1",
        "--set",
        "database=d",
        "--set",
        "collection=c",
        "--index",
        "docs",
    ],
    &["search", "docs", "word"],
    &["check"],
    &["run"],
    &["login", "--host", "URL"],
    &["apply", "fleet.yml", "--yes"],
    &["connector", "create", "dir", "--index", "docs", "--set", "directory=docs"],
    &["connector", "list"],
    &["connector", "show", "id"],
    &["connector", "update", "id", "--name", "name"],
    &["connector", "delete", "id", "--yes"],
    &["connector", "schedule", "id", "--off"],
    &["job", "start", "id"],
    &["job", "list"],
    &["job", "show", "id"],
    &["job", "cancel", "id"],
    &["index", "list"],
    &["index", "clean", "docs", "--yes"],
    &["failures"],
    &["verify", "dir", "--set", "directory=docs", "--index", "docs"],
];

fn place() -> Place {
    let place = Place::new();
    place.write("docs/a.md", b"words");
    place.write("fleet.yml", b"connectors: [{id: a, type: dir, index: docs, settings: {directory: docs}}]");
    place.write("bad.yml", b"elasticsearch: {hsot: x}");
    place
}

/// The object on the last line of what was written to standard error.
fn error(err: &str) -> Value {
    let last = err.lines().next_back().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("{err}"))
}

/// A server that answers everything by 401.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    url
}

#[test]
fn every_command_ends_with_the_code_of_the_table() {
    let place = place();
    let (closed, refusing) = ("http://127.0.0.1:1", refusing());
    for call in CALLS {
        let at = |url: &str| {
            let words = call.iter().map(|word| if *word == "URL" { url } else { word });
            place.run(&words.chain(["--json", "--es", url]).collect::<Vec<_>>())
        };
        let misused = [
            place.run(&[call, &["--json", "--no-such-option"]].concat()),
            place.run(&[call, &["--json", "--config", "bad.yml"]].concat()),
            place.run(&[call, &["--json", "--log", "dbug"]].concat()),
            at("localhost:9200"),
        ];
        for run in misused {
            assert_eq!(run.code, 2, "{call:?}: {}", run.err);
            let error = error(&run.err);
            assert_eq!((&error["code"], &error["kind"]), (&2.into(), &"config".into()), "{call:?}");
            assert!(run.out.is_empty(), "{call:?}: {}", run.out);
        }
        // `run` waits for a server that is away.
        let away = (call != ["run"]).then(|| (at(closed), "transient"));
        for (run, kind) in away.into_iter().chain([(at(&refusing), "denied")]) {
            assert_eq!(run.code, 1, "{call:?}: {}{}", run.out, run.err);
            // Each end that is checked has its own error, in the answer.
            if call != ["check"] {
                let error = error(&run.err);
                assert_eq!((&error["code"], &error["kind"]), (&1.into(), &kind.into()), "{call:?}");
            }
        }
    }
}

#[test]
fn settings_that_only_seem_to_do_something_are_reported_with_their_fix() {
    let place = place();
    place.write("twice.yml", b"sync:\n  delete_floor: 1\n  delete_floor: 2\n");
    place.write("both.yml", b"sync: {delete_floor: 1}\nsync.delete_floor: 2\n");
    place.write("user.yml", b"elasticsearch: {username: ada, password: pa55}");
    place.write("fleet.yml", b"connectors: [{id: a, type: dir, index: docs, settings: {directory: docs}, schedule: {incremental: 0 0 2 * * ?}}]");
    let sync = ["sync", "dir", "--index", "docs", "--set"];
    let create = ["connector", "create", "dir", "--id", "c", "--index", "docs", "--set", "directory=docs"];
    assert_eq!(place.run(&create).code, 0);
    let of_source =
        "can't tell what changed, and has full syncs alone; leave jobs of the type `incremental` out";
    for (call, words) in [
        (&["sources", "--config", "twice.yml"][..], "a key stands twice in the file"),
        (&["sources", "--config", "both.yml"], "sync.delete_floor: given twice, nested and with dots"),
        (
            &["check", "--config", "user.yml"],
            "`elasticsearch.username` is set, and `elasticsearch.host` is not",
        ),
        (
            &["check", "--es", "localhost:9200"],
            "--es (or CONNECTORS_ES): \"localhost:9200\": expected an address that begins",
        ),
        (&["login", "--host", "localhost:9200"], "expected an address that begins with http://"),
        (&["sources", "--log", "dbug"], "did you mean `debug`?"),
        (&[&sync[..], &["directory=~/docs"]].concat(), "a `~` stands for the home folder only in a shell"),
        (
            &[&sync[..], &["directory=docs", "--set", "directory=other"]].concat(),
            "`--set` gives a setting twice",
        ),
        (&["connector", "schedule", "c", "--type", "incremental", "--at", "0 0 2 * * ?"], of_source),
        (&["job", "start", "c", "--type", "incremental"], of_source),
        (&["apply", "fleet.yml", "--yes"], of_source),
    ] {
        let run = place.run(call);
        let told = format!("{}{}", run.out, run.err);
        assert!(told.contains(words), "{call:?}: {told}");
        assert_eq!(run.code, 2, "{call:?}: {told}");
        assert!(!told.contains("pa55"), "{told}");
    }
}

#[test]
fn what_deletes_wants_a_yes_and_knows_what_sync_made() {
    let place = place();
    assert_eq!(place.run(CALLS[0]).code, 0);
    assert_eq!(
        place
            .run(&["connector", "create", "dir", "--id", "c", "--index", "other", "--set", "directory=docs"])
            .code,
        0
    );
    let listed = place.json(&["index", "list"]);
    let folder = place.docs().canonicalize().unwrap();
    assert_eq!((&listed[0]["index"], &listed[0]["documents"]), (&"docs".into(), &1.into()), "{listed}");
    assert!(place.run(&["index", "list"]).out.contains(&format!("`dir` of {}", folder.display())));
    for call in [["index", "clean", "docs"], ["index", "delete", "docs"], ["connector", "delete", "c"]] {
        let unsaid = place.run(&call);
        assert_eq!(unsaid.code, 2, "{call:?}: {}", unsaid.out);
        assert!(
            unsaid.err.contains("nothing was deleted") && unsaid.err.contains("`--yes`"),
            "{}",
            unsaid.err
        );
    }
    assert_eq!(place.json(&["index", "list"])[0]["documents"], 1, "nothing was done");
    assert_eq!(place.json(&["index", "clean", "docs", "--yes"])["result"], "cleaned");
    assert_eq!(place.json(&["index", "list"])[0]["documents"], 0);
    let again = place.run(CALLS[0]);
    assert!(again.code == 0 && again.out.contains("created 1"), "{}{}", again.out, again.err);
    assert_eq!(place.json(&["index", "delete", "docs", "--yes"])["result"], "deleted");
    let unknown = place.run(&["index", "delete", "docs", "--yes"]);
    assert!(
        unknown.code == 2 && unknown.err.contains("no connector keeps this index, and no sync made it"),
        "{}",
        unknown.err
    );
    assert_eq!(place.run(&["connector", "delete", "c", "--yes"]).code, 0);
    assert!(place.run(&["index", "list"]).out.contains("no connector keeps an index"));
}

#[test]
fn shells_are_told_every_command() {
    let place = Place::new();
    for (shell, words) in
        [("bash", "complete -F"), ("zsh", "#compdef connectors"), ("fish", "complete -c connectors")]
    {
        let run = place.run(&["completions", shell]);
        assert!(
            run.code == 0 && run.out.contains(words) && run.out.contains("verify"),
            "{shell}: {}",
            run.err
        );
    }
    assert_eq!(place.run(&["completions", "csh"]).code, 2);
}

#[test]
fn frequent_errors_are_as_they_were_read_last() {
    let place = place();
    place.write("twice.yml", b"sync:\n  delete_floor: 1\n  delete_floor: 2\n");
    place.write("user.yml", b"elasticsearch: {username: ada, password: pa55}");
    place.write(
        "fleet.yml",
        b"connectors: [{id: a, type: dri, index: docs, schedule: every 7m}, {id: a, type: dir, index: Docs}]",
    );
    let mut told = String::new();
    for call in [
        &["sync", "dir", "--set", "direktory=docs", "--index", "docs"][..],
        &["sync", "dri", "--set", "directory=docs", "--index", "docs"],
        &["sync", "dir", "--set", "directory=nowhere", "--index", "docs"],
        &["sync", "dir", "--set", "directory=~/docs", "--index", "docs"],
        &["sync", "dir", "--set", "directory=docs", "--index", "Docs"],
        &["sync", "dir", "--set", "directory", "--index", "docs"],
        &["snyc"],
        &["sync", "dir", "--idnex", "docs"],
        &["check", "--es", "localhost:9200"],
        &["check", "--es", "ftp://localhost"],
        &["sources", "--config", "bad.yml"],
        &["sources", "--config", "twice.yml"],
        &["sources", "--config", "none.yml"],
        &["search", "docs", "words", "--config", "user.yml"],
        &["sources", "--log", "dbug"],
        &["search", "nosuch", "words"],
        &["connector", "show", "nosuch"],
        &["connector", "create", "dir", "--index", "docs", "--set", "direktory=docs"],
        &["job", "list", "--status", "done"],
        &["index", "delete", "nosuch", "--yes"],
        &["apply", "fleet.yml", "--yes"],
    ] {
        let run = place.run(call);
        told += &format!("$ connectors {}\n{}{}[{}]\n\n", call.join(" "), run.out, run.err, run.code);
    }
    let root = place.root().canonicalize().unwrap().display().to_string();
    expect_test::expect_file!["errors.txt"]
        .assert_eq(&told.replace(&root, "HERE").replace(&place.root().display().to_string(), "HERE"));
}
