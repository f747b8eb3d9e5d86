use super::*;
use crate::tests::Machine;

const TOOL: Tool =
    Tool { name: "cargo-thing", version: "1.2.3", wheel: "thing-wheel", sha256: ["aa", "bb", "cc"] };
const RIGHT: &str = "echo 'cargo-thing 1.2.3 (abc)'";
const WRONG: &str = "echo 'cargo-thing 1.2.30'";

/// A script that lays the program into the folder after `flag`.
fn installing(flag: &str, program: &str) -> String {
    format!(
        "while [ \"$1\" != {flag} ]; do shift; done; mkdir -p \"$2/bin\"; \
         printf '#!/bin/sh\\n{program}' > \"$2/bin/cargo-thing\"; chmod 755 \"$2/bin/cargo-thing\"",
        program = program.replace('\'', "\"")
    )
}

#[test]
fn the_right_version_on_the_search_path_is_taken() {
    let machine = Machine::new().program("cargo-thing", RIGHT).program("pip", "");
    assert_eq!(ensure(&machine.shell, &TOOL).unwrap(), machine.path("bin/cargo-thing"));
    assert_eq!(machine.calls(), ["cargo-thing thing --version"]);
}

#[test]
fn another_version_on_the_search_path_is_not_taken() {
    let machine =
        Machine::new().program("cargo-thing", WRONG).program("pip3", &installing("--target", RIGHT));
    let program = ensure(&machine.shell, &TOOL).unwrap();
    assert_eq!(program, machine.path("target/tools/cargo-thing-1.2.3/bin/cargo-thing"));
    let list = fs::read_to_string(machine.path("target/tools/cargo-thing-1.2.3/requirements.txt")).unwrap();
    assert_eq!(list, "thing-wheel==1.2.3 --hash=sha256:aa --hash=sha256:bb --hash=sha256:cc\n");
    assert!(
        machine.calls()[1].starts_with("pip3 install --quiet --no-deps --only-binary :all: --require-hashes")
    );

    ensure(&machine.shell, &TOOL).unwrap();
    assert_eq!(machine.calls().iter().filter(|call| call.starts_with("pip3")).count(), 1);
}

#[test]
fn without_pip_the_tool_is_compiled() {
    let machine = Machine::new().program("cargo", &installing("--root", RIGHT));
    ensure(&machine.shell, &TOOL).unwrap();
    let expected =
        "cargo install cargo-thing --locked --quiet --version 1.2.3 --root /W/target/tools/cargo-thing-1.2.3";
    assert_eq!(machine.calls(), [expected]);
    assert!(
        machine.err.get().contains("no ready-made binary (cannot install python3-pip"),
        "{}",
        machine.err.get()
    );
}

#[test]
fn a_wheel_with_another_version_is_not_trusted() {
    let machine = Machine::new()
        .program("pip", &installing("--target", WRONG))
        .program("cargo", &installing("--root", RIGHT));
    ensure(&machine.shell, &TOOL).unwrap();
    assert!(machine.err.get().contains("the wheel holds another version"));
}

#[test]
fn when_nothing_helps_the_error_tells_what_to_type() {
    let failing = Machine::new().program("pip", "exit 1").program("cargo", "exit 101");
    let error = ensure(&failing.shell, &TOOL).unwrap_err().to_string();
    assert!(error.starts_with("cargo-thing 1.2.3 cannot be had: "), "{error}");
    assert!(error.ends_with("fix: cargo install cargo-thing --locked --version 1.2.3"), "{error}");
    let other = Machine::new().program("pip", "exit 1").program("cargo", &installing("--root", WRONG));
    assert!(ensure(&other.shell, &TOOL).unwrap_err().to_string().contains("another version was built"));
}

#[test]
fn every_tool_has_three_checksums_of_full_length() {
    for tool in [LLVM_COV, NEXTEST, DENY] {
        assert!(
            tool.sha256.iter().all(|sum| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
        );
    }
}
