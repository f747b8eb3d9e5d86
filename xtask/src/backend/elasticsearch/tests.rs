use super::*;
use crate::shell::line;
use crate::tests::Machine;

/// A machine with this JDK, and a Maven Central that has every version.
fn machine(java: &str) -> Machine {
    Machine::new()
        .jdk("jdk", java)
        .java_home("jdk")
        .program(
            "mvn",
            "for word; do folder=${word#-DoutputDirectory=}; done; mkdir -p $folder; touch $folder/it.zip",
        )
        .program("unzip", "mkdir -p \"$4/$(basename \"$2\" .zip)/bin\"")
}

#[test]
fn the_distribution_is_unpacked_once() {
    let machine = machine("25.0.1");
    let dir = machine.path("dir");
    let installed = install(&machine.shell, &dir).unwrap();
    let home = dir.join("elasticsearch-9.5.3");
    assert_eq!(
        installed,
        Installed { version: "9.5.3".into(), home: home.clone(), runtime: machine.path("jdk") }
    );
    assert!(home.join("bin").is_dir() && !dir.join("download").exists());
    let calls = machine.calls();
    assert!(calls[0].contains("elasticsearch:9.5.3:zip"), "{calls:?}");
    assert_eq!(calls[1], "unzip -qo /W/dir/download/elasticsearch-9.5.3.zip -d /W/dir/download");

    install(&machine.shell, &dir).unwrap();
    assert_eq!(machine.calls().len(), 2);
}

#[test]
fn an_older_java_gets_the_last_version_for_it() {
    let machine = machine("17.0.15");
    let (version, java) = choose(&machine.shell, &machine.path("jvm")).unwrap();
    assert_eq!((version, java.major), ("8.17.3", 17));
    let note = machine.err.get();
    assert!(
        note.contains("taking 8.17.3 instead of 9.5.3: a JDK 21 or newer is needed, found: [17]"),
        "{note}"
    );
}

#[test]
fn a_java_that_is_too_old_for_all_is_an_error() {
    let machine = machine("11.0.2");
    let error = choose(&machine.shell, &machine.path("jvm")).unwrap_err().to_string();
    assert!(error.starts_with("a JDK 21 or newer is needed, found: [11]"), "{error}");
}

#[test]
fn it_runs_alone_on_loopback_with_one_gigabyte() {
    let machine = Machine::new();
    let installed = Installed { version: VERSION.into(), home: "/es".into(), runtime: "/jdk".into() };
    let site = Site { dir: "/d".into(), run: "/d/run".into(), ports: [1, 2] };
    let command = start(&machine.shell, &installed, &site).unwrap();
    let text = line(&command);
    assert!(
        text.starts_with("/es/bin/elasticsearch -E http.port=1 -E transport.port=2 -E path.data=/d/run/data"),
        "{text}"
    );
    for setting in ["network.host=127.0.0.1", "discovery.type=single-node", "xpack.security.enabled=false"] {
        assert!(text.contains(&format!(" -E {setting}")), "{text}");
    }
    let variable = |name: &str| command.get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value);
    assert_eq!(variable("ES_JAVA_HOME"), Some("/jdk".as_ref()));
    assert_eq!(variable("ES_JAVA_OPTS"), Some("-Xms1g -Xmx1g".as_ref()));
    assert_eq!(variable("ES_TMPDIR"), Some("/d/run/tmp".as_ref()));
}
