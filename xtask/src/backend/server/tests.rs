use super::*;
use crate::tests::Machine;

#[test]
fn a_record_is_read_as_it_was_written() {
    let machine = Machine::new();
    let file = machine.path("server.json");
    assert_eq!(Server::read(&file).unwrap(), None);
    let process = Some(Identity { pid: 4, began: 5, marker: "/there".into() });
    let server = Server { url: "http://127.0.0.1:1".into(), process, ..Server::stopped("it", "2") };
    server.write(&file).unwrap();
    assert_eq!(Server::read(&file).unwrap(), Some(server));
}

#[test]
fn a_damaged_record_is_named() {
    let machine = Machine::new();
    let file = machine.path("server.json");
    fs::write(&file, "{").unwrap();
    let error = Server::read(&file).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot understand {}", file.display())), "{error}");
    let error = Server::default().write(&machine.path("no/folder")).unwrap_err().to_string();
    assert!(error.starts_with("cannot write "), "{error}");
}
