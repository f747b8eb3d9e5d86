use super::*;
use crate::tests::Machine;

#[test]
fn sources_with_a_test_program_are_known() {
    let machine = Machine::new();
    for name in ["mongo", "directory"] {
        machine.script(machine.path(&format!("crates/source-{name}/tests/source/main.rs")), "");
    }
    fs::create_dir_all(machine.path("crates/source-untested")).unwrap();
    fs::create_dir_all(machine.path("crates/connectors/tests")).unwrap();
    assert_eq!(sources(&machine.shell.root).unwrap(), ["directory", "mongo"]);
}

#[test]
fn the_newest_test_program_of_a_crate_is_taken() {
    let machine = Machine::new();
    let programs = Programs::of(&machine.shell, Some(Path::new("built")), &[]).unwrap();
    let [old, new] = ["2", "1"].map(|hash| machine.test_program(("built", "source-mongo", hash), ""));
    machine.test_program(("built", "source-mongo-like", "3"), "");
    fs::File::open(&old).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(programs.tests("source-mongo").unwrap(), new);
    fs::remove_file(&new).unwrap();
    assert_eq!(programs.tests("source-mongo").unwrap(), old);
    let error = programs.tests("source-other").unwrap_err().to_string();
    assert!(error.ends_with("fix: cargo build --package source-other --test source"), "{error}");
}

#[test]
fn what_is_not_there_is_built() {
    let machine = Machine::new().program("cargo", "");
    Programs::of(&machine.shell, None, &[]).unwrap();
    Programs::of(&machine.shell, None, &["directory".into()]).unwrap();
    let bins = "cargo build --locked --package connectors --package elastic-embedded --bins";
    assert_eq!(machine.calls(), [bins, &format!("{bins} --package source-directory --test source")]);
}
