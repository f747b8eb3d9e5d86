//! Pages of other sites, and requests as no browser sends them: none of them reads or writes.
#![expect(clippy::unwrap_used, reason = "a test ends with what it cannot reach")]

use elastic_embedded::{Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BODY: &str = "{\"x\":1}";

/// The status of the answer to a request as it goes over the wire.
async fn status(address: &str, head: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = BODY.len();
    let request = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{BODY}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

/// Who asks, the headers after the line of a `POST` to `/a/_doc`, and the answer. `$own` is the server's own host.
const REFUSED: [(&str, &str, u16); 13] = [
    ("a name that leads to loopback", "Host: evil.example:$port|$json", 403),
    ("a name that begins like ours", "Host: $own.evil.example|$json", 403),
    ("our name without its port", "Host: 127.0.0.1|$json", 403),
    ("another site", "Host: $own|Origin: http://evil.example|$json", 403),
    ("a sandboxed page or a file", "Host: $own|Origin: null|$json", 403),
    ("another port of this machine", "Host: $own|Origin: http://127.0.0.1:1|$json", 403),
    ("two origins", "Host: $own|Origin: http://$own|Origin: http://evil.example|$json", 403),
    ("two hosts", "Host: $own|Host: evil.example|$json", 403),
    ("a form", "Host: $own|Content-Type: application/x-www-form-urlencoded", 406),
    ("a form with files", "Host: $own|Content-Type: multipart/form-data; boundary=x", 406),
    ("text", "Host: $own|Content-Type: text/plain;application/json", 406),
    ("no type", "Host: $own", 406),
    ("two types", "Host: $own|Content-Type: text/plain|$json", 406),
];

/// The same with the line of the request.
const ODD: [(&str, &str, u16); 4] = [
    ("a proxy's line", "POST http://evil.example/a/_doc HTTP/1.1|Host: $own|$json", 403),
    ("a proxy's line for us", "POST http://$own/a/_doc HTTP/1.1|Host: evil.example|$json", 403),
    ("HTTP/1.0 without a host", "POST /a/_doc HTTP/1.0|$json", 403),
    ("a question before", "OPTIONS /a/_doc HTTP/1.1|Host: $own|Origin: http://evil.example|$json", 403),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_another_site_and_no_odd_request_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let url = server.url();
    let own = url.strip_prefix("http://").unwrap().to_owned();
    let port = own.split(':').nth(1).unwrap();
    let head = |lines: &str| {
        let lines = lines.replace("$json", "Content-Type: application/json");
        lines.replace("$own", &own).replace("$port", port).replace('|', "\r\n") + "\r\n"
    };
    let post = |headers: &str| head(&format!("POST /a/_doc HTTP/1.1|{headers}"));
    for (who, headers, expected) in REFUSED {
        assert_eq!(status(&own, &post(headers)).await, expected, "{who}");
    }
    for (who, lines, expected) in ODD {
        assert_eq!(status(&own, &head(lines)).await, expected, "{who}");
    }
    assert_eq!(reqwest::get(format!("{url}/a")).await.unwrap().status().as_u16(), 404, "nothing was written");
    assert_eq!(status(&own, &post("Host: $own|Origin: http://$own|$json")).await, 201);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_loopback_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let url = server.url();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(url, format!("http://127.0.0.1:{port}"));
    // A server on all addresses would hold the port of these too.
    for other in [std::net::Ipv4Addr::new(127, 0, 0, 2), std::net::Ipv4Addr::new(127, 1, 2, 3)] {
        let listener = std::net::TcpListener::bind((other, port));
        assert!(listener.is_ok(), "{other}: {listener:?}");
    }
    server.stop().await.unwrap();
}
