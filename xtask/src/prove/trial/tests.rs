use std::fs;

use serde_json::json;

use super::*;
use crate::prove::fault::Edit;
use crate::prove::tests::machine;
use crate::tests::Machine;

const LIB: &str = "crates/source-probe/src/lib.rs";

/// A cargo that finds fault with what the library's text says of itself.
const CARGO: &str = r#"
says() { grep -q "$1" crates/source-probe/src/lib.rs; }
case "$*" in
metadata*) cat metadata.json ;;
test*--no-run) if says BROKEN; then echo "warning: x" >&2; echo "error: no such type" >&2; exit 101; fi ;;
test*) if says FLAWED; then printf 'test one ... ok\ntest two ... FAILED\ntest result: FAILED\n'; exit 101; fi
    if says CRASHING; then echo "signal 6" >&2; exit 134; fi
    echo 'test result: ok. 1 passed' ;;
esac"#;

/// A copy with a good source in it, on a machine with that cargo.
fn good() -> (Machine, Scratch) {
    let machine = machine(CARGO);
    let testkit = "crates/connectors-testkit/src/fixture.rs";
    let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(machine.path(testkit).parent().unwrap()).unwrap();
    fs::copy(workspace.join(testkit), machine.path(testkit)).unwrap();
    let root = machine.path("target/prove-checks");
    let package = json!({
        "name": "source-probe", "version": "0.1.0", "id": "probe", "dependencies": [], "targets": [], "features": {},
        "manifest_path": root.join("crates/source-probe/Cargo.toml"),
    });
    let metadata = json!({
        "packages": [package], "workspace_members": ["probe"], "workspace_root": root, "target_directory": root,
        "version": 1,
    });
    fs::write(machine.path("metadata.json"), metadata.to_string()).unwrap();
    let scratch = Scratch::of(&machine.shell, "probe").unwrap();
    (machine, scratch)
}

fn says(word: &'static str) -> &'static [Edit] {
    Box::leak(Box::new([Edit { file: LIB, find: "", replace: word }]))
}

#[test]
fn what_catches_a_fault_is_told_and_the_good_source_is_good_again() {
    let (_machine, scratch) = good();
    let before = is_good(&scratch).unwrap();
    let undeclared = &[Edit { file: "config.yml", find: "  probe: source-probe\n", replace: "" }];
    for (edits, caught) in [
        (says("// nothing\n"), None),
        (says("// FLAWED\n"), Some(Caught::Promises(vec!["two".into()]))),
        (undeclared, Some(Caught::Checks(BTreeSet::from([Code::Declared])))),
    ] {
        assert_eq!(of(&scratch, &Fault { name: "x", edits }, &before).unwrap(), caught, "{edits:?}");
    }
    is_good(&scratch).unwrap();
}

#[test]
fn what_does_not_compile_or_run_is_never_caught() {
    let (_machine, scratch) = good();
    let before = is_good(&scratch).unwrap();
    for (word, told) in [("// BROKEN\n", "no such type"), ("// CRASHING\n", "signal 6")] {
        let error = of(&scratch, &Fault { name: "x", edits: says(word) }, &before).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("warning"), "{error}");
    }
}

#[test]
fn a_source_that_is_not_good_is_no_ground_for_a_proof() {
    for (file, text, told) in [
        (LIB, "// BROKEN\n", "the good source: does not compile"),
        (LIB, "// FLAWED\n", "does not keep the contract: two"),
        ("docker/probe/compose.yml", "  other: {}\n", "does not meet the checklist"),
    ] {
        let (_machine, scratch) = good();
        scratch.write(file, &(scratch.read(file).unwrap() + text)).unwrap();
        let error = is_good(&scratch).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn the_tests_that_failed_are_read_from_the_list() {
    let text = "running 3 tests\ntest one ... ok\ntest two   ... FAILED\ntest three ... ignored\ntest four ... FAILED\n";
    assert_eq!(failed(text), ["two", "four"]);
    assert!(failed("test result: ok. 3 passed").is_empty());
}

#[test]
fn what_caught_a_fault_is_told_in_a_few_words() {
    let codes = BTreeSet::from([Code::Docs, Code::Pins]);
    let names = |names: &[&str]| Caught::Promises(names.iter().map(|name| (*name).to_owned()).collect());
    for (caught, text) in [
        (Caught::Checks(codes), "check pins, docs"),
        (names(&["a"]), "a"),
        (names(&["a", "b"]), "a and 1 more"),
    ] {
        assert_eq!(caught.to_string(), text);
    }
}
