//! The command on a folder, with the machine's own cargo and git.

use std::fs;

use super::files;
use crate::tests::Machine;

/// A machine whose workspace is the good one. Its dependencies are not there, so cargo draws no tree of them.
fn machine() -> Machine {
    let cargo = format!("case $1 in tree) ;; *) exec '{}' \"$@\" ;; esac", env!("CARGO"));
    let machine = Machine::new().program("cargo", &cargo).program("git", "exec git \"$@\"");
    let machine = machine.var("HOME", "/nonexistent").var("CARGO_HOME", "/nonexistent");
    for (path, text) in files() {
        write(&machine, &path, &text);
    }
    write(&machine, ".gitignore", "/bin\n/calls\n/target\n");
    machine
}

fn write(machine: &Machine, path: &str, text: &str) {
    let file = machine.path(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn run(machine: &Machine, line: &str) -> Result<(), String> {
    crate::check::run(&machine.shell, &crate::cli::args(line)?).map_err(|error| error.to_string())
}

fn git(machine: &Machine, line: &str) {
    let mut command = machine.shell.command("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(line.split(' '));
    machine.shell.capture(&mut command).unwrap();
}

#[test]
fn a_good_workspace_passes_and_what_was_not_judged_is_told() {
    let machine = machine();
    run(&machine, "").unwrap();
    let out = machine.out.get();
    assert!(
        out.contains("note: coverage was not judged") && out.contains("note: scope was not judged"),
        "{out}"
    );
    assert!(out.contains("\nno finding in "), "{out}");
}

#[test]
fn findings_fail_the_command_and_come_as_json() {
    let machine = machine();
    write(&machine, "docs/sources/wiki.md", "# Wiki\n");
    assert_eq!(run(&machine, "--json docs"), Err("1 finding".into()));
    let told: serde_json::Value = serde_json::from_str(&machine.out.get()).unwrap();
    let finding = &told["findings"][0];
    assert_eq!((finding["code"].as_str(), finding["line"].as_u64()), (Some("docs"), Some(1)));
    assert_eq!(finding["link"], "docs/contributing.md#docs");
    assert_eq!(run(&machine, "pins"), Ok(()));
    assert_eq!(run(&machine, "coverage"), Err("1 finding".into()));
}

#[test]
fn a_stale_table_is_written_anew() {
    let machine = machine();
    let page = machine.path("docs/sources/notes.md");
    let good = fs::read_to_string(&page).unwrap();
    fs::write(&page, good.replace("| secret |", "| text |")).unwrap();
    assert_eq!(run(&machine, "docs"), Err("1 finding".into()));
    run(&machine, "docs --fix").unwrap();
    assert_eq!(fs::read_to_string(&page).unwrap(), good);
    assert_eq!(machine.err.get(), "wrote the table of settings in docs/sources/notes.md\n");
}

#[test]
fn the_patch_is_what_differs_from_the_merge_base() {
    let machine = machine();
    for line in ["init -q -b main", "add .", "commit -q -m good", "checkout -q -b patch"] {
        git(&machine, line);
    }
    run(&machine, "scope").unwrap();
    write(&machine, "crates/source-notes/src/document.rs", "//! Changed.\n");
    write(&machine, "crates/connectors-core/src/sync.rs", "//! Added.\n");
    assert_eq!(run(&machine, "scope"), Err("1 finding".into()));
    assert!(
        machine.out.get().contains("crates/connectors-core/src/sync.rs:1: scope"),
        "{}",
        machine.out.get()
    );
    git(&machine, "add .");
    git(&machine, "commit -q -m patch");
    assert_eq!(run(&machine, "scope --base main"), Err("1 finding".into()));
    assert_eq!(run(&machine, "scope --base=patch"), Ok(()));
    assert!(run(&machine, "scope --base nowhere").unwrap_err().contains("nowhere"));
}

#[test]
fn a_report_is_judged_while_it_is_newer_than_the_code() {
    let machine = machine();
    let file = machine.path("crates/source-notes/src/client.rs");
    write(&machine, "target/coverage/lcov.info", &format!("SF:{}\nDA:1,9\n", file.display()));
    assert_eq!(run(&machine, "coverage"), Err("3 findings".into()));
    assert!(machine.out.get().contains("no line of this crate was measured"), "{}", machine.out.get());
    let old = fs::File::options().write(true).open(machine.path("target/coverage/lcov.info")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(run(&machine, "coverage"), Err("1 finding".into()));
    assert!(machine.out.get().contains("is newer than the report"), "{}", machine.out.get());
}

#[test]
fn an_unknown_point_is_refused() {
    let error = run(&Machine::new(), "layot").unwrap_err();
    assert!(error.contains("invalid value 'layot'") && error.contains("layout, declared"), "{error}");
}
