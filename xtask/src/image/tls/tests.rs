use super::*;
use crate::tests::Machine;

/// A machine whose `openssl` makes certificates, serves until its input ends, and lets a client in once it serves.
fn machine() -> Machine {
    let machine = Machine::new();
    let calls = machine.path("calls").display().to_string();
    let openssl = format!(
        "case $1 in s_server) exec cat > /dev/null ;; s_client) grep -q s_server '{calls}' || exit 1 ;; esac"
    );
    machine.program("openssl", &openssl)
}

#[test]
fn each_request_gets_one_answer() {
    let mut replies = Vec::new();
    answer(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET"[..], &mut replies);
    let text = String::from_utf8(replies).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 2);
    let (_, body) = text.rsplit_once("\r\n\r\n").unwrap();
    assert_eq!(body, ANSWER);
    assert!(text.contains(&format!("Content-Length: {}\r\n", body.len())));
}

#[test]
fn it_is_certified_started_probed_and_ended() {
    let machine = machine();
    drop(Server::start(&machine.shell, machine.folder.path(), 19_999).unwrap());
    let mut calls = machine.calls();
    // Clients are sent until the server serves, the first one at the same time.
    calls[3..].sort();
    calls.dedup();
    let begins =
        ["req -x509", "req -new", "x509 -req", "s_client -connect 127.0.0.1:19999", "s_server -quiet"];
    assert_eq!(calls.len(), begins.len(), "{calls:?}");
    for (call, begin) in calls.iter().zip(begins) {
        assert!(call.starts_with(&format!("openssl {begin}")), "{call}");
    }
    let request = fs::read_to_string(machine.path("request.cnf")).unwrap();
    assert!(request.contains("DNS:localhost, DNS:*.image.test"), "{request}");
}

#[test]
fn a_certificate_that_cannot_be_made_is_told() {
    let machine = Machine::new().program("openssl", "echo no entropy >&2; exit 1");
    let error = Server::start(&machine.shell, machine.folder.path(), 19_999).err().unwrap().to_string();
    assert!(error.contains("openssl req -x509") && error.ends_with("no entropy"), "{error}");
}
