use super::*;
use crate::tests::Machine;

#[test]
fn one_artifact_is_copied() {
    let machine = Machine::new().program("mvn", "");
    copy(&machine.shell, "g:a:1:zip", &machine.path("there")).unwrap();
    let expected = format!("mvn -q -B {PLUGIN}:copy -Dartifact=g:a:1:zip -DoutputDirectory=/W/there");
    assert_eq!(machine.calls(), [expected]);
}

#[test]
fn dependencies_come_by_a_project_that_needs_the_artifact() {
    let machine = Machine::new().program("mvn", "");
    copy_with_dependencies(&machine.shell, ["g", "a", "1"], &machine.path("there/lib")).unwrap();
    let expected = format!(
        "mvn -q -B -f /W/there/lib.pom.xml {PLUGIN}:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/W/there/lib"
    );
    assert_eq!(machine.calls(), [expected]);
    let project = fs::read_to_string(machine.path("there/lib.pom.xml")).unwrap();
    assert!(
        project.contains("<groupId>g</groupId><artifactId>a</artifactId><version>1</version>"),
        "{project}"
    );
}

#[test]
fn mavens_own_words_are_shown() {
    let machine = Machine::new().program("mvn", "echo '[ERROR] no such artifact'; exit 1");
    let error = copy(&machine.shell, "g:a:1:zip", &machine.path("there")).unwrap_err().to_string();
    assert!(error.ends_with("\n    [ERROR] no such artifact"), "{error}");
}

#[test]
fn without_maven_its_package_is_asked_for() {
    let error = copy(&Machine::new().shell, "g:a:1:zip", Path::new("/there")).unwrap_err().to_string();
    assert!(error.starts_with("cannot install maven: there is no apt-get here"), "{error}");
}
