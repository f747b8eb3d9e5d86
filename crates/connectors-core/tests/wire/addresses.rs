//! Wrong addresses and what stands in the way of the right one, each with its cause and what to do.

use std::time::Duration;

use connectors_core::elastic::{Client, Settings};
use connectors_core::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::certificates::{acceptor, authority, encrypted};
use crate::support::{Fake, Manner, settings};

/// A port where each request gets this answer.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

const LOGIN: &str = "HTTP/1.1 302 Found\r\nlocation: /login/pa55?token=s3cret\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
const DENIED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// What some servers answer to a request without TLS at a port that speaks it.
const PLAIN: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 6\r\nconnection: close\r\n\r\nHTTPS!";

async fn refused(settings: Settings) -> Error {
    Client::connect(settings).await.unwrap_err()
}

async fn named(cases: impl IntoIterator<Item = (String, ErrorKind, &'static str)>) {
    for (host, kind, words) in cases {
        let error = refused(settings(&host)).await;
        let shown = error.to_string();
        assert!(shown.contains(words), "{host}: {shown}");
        assert_eq!(error.kind(), kind, "{host}: {shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("pa55"), "{shown}");
    }
}

#[tokio::test]
async fn each_mistake_about_the_address_is_named_with_its_cause_and_its_fix() {
    use ErrorKind::{Config, Denied, Transient};
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (login, page) = (answering(LOGIN).await, answering(PAGE).await);
    let (denied, plain) = (answering(DENIED).await, answering(PLAIN).await);
    named([
        (format!("http://{closed}"), Transient, "nothing listens at this address; see that it runs"),
        ("http://nowhere.invalid:9200".into(), Transient, "the host was not found; see"),
        (format!("http://ada:pa55@{login}"), Config, "redirects requests, as a login page"),
        (format!("http://{page}"), Config, "a web page answers, such as Kibana or a login"),
        (format!("http://{denied}"), Denied, "asks for credentials, and none are set; set elastic"),
        (format!("http://ada:pa55@{denied}"), Denied, "does not know these credentials; see elastic"),
        (format!("http://{plain}"), Config, "Elasticsearch refused the request"),
        ("ftp://127.0.0.1:21".into(), Config, "has to begin with http:// or https://"),
    ])
    .await;
}

#[tokio::test]
async fn each_mistake_about_tls_is_named_with_its_cause_and_its_fix() {
    let fake = Fake::start(Manner::default()).await;
    let ((issuer, _), (_, other)) = (authority(), authority());
    let tls = encrypted(fake.address.clone(), acceptor(&issuer)).await.port();
    let config = ErrorKind::Config;
    named([
        (format!("https://{}", fake.address), config, "does not speak TLS at this port; write http://"),
        (format!("http://127.0.0.1:{tls}"), config, "speaks TLS at this port; write https://"),
        (format!("https://127.0.0.1:{tls}"), config, "authority's certificate in elasticsearch.ca_certs"),
    ])
    .await;
    for (host, words) in
        [("127.0.0.1", "in elasticsearch.ca_certs holds the authority"), ("localhost", "trusted")]
    {
        let mut settings = settings(&format!("https://{host}:{tls}"));
        settings.ca_certs = Some(other.clone());
        let shown = refused(settings).await.to_string();
        assert!(shown.contains(words), "{host}: {shown}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_no_matter_of_trust() {
    let fake = Fake::start(Manner::default()).await;
    let (issuer, ca) = authority();
    let tls = encrypted(fake.address.clone(), acceptor(&issuer)).await.port();
    let mut settings = settings(&format!("https://localhost:{tls}"));
    settings.ca_certs = Some(ca);
    let error = refused(settings).await;
    assert!(error.to_string().contains("for another host name; write the name"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_ten_seconds_or_sooner_where_the_settings_say_so() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    for (timeout, waited) in [(240, 10), (3, 3)] {
        let mut settings = settings(&host);
        settings.timeout = Duration::from_secs(timeout);
        let begun = Instant::now();
        let error = refused(settings).await;
        assert!(error.to_string().contains("no answer came in time; see that it runs"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Transient);
        assert_eq!(begun.elapsed().as_secs(), waited);
    }
}
