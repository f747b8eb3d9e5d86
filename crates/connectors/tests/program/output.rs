//! A reader that has enough, a disk that is full, and texts that a terminal would obey.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::place::{Place, Run};

const SYNC: [&str; 6] = ["sync", "dir", "--set", "directory=docs", "--index", "docs"];

fn filled() -> Place {
    let place = Place::new();
    for number in 0..200 {
        place.write(&format!("docs/{number}.md"), b"some words");
    }
    place
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let place = filled();
    for arguments in [
        &["sources"][..],
        &["sources", "mongodb"],
        &["--help"],
        &SYNC,
        &["search", "docs", "words", "--hits", "200"],
    ] {
        let mut child =
            place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        assert!(
            !run.err.contains("panicked") && !run.err.contains("Broken pipe"),
            "{arguments:?}: {}",
            run.err
        );
    }
}

#[test]
fn a_sync_that_repeats_ends_with_its_reader() {
    let place = filled();
    let mut command = place.command(&[&SYNC[..], &["--every", "0.01"]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("docs: listed 200"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_with_its_cause() {
    let place = filled();
    for arguments in [&["sources"][..], &["sources", "dir", "--json"], &["--version"], &SYNC] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = Run::from(place.command(arguments).stdout(full).output().unwrap());
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.err);
        assert!(run.err.contains("the results can't be written: No space left"), "{}", run.err);
        assert!(!run.err.contains("panicked"), "{}", run.err);
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = Run::from(place.command(arguments).stdout(Stdio::piped()).stderr(full).output().unwrap());
        assert_eq!(run.code, 0, "nobody reads the standard error: {arguments:?}");
    }
}

#[test]
fn names_and_texts_that_a_terminal_would_obey_are_shown_by_their_numbers() {
    let place = Place::new();
    place.write("docs/a\u{1b}[2J\nerror: fake\u{202e}.md", b"words \x1b]0;title\x07 and \xc2\x9b31m");
    for arguments in [
        &[&SYNC[..], &["--log", "trace"]].concat()[..],
        &["search", "docs", "words"],
        &["search", "docs", "words", "--json"],
    ] {
        let run = place.run(arguments);
        assert_eq!(run.code, 0, "{}", run.err);
        let told = format!("{}{}", run.out, run.err);
        let is_obeyed = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
        assert!(!told.contains(is_obeyed), "{told:?}");
        assert!(!told.lines().any(|line| line.starts_with("error: fake")), "{told}");
    }
}
