use super::*;
use crate::image::plan::tests::good;
use crate::tests::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("target/release")).unwrap();
    fs::write(machine.path("target/release/connectors"), "12345").unwrap();
    fs::write(machine.path("config.yml"), "abc").unwrap();
    machine
}

#[test]
fn files_and_folders_lie_where_the_image_has_them() {
    let machine = machine();
    let root = machine.path("root");
    fs::create_dir_all(root.join("left/over")).unwrap();
    assert_eq!(lay(&machine.shell, &good(), &root).unwrap(), 8);
    assert_eq!(fs::read_to_string(root.join("usr/bin/connectors")).unwrap(), "12345");
    assert_eq!(fs::read_to_string(root.join("etc/connectors/config.yml")).unwrap(), "abc");
    for folder in ["data", "tmp"] {
        let metadata = fs::metadata(root.join(folder)).unwrap();
        assert_eq!((metadata.is_dir(), metadata.permissions().mode() & 0o7777), (true, 0o1777));
    }
    assert!(!root.join("left").exists());
}

#[test]
fn a_target_without_a_slash_is_the_file_itself_and_others_come_from_this_machine() {
    let (machine, mut plan) = (machine(), good());
    let certificates = machine.path("certificates");
    fs::write(&certificates, "pem").unwrap();
    let sources = vec![certificates.to_str().unwrap().to_owned()];
    plan.copies = vec![Copy { is_made: true, sources, target: "/etc/all.pem".into() }];
    assert_eq!(lay(&machine.shell, &plan, &machine.path("root")).unwrap(), 3);
    assert_eq!(fs::read_to_string(machine.path("root/etc/all.pem")).unwrap(), "pem");
}

#[test]
fn what_is_not_there_is_named() {
    let machine = machine();
    fs::remove_file(machine.path("config.yml")).unwrap();
    let error = lay(&machine.shell, &good(), &machine.path("root")).unwrap_err().to_string();
    assert!(error.starts_with("the image holds config.yml, and there is no file "), "{error}");
    assert!(error.contains("fix: correct the COPY in docker/Dockerfile"), "{error}");
}

#[test]
fn folders_are_those_strictly_below_what_is_copied() {
    assert_eq!(below("/made/data", "/made/"), Some("data"));
    assert_eq!(below("/made/data", "/made"), Some("data"));
    assert_eq!(below("/madeup/data", "/made"), None);
    assert_eq!(below("/made/data", "/other"), None);
}
