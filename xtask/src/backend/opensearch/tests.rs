use super::*;
use crate::shell::line;
use crate::tests::Machine;

#[test]
fn the_jars_are_gathered_once_beside_the_program_that_runs_them() {
    let machine = Machine::new().jdk("jdk", "25.0.1").java_home("jdk").program("mvn", "");
    let dir = machine.path("dir");
    fs::create_dir(&dir).unwrap();
    let installed = install(&machine.shell, &dir).unwrap();
    assert_eq!(installed.home, dir.join("opensearch-3.5.0"));
    assert!(installed.home.join("lib").is_dir());
    assert!(fs::read_to_string(installed.home.join("Node.java")).unwrap().contains("class Node"));
    install(&machine.shell, &dir).unwrap();
    assert_eq!(machine.calls().len(), 1);
}

#[test]
fn it_runs_from_its_source_with_one_gigabyte() {
    let installed = Installed { version: VERSION.into(), home: "/os".into(), runtime: "/jdk".into() };
    let site = Site { dir: "/d".into(), run: "/d/run".into(), ports: [1, 2] };
    let command = start(&Machine::new().shell, &installed, &site).unwrap();
    let expected = "/jdk/bin/java -Xms1g -Xmx1g --add-modules jdk.incubator.vector -Djava.io.tmpdir=/d/run/tmp \
                    -cp /os/lib/* /os/Node.java /d/run 1 2";
    assert_eq!(line(&command), expected);
}
