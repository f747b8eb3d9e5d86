//! What the program keeps on the disk: who may read it, and what it says where it can't be kept.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use crate::SYNC;
use crate::place::Place;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file and folder below a path.
fn below(path: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { [vec![path.clone()], below(&path)].concat() } else { vec![path] })
        .collect()
}

#[test]
fn what_is_kept_is_for_its_owner_alone_also_where_it_was_open_before() {
    let place = Place::new();
    place.write("docs/a.md", b"words");
    let data = place.root().join("data/connectors");
    for folder in [data.clone(), data.join("marks")] {
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    }
    let run = place.run(&SYNC);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!((mode(&data), mode(&data.join("marks"))), (0o700, 0o700));
    let kept = below(&data);
    for path in kept.iter().filter(|path| path.exists()) {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }
    for name in ["token", "address", "log"] {
        assert!(kept.contains(&data.join(name)), "{name}");
    }
}

#[test]
fn a_settings_file_is_closed_before_login_writes_a_secret_into_it() {
    let place = Place::new();
    place.write("config.yml", b"sync: {delete_floor: 1}\n");
    let settings = place.root().join("config.yml");
    fs::set_permissions(&settings, Permissions::from_mode(0o644)).unwrap();
    // What is tried is the embedded server of another folder, with its token.
    let other = Place::new();
    let mut service = other.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let data = other.root().join("data/connectors");
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("running as")));
    let address = fs::read_to_string(data.join("address")).unwrap();
    let mut login = place.command(&["login", "--host", &address]);
    let mut login = login.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let token = fs::read_to_string(data.join("token")).unwrap();
    login.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    assert!(login.wait().unwrap().success());
    assert_eq!(mode(&settings), 0o600);
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.contains("delete_floor") && text.contains(&token), "{text}");
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn a_server_that_does_not_start_is_an_error_of_the_command_that_started_it() {
    let place = Place::new();
    place.write("data/connectors/indices", b"no folder");
    let run = place.run(&["search", "docs", "word"]);
    let data = place.root().join("data/connectors");
    assert_eq!(run.code, 2, "{}", run.err);
    for told in ["the embedded server did not start", &data.display().to_string(), "exists"] {
        assert!(run.err.contains(told), "{told}: {}", run.err);
    }
    let log = fs::read_to_string(data.join("log")).unwrap();
    assert!(log.contains("the embedded server ends"), "{log}");
}

#[test]
fn an_open_server_asks_for_no_token() {
    let place = Place::new();
    place.write("config.yml", b"embedded: {open: true}");
    let mut service = place.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("running as")));
    let data = place.root().join("data/connectors");
    let address = fs::read_to_string(data.join("address")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(reqwest::get(address)).unwrap().status(), 200);
    assert!(!data.join("token").exists());
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn a_damaged_index_is_named_with_the_fix_and_the_others_are_found() {
    let place = Place::new();
    place.write("docs/a.md", b"words");
    for index in ["sound", "hurt"] {
        let run = place.run(&["sync", "dir", "--set", "directory=docs", "--index", index]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
    let indices = fs::read_dir(place.root().join("data/connectors/indices")).unwrap();
    let mut folders = indices.map(|entry| entry.unwrap().path());
    let hurt = folders.find(|folder| fs::read_to_string(folder.join("name")).unwrap() == "hurt").unwrap();
    // The server of the last command may still be there: it has to read the folder again.
    drop(fs::File::open(place.root().join("data/connectors/lock")).unwrap().lock());
    fs::write(hurt.join("meta.json"), "{").unwrap();
    assert!(place.run(&["search", "sound", "words"]).out.starts_with("1. a.md"));
    for command in
        [&["search", "hurt", "words"][..], &["sync", "dir", "--set", "directory=docs", "--index", "hurt"]]
    {
        let run = place.run(command);
        assert!([1, 2].contains(&run.code), "{}{}", run.out, run.err);
        let told = run.out + &run.err;
        for part in ["[hurt] is damaged", &hurt.display().to_string(), "DELETE /hurt"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
