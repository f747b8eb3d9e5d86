use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::check::finding::Code;
use crate::tests::Machine;

/// A cargo that finds fault with what the library's text says of itself.
const CARGO: &str = r#"
says() { grep -q "$1" crates/source-probe/src/lib.rs; }
case "$*" in
metadata*) cat ../../metadata.json ;;
test*--no-run) if says BROKEN; then echo "warning: x" >&2; echo "error: no such type" >&2; exit 101; fi ;;
test*) if says FLAWED; then printf 'test one ... ok\ntest two ... FAILED\ntest result: FAILED\n'; exit 101; fi
    if says CRASHING; then echo "signal 6" >&2; exit 134; fi
    echo 'test result: ok. 1 passed' ;;
esac"#;

/// A workspace in git with what a new source is declared in.
fn machine() -> Machine {
    let machine = Machine::new().program("cargo", CARGO);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for path in [
        "config.yml",
        "Cargo.toml",
        "crates/connectors/Cargo.toml",
        "crates/connectors/src/main.rs",
        "crates/connectors-testkit/src/fixture.rs",
    ] {
        let to = machine.path(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(workspace.join(path), to).unwrap();
    }
    fs::write(machine.path("Cargo.lock"), "").unwrap();
    fs::write(machine.path(".gitignore"), "/target\n/bin\n/calls\n/metadata.json\n").unwrap();
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
    let path = std::env::var_os("PATH").unwrap();
    let all = [machine.path("bin")].into_iter().chain(std::env::split_paths(&path));
    let machine = machine.var("PATH", std::env::join_paths(all).unwrap());
    machine.shell.capture(machine.shell.command("git").args(["init", "--quiet"])).unwrap();
    machine
}

const LIB: &str = "crates/source-probe/src/lib.rs";

fn fault(text: &str) -> Fault {
    fault::read(&format!("== x\n{text}")).remove(0)
}

/// A comment behind the end of the library.
fn says(word: &str) -> Fault {
    fault(&format!("@@ {LIB}\n+// {word}\n+"))
}

#[test]
fn there_are_thirty_one_faults_with_names_of_their_own() {
    let faults = fault::all();
    let names: BTreeSet<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!((faults.len(), names.len()), (31, 31));
    assert!(faults.iter().all(|fault| !fault.edits.is_empty()));
}

#[test]
fn a_copy_holds_the_files_of_the_workspace_the_source_and_nothing_else() {
    let machine = machine();
    let scratch = Scratch::of(&machine.shell, NAME).unwrap();
    let root = scratch.shell.root.clone();
    assert_eq!(root, machine.path("target/prove-checks"));
    assert!(scratch.read("config.yml").unwrap().contains("  probe: source-probe\n"));
    assert!(scratch.read("docker/probe/compose.yml").unwrap().contains(":1.4.2\n"));
    assert!(!fs::read_to_string(machine.path("config.yml")).unwrap().contains("probe"));
    fs::write(root.join("left-over"), "").unwrap();
    fs::create_dir(root.join("others")).unwrap();
    let modified = |path: &str| root.join(path).metadata().unwrap().modified().unwrap();
    let before = modified("crates/connectors/src/main.rs");
    fs::write(machine.path("Cargo.lock"), "# changed\n").unwrap();
    Scratch::of(&machine.shell, NAME).unwrap();
    assert!(!root.join("left-over").exists() && !root.join("others").exists() && !root.join("bin").exists());
    assert_eq!(modified("crates/connectors/src/main.rs"), before, "what is the same is not written again");
    assert_eq!(scratch.read("Cargo.lock").unwrap(), "# changed\n");
}

#[test]
fn a_fault_is_put_in_and_taken_out_again() {
    let machine = machine();
    let scratch = Scratch::of(&machine.shell, NAME).unwrap();
    let before = scratch.read("config.yml").unwrap();
    let edits = "@@ config.yml\n-  probe: source-probe\n+  probe: nothing\n@@ config.yml\n+# the end\n+";
    let during = scratch.with(&fault(edits), || scratch.read("config.yml")).unwrap();
    assert!(during.contains("  probe: nothing\n") && during.ends_with("# the end\n"), "{during}");
    assert_eq!(scratch.read("config.yml").unwrap(), before);
    let of_manifest = fault("@@ crates/source-probe/Cargo.toml\n+# the end\n+");
    let updates =
        || machine.calls().iter().filter(|call| call.starts_with("cargo update --workspace")).count();
    let known = updates();
    assert_eq!(scratch.with(&of_manifest, || Ok(updates())).unwrap(), known + 1, "the lock file follows");
    for find in ["no such text", "e"] {
        let fault = fault(&format!("@@ config.yml\n-{find}"));
        let error = scratch.with(&fault, || Ok(())).unwrap_err().to_string();
        assert!(error.contains("the fault `x`") && error.contains("stands there once"), "{error}");
        assert_eq!(scratch.read("config.yml").unwrap(), before);
    }
}

#[test]
fn what_catches_a_fault_is_told_and_what_does_not_compile_or_run_is_never_caught() {
    let machine = machine();
    let scratch = Scratch::of(&machine.shell, NAME).unwrap();
    let before = trial::is_good(&scratch).unwrap();
    for (fault, caught) in [
        (says("nothing"), None),
        (says("FLAWED"), Some(Caught::Promises(vec!["two".into()]))),
        (fault("@@ config.yml\n-  probe: source-probe\n-"), Some(Caught::Checks([Code::Declared].into()))),
    ] {
        assert_eq!(trial::of(&scratch, &fault, &before).unwrap(), caught, "{fault:?}");
    }
    for (word, told) in [("BROKEN", "no such type"), ("CRASHING", "signal 6")] {
        let error = trial::of(&scratch, &says(word), &before).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("warning"), "{error}");
    }
    trial::is_good(&scratch).unwrap();
    for (file, text, told) in [
        (LIB, "// BROKEN\n", "the good source: does not compile"),
        (LIB, "// FLAWED\n", "does not keep the contract: two"),
        ("docker/probe/compose.yml", "  other: {}\n", "does not meet the checklist"),
    ] {
        scratch.write(file, &(scratch.read(file).unwrap() + text)).unwrap();
        let error = trial::is_good(&scratch).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        scratch.with(&fault(""), || Ok(())).unwrap();
    }
}

#[test]
fn names_choose_faults_and_unknown_ones_are_told() {
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        chosen(&names).map(|faults| faults.into_iter().map(|fault| fault.name).collect::<Vec<_>>())
    };
    assert_eq!(named(&["swallowed", "page is"]).unwrap(), ["an error is swallowed", "a page is skipped"]);
    assert_eq!((named(&[]).unwrap().len(), named(&["none"]).unwrap().len()), (31, 0));
    let error = named(&["swalowed"]).unwrap_err().to_string();
    assert!(error.contains("no fault `swalowed`; the faults are: an error is swallowed, "), "{error}");
}

#[test]
fn a_table_tells_what_catches_each_and_what_nothing_does() {
    let machine = Machine::new();
    let promises =
        |names: &[&str]| Some(Caught::Promises(names.iter().map(|name| (*name).to_owned()).collect()));
    let codes = Some(Caught::Checks([Code::Docs, Code::Pins].into()));
    let caught = [promises(&["a", "b", "c"]), None, promises(&["d"]), codes];
    let row = |(caught, name): (Option<Caught>, &str)| Row {
        name: name.into(),
        caught,
        took: Duration::from_millis(1500),
    };
    let rows: Vec<Row> = caught.into_iter().zip(["one", "two", "three", "four"]).map(row).collect();
    report(&machine.shell, &rows, Duration::from_secs(5));
    let text = machine.out.get();
    for part in [
        "1.5 s  a and 2 more",
        "NOT CAUGHT",
        "1.5 s  d\n",
        "1.5 s  check pins, docs",
        "3 of 4 faults are caught, in 5.0 s",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let error = verdict(&rows, false).unwrap_err().to_string();
    assert_eq!(error, "at least 4 must be caught; these are not: two");
    assert!(verdict(&rows, true).unwrap_err().to_string().contains("at least 29"));
    assert!(verdict(&rows[2..], false).is_ok());
    let listed = "test one ... ok\ntest two   ... FAILED\ntest three ... ignored\ntest four ... FAILED\n";
    assert_eq!(trial::failed(listed), ["two", "four"]);
}
