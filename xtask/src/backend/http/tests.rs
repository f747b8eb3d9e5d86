use std::net::TcpListener;

use super::*;

/// Answers one request with `answer`, and returns what `ask` made of it.
fn answered<T>(answer: &'static str, ask: impl FnOnce(u16) -> T) -> T {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let result = ask(port);
    assert!(server.join().unwrap().starts_with("GET /_cluster/health HTTP/1.1\r\n"));
    result
}

#[test]
fn status_and_body_are_told_apart() {
    let answer = answered("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nnothing\r\n\r\nhere", |port| {
        get(port, "/_cluster/health")
    });
    assert_eq!(answer.unwrap(), (404, "nothing\r\n\r\nhere".into()));
}

#[test]
fn another_protocol_is_an_error() {
    let answer = answered("220 mail.example ESMTP\r\n\r\n", |port| get(port, "/_cluster/health"));
    assert_eq!(answer.unwrap_err().to_string(), "the answer is not HTTP");
}

#[test]
fn only_a_working_cluster_is_healthy() {
    let cases = [
        ("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"green\"}", true),
        ("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"yellow\"}", true),
        ("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"red\"}", false),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"green\"}", false),
    ];
    for (answer, healthy) in cases {
        assert_eq!(answered(answer, cluster_is_healthy), healthy, "{answer}");
    }
}
