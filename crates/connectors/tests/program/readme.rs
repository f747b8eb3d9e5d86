//! The README's first example.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::place::{Place, Run};

#[test]
fn the_first_example_of_the_readme_prints_what_stands_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let block = |number: usize| readme.split("```").nth(2 * number - 1).unwrap();
    let command = block(1).strip_prefix("sh\n").unwrap();
    let shown = block(2).strip_prefix("text\n").unwrap();

    let place = Place::new();
    let copied = Command::new("cp").arg("-r").arg(root.join("docs")).arg(place.root()).status().unwrap();
    assert!(copied.success());
    // As it is typed, but for the building.
    let line = command.replace("cargo connectors", env!("CARGO_BIN_EXE_connectors"));
    let mut shell = Command::new("bash");
    shell.args(["-c", &line]).current_dir(place.root()).env("XDG_DATA_HOME", place.root().join("data"));
    for name in ["CONNECTORS_CONFIG", "CONNECTORS_ES", "COLUMNS"] {
        shell.env_remove(name);
    }
    let run = Run::from(shell.stdin(Stdio::null()).output().unwrap());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!(steady(&run.out), steady(shown), "the README is to show:\n{}", run.out);
}

/// The lines, each number as `#`: times, sizes and scores differ from run to run, and counts with each page of docs.
fn steady(text: &str) -> Vec<String> {
    let is_number = |character: char| character.is_ascii_digit() || character == '.';
    let line = |line: &str| {
        line.trim_end().split(is_number).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
    };
    text.trim().lines().map(line).collect()
}
