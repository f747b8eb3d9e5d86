use super::*;
use crate::tests::Machine;

#[test]
fn root_installs_the_first_package_that_is_known() {
    let machine = Machine::new().root().program("apt-get", "").program("apt-cache", "[ \"$2\" = second ]");
    assert_eq!(install_first(&machine.shell, &["first", "second"]).unwrap(), "second");
    let expected = [
        "apt-get update -qq",
        "apt-cache show first",
        "apt-cache show second",
        "apt-get install -y -qq --no-install-recommends second",
    ];
    assert_eq!(machine.calls(), expected);
}

#[test]
fn others_go_through_sudo() {
    let machine = Machine::new().program("sudo", "").program("apt-get", "").program("apt-cache", "");
    install_first(&machine.shell, &["it"]).unwrap();
    assert_eq!(
        machine.calls()[0],
        "sudo --non-interactive DEBIAN_FRONTEND=noninteractive apt-get update -qq"
    );
}

#[test]
fn each_way_to_fail_has_its_own_words() {
    let words = |machine: Machine| install_first(&machine.shell, &["a", "b"]).unwrap_err().to_string();
    assert!(words(Machine::new()).starts_with("cannot install a or b: there is no apt-get here"));
    let unprivileged = Machine::new().program("apt-get", "");
    assert!(words(unprivileged).starts_with("cannot install a or b: apt-get needs root or sudo"));
    let unknown = Machine::new().root().program("apt-get", "").program("apt-cache", "exit 100");
    assert!(words(unknown).contains("package lists do not have it\n  fix: install a or b yourself"));
    let offline = Machine::new().root().program("apt-get", "echo no network >&2; exit 100");
    assert!(words(offline).ends_with("\n    no network"));
}

#[test]
fn a_program_that_is_there_needs_no_package() {
    let machine = Machine::new().program("unzip", "");
    assert_eq!(program(&machine.shell, "unzip", "unzip").unwrap(), machine.path("bin/unzip"));
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn a_package_that_does_not_bring_its_program_is_an_error() {
    let machine = Machine::new().root().program("apt-get", "").program("apt-cache", "");
    let error = program(&machine.shell, "unzip", "unzip").unwrap_err().to_string();
    assert!(error.starts_with("cannot install unzip: the package does not hold the program"), "{error}");
}
