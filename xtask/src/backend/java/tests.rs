use super::*;
use crate::tests::Machine;

fn versions(found: &[Java]) -> Vec<u32> {
    found.iter().map(|java| java.major).collect()
}

#[test]
fn the_named_home_comes_first_then_the_newest() {
    let machine = Machine::new().jdk("jvm/a", "17.0.15").jdk("jvm/b", "25").jdk("jvm/c", "21-ea");
    let machine = machine.jdk("own", "22.0.1+8").java_home("own");
    let found = installed(&machine.shell, &machine.path("jvm"));
    assert_eq!(versions(&found), [22, 25, 21, 17]);
    assert_eq!(choose(&found, 21).unwrap().home, machine.path("own"));
    assert_eq!(choose(&found, 23).unwrap().home, machine.path("jvm/b"));
    assert_eq!(choose(&found, 26), None);
}

#[test]
fn what_has_no_compiler_or_no_version_is_no_jdk() {
    let machine = Machine::new().jdk("jvm/broken", "x").jdk("jvm/jre", "25");
    fs::remove_file(machine.path("jvm/jre/bin/javac")).unwrap();
    assert_eq!(installed(&machine.shell, &machine.path("jvm")), []);
    assert_eq!(installed(&machine.shell, &machine.path("no/folder")), []);
}

#[test]
fn a_package_is_installed_when_all_are_too_old() {
    let machine = Machine::new().jdk("jvm/old", "17.0.1").jdk("package", "25.0.1").root();
    let (from, to) = (machine.path("package"), machine.path("jvm/new"));
    let body = format!("[ $1 != install ] || cp -r '{}' '{}'", from.display(), to.display());
    let machine = machine.program("apt-get", &body).program("apt-cache", "[ $2 = openjdk-21-jdk-headless ]");
    assert_eq!(at_least(&machine.shell, &machine.path("jvm"), 21).unwrap().home, to);
}

#[test]
fn without_any_the_error_tells_what_was_found() {
    let machine = Machine::new().jdk("jvm/old", "17.0.1");
    let error = at_least(&machine.shell, &machine.path("jvm"), 21).unwrap_err().to_string();
    assert!(
        error.starts_with("a JDK 21 or newer is needed, found: [17]; cannot install openjdk-25"),
        "{error}"
    );
    assert!(error.ends_with("fix: install a newer JDK and set JAVA_HOME to its folder"), "{error}");

    let useless = Machine::new().root().program("apt-get", "").program("apt-cache", "");
    let error = at_least(&useless.shell, &useless.path("jvm"), 21).unwrap_err().to_string();
    assert!(error.contains("found: []; openjdk-25-jdk-headless did not bring one"), "{error}");
}
