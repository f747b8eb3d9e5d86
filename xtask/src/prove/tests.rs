use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::tests::Machine;
use fault::Edit;

/// A workspace in git with what a new source is declared in, and tools that do nothing but fail where they shall.
pub(super) fn machine(cargo: &str) -> Machine {
    let machine = Machine::new().program("cargo", cargo);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for path in ["config.yml", "Cargo.toml", "crates/connectors/Cargo.toml", "crates/connectors/src/main.rs"]
    {
        let to = machine.path(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(workspace.join(path), to).unwrap();
    }
    fs::write(machine.path("Cargo.lock"), "").unwrap();
    fs::write(machine.path(".gitignore"), "target\nbin\ncalls\n").unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let all = [machine.path("bin")].into_iter().chain(folders);
    let machine = machine.var("PATH", std::env::join_paths(all).unwrap());
    machine.shell.capture(machine.shell.command("git").args(["init", "--quiet"])).unwrap();
    machine
}

#[test]
fn there_are_thirty_one_faults_with_names_of_their_own() {
    let names: BTreeSet<&str> = faults::all().map(|fault| fault.name).collect();
    assert_eq!((faults::all().count(), names.len()), (31, 31));
    assert!(faults::all().all(|fault| !fault.edits.is_empty()));
}

#[test]
fn a_copy_holds_the_files_of_the_workspace_the_source_and_nothing_else() {
    let machine = machine("");
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
    let again = Scratch::of(&machine.shell, NAME).unwrap();
    assert_eq!(again.shell.root, root);
    assert!(!root.join("left-over").exists() && !root.join("others").exists() && !root.join("bin").exists());
    assert_eq!(modified("crates/connectors/src/main.rs"), before, "what is the same is not written again");
}

#[test]
fn a_fault_is_put_in_and_taken_out_again() {
    let machine = machine("");
    let scratch = Scratch::of(&machine.shell, NAME).unwrap();
    let before = scratch.read("config.yml").unwrap();
    let fault = Fault {
        name: "x",
        edits: &[
            Edit { file: "config.yml", find: "  probe: source-probe\n", replace: "  probe: nothing\n" },
            Edit { file: "config.yml", find: "", replace: "# the end\n" },
        ],
    };
    let during = scratch.with(&fault, || scratch.read("config.yml")).unwrap();
    assert!(during.contains("  probe: nothing\n") && during.ends_with("# the end\n"), "{during}");
    assert_eq!(scratch.read("config.yml").unwrap(), before);
    for find in ["no such text", "e"] {
        let fault =
            Fault { name: "y", edits: Box::leak(Box::new([Edit { file: "config.yml", find, replace: "" }])) };
        let error = scratch.with(&fault, || Ok(())).unwrap_err().to_string();
        assert!(error.contains("the fault `y`") && error.contains("stands there once"), "{error}");
        assert_eq!(scratch.read("config.yml").unwrap(), before);
    }
}

#[test]
fn names_choose_faults_and_unknown_ones_are_told() {
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        chosen(&names).map(|faults| faults.iter().map(|fault| fault.name).collect::<Vec<_>>())
    };
    assert_eq!(named(&["swallowed", "page is"]).unwrap(), ["an error is swallowed", "a page is skipped"]);
    assert_eq!(named(&[]).unwrap().len(), 31);
    assert!(named(&["none"]).unwrap().is_empty());
    let error = named(&["swalowed"]).unwrap_err().to_string();
    assert!(error.contains("no fault `swalowed`; the faults are: an error is swallowed, "), "{error}");
}

#[test]
fn a_table_tells_what_catches_each_and_what_nothing_does() {
    let machine = Machine::new();
    let faults: Vec<&Fault> = faults::all().take(3).collect();
    let caught = [
        Some(Caught::Promises(vec!["a".into(), "b".into(), "c".into()])),
        None,
        Some(Caught::Promises(vec!["d".into()])),
    ];
    let rows: Vec<Row<'_>> = faults
        .iter()
        .zip(caught)
        .map(|(fault, caught)| Row { fault, caught, took: Duration::from_millis(1500) })
        .collect();
    report(&machine.shell, &rows, Duration::from_secs(5));
    let text = machine.out.get();
    for part in [
        "an error is swallowed",
        "1.5 s  a and 2 more",
        "NOT CAUGHT",
        "1.5 s  d\n",
        "2 of 3 faults are caught, in 5.0 s",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let error = verdict(&rows, false).unwrap_err().to_string();
    assert!(error.contains("at least 3") && error.contains(faults[1].name), "{error}");
    assert!(verdict(&rows, true).unwrap_err().to_string().contains("at least 29"));
    assert!(verdict(&rows[2..], false).is_ok());
}
