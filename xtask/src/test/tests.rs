use super::*;
use crate::tests::Machine;

/// A machine whose cargo writes a report in which `covered` of the ten lines of `crates/a` ran.
fn machine(covered: u64) -> Machine {
    let machine = Machine::new()
        .var("LLVM_COV", "/llvm/cov")
        .var("LLVM_PROFDATA", "/llvm/profdata")
        .program("mongod", "")
        .program("cargo-llvm-cov", "echo cargo-llvm-cov 0.9.1")
        .program("cargo-nextest", "echo cargo-nextest 0.9.148");
    for member in ["crates/a", "xtask"] {
        fs::create_dir_all(machine.path(member)).unwrap();
        fs::write(machine.path(member).join("Cargo.toml"), "").unwrap();
    }
    fs::create_dir(machine.path("crates/no-crate")).unwrap();
    let report = format!(
        r#"{{"data":[{{"files":[{{"filename":"{}","segments":[[7,1,0,true,true,false],[7,9,0,false,false,false]],
        "summary":{{"lines":{{"count":10,"covered":{covered}}}}}}}]}}]}}"#,
        machine.path("crates/a/src/lib.rs").display()
    );
    let body = format!(
        "echo \"  $LLVM_COV ${{MONGOD##*/}} $CARGO_LLVM_COV_SETUP $LLVM_PROFILE_FILE\" >> '{}'\n\
         case $2 in\n\
         nextest) while [ $# -gt 0 ] && [ $1 != --output-path ]; do shift; done; [ -z \"$2\" ] || echo '{report}' > $2 ;;\n\
         show-env) echo \"RUSTC_WRAPPER='/x/it'\\\\''s'\" ;;\n\
         esac",
        machine.path("calls").display(),
    );
    machine.program("cargo", &body)
}

#[test]
fn a_full_run_tests_once_then_documentation_then_judges() {
    let machine = machine(9);
    run(&machine.shell, &[]).unwrap();
    let calls = machine.calls();
    let expected = [
        "cargo llvm-cov nextest --no-cfg-coverage --locked --workspace --no-fail-fast --json --output-path \
         /W/target/coverage/coverage.json",
        "  /llvm/cov mongod no ",
        "cargo llvm-cov show-env --no-cfg-coverage",
        "  /llvm/cov mongod no ",
        "cargo test --doc --workspace --locked --quiet",
        "  /llvm/cov mongod no /W/target/llvm-cov-target/doc-%p.profraw",
    ];
    assert_eq!(calls[3..], expected);
    let table = machine.out.get();
    assert!(table.contains("crates/a           9/10   90.00 %"), "{table}");
    assert!(table.contains("xtask"), "{table}");
    assert!(!table.contains("no-crate"), "{table}");
    assert!(report_file(&machine.shell).is_file());
}

#[test]
fn too_little_coverage_fails_and_names_the_lines() {
    let machine = machine(8);
    let error = run(&machine.shell, &[]).unwrap_err();
    assert!(matches!(error, Error::Gate(_)));
    let text = error.to_string();
    assert!(text.starts_with("crates/a: 80.00 %") && text.ends_with("crates/a/src/lib.rs: 7"), "{text}");
    assert!(machine.out.get().contains("80.00 %"));
}

#[test]
fn chosen_tests_run_without_report_and_gate() {
    for (arguments, scope) in [("deletes", "--workspace "), ("-p a deletes", ""), ("--package=a", "")] {
        let machine = machine(0);
        let chosen: Vec<String> = ["--"].into_iter().chain(arguments.split(' ')).map(str::to_owned).collect();
        run(&machine.shell, &chosen).unwrap();
        let expected =
            format!("cargo llvm-cov nextest --no-cfg-coverage --locked {scope}--no-report {arguments}");
        assert_eq!(machine.calls()[3], expected);
        assert_eq!(machine.out.get(), "");
    }
}

#[test]
fn arguments_without_their_dashes_are_refused() {
    let error = run(&Machine::new().shell, &["-p".into()]).unwrap_err().to_string();
    assert_eq!(error, "unexpected `-p`; arguments for nextest come after --");
}

#[test]
fn shell_quotes_are_taken_off() {
    let text = "export A='b c'\nD='it'\\''s'\nE=f\nno variable\n";
    let expected = [("A", "b c"), ("D", "it's"), ("E", "f")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(variables(text), expected);
}
