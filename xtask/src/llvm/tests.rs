use super::*;
use crate::tests::Machine;

const VERSION: &str = "rustc 1.95.0 (abc 2026-04-14)\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";

/// A machine with a compiler of LLVM 22, whose sysroot is the folder `sysroot`.
fn machine() -> Machine {
    let machine = Machine::new();
    let sysroot = machine.path("sysroot");
    let body = format!("if [ $1 = -vV ]; then echo '{VERSION}'; else echo '{}'; fi", sysroot.display());
    machine.program("rustc", &body)
}

fn component(machine: &Machine) -> Llvm {
    let folder = machine.path("sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin");
    Llvm { cov: folder.join("llvm-cov"), profdata: folder.join("llvm-profdata") }
}

#[test]
fn the_environment_comes_first() {
    let machine = Machine::new().var("LLVM_COV", "/x/cov").var("LLVM_PROFDATA", "/x/profdata");
    let expected = Llvm { cov: "/x/cov".into(), profdata: "/x/profdata".into() };
    assert_eq!(ensure(&machine.shell).unwrap(), expected);
}

#[test]
fn an_installed_component_is_used() {
    let machine = machine();
    machine.script(component(&machine).cov, "");
    machine.script(component(&machine).profdata, "");
    assert_eq!(ensure(&machine.shell).unwrap(), component(&machine));
}

#[test]
fn programs_of_the_same_major_version_are_used() {
    let machine =
        machine().program("llvm-cov-22", "").program("llvm-profdata-22", "").program("llvm-cov", "");
    let expected =
        Llvm { cov: machine.path("bin/llvm-cov-22"), profdata: machine.path("bin/llvm-profdata-22") };
    assert_eq!(ensure(&machine.shell).unwrap(), expected);
}

#[test]
fn rustup_is_asked_for_the_component() {
    let machine = machine();
    let folder = component(&machine).cov.with_file_name("");
    let body = format!("mkdir -p '{0}'; touch '{0}/llvm-cov' '{0}/llvm-profdata'", folder.display());
    let machine = machine.program("rustup", &body);
    assert_eq!(ensure(&machine.shell).unwrap(), component(&machine));
    assert!(machine.calls().contains(&"rustup component add llvm-tools".to_owned()));
}

#[test]
fn debian_is_asked_when_rustup_cannot() {
    let machine = machine().root().program("rustup", "exit 1").program("apt-cache", "");
    let install = format!(
        "if [ $1 = install ]; then for name in llvm-cov llvm-profdata; do \
         printf '#!/bin/sh' > '{0}'/$name-22; chmod 755 '{0}'/$name-22; done; fi",
        machine.path("bin").display()
    );
    let machine = machine.program("apt-get", &install);
    assert_eq!(ensure(&machine.shell).unwrap().cov, machine.path("bin/llvm-cov-22"));
    assert!(machine.calls().contains(&"apt-get install -y -qq --no-install-recommends llvm-22".to_owned()));
}

#[test]
fn rustup_is_left_alone_where_set_up_is_forbidden() {
    let machine = machine().program("rustup", "").var("CARGO_LLVM_COV_SETUP", "no");
    let error = ensure(&machine.shell).unwrap_err().to_string();
    assert!(error.contains("rustup: not asked, for CARGO_LLVM_COV_SETUP=no"), "{error}");
    assert!(error.contains("Debian's llvm-22: cannot install llvm-22: there is no apt-get here"), "{error}");
    assert!(
        error.contains("fix: `rustup component add llvm-tools`, or install llvm-22, or set LLVM_COV"),
        "{error}"
    );
    assert!(machine.calls().iter().all(|call| !call.starts_with("rustup")));
}

#[test]
fn an_answer_without_its_llvm_is_not_understood() {
    let machine = Machine::new().program("rustc", "echo rustc 1.0");
    let error = ensure(&machine.shell).unwrap_err().to_string();
    assert_eq!(error, "cannot understand the answer of `rustc -vV`: rustc 1.0");
}
