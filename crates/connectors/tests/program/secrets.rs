//! No secret is printed, whatever goes wrong and however much is logged.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use crate::place::{Place, Run};

/// The password, the key and the token, and how they go over the wire.
const SECRETS: [&str; 6] =
    ["pa55-w0rd", "cGE1NS13MHJk", "YWRhOnBhNTUtdzByZA==", "aWQ6azN5LXZhbHVl", "k3y-value", "t0ken-value"];
const LOGINS: [&str; 3] = [
    "  username: ada\n  password: pa55-w0rd\n",
    "  api_key: aWQ6azN5LXZhbHVl\n",
    "  bearer_token: t0ken-value\n",
];
const CHECK: [&str; 3] = ["--log", "trace", "check"];

/// A server that answers everything with this status and all that it was sent.
fn echo(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, status);
        }
    });
    address
}

fn answer(mut stream: TcpStream, status: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut line) = (Vec::new(), String::new());
    while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
        head.push(std::mem::take(&mut line).trim().replace('"', ""));
    }
    let reason = format!("you sent {}", head.join(" "));
    let body = format!(r#"{{"error":{{"type":"security_exception","reason":"{reason}"}}}}"#);
    let length = body.len();
    let _ =
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
}

/// A port at which nobody listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn run(config: &str, arguments: &[&str]) -> Run {
    let place = Place::new();
    place.write("config.yml", config.as_bytes());
    place.run(arguments)
}

/// It failed, said what is expected, and nothing of the secrets.
fn silent(run: &Run, expected: &str) {
    let told = format!("{}{}", run.out, run.err);
    assert!(run.code != 0 && told.contains(expected), "{expected}: {told}");
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

fn elastic(host: &str, login: &str) -> String {
    format!("elasticsearch:\n  host: {host}\n  max_retries: 0\n{login}")
}

#[test]
fn a_server_that_refuses_or_echoes_leads_to_no_secret() {
    for (status, expected) in [
        ("401 Unauthorized", "does not know these credentials"),
        ("403 Forbidden", "lack a privilege"),
        ("500 Internal Server Error", "Elasticsearch failed"),
        ("200 OK", "not Elasticsearch"),
    ] {
        let host = echo(status);
        for login in LOGINS {
            silent(&run(&elastic(&format!("http://{host}"), login), &CHECK), expected);
        }
        silent(&run(&elastic(&format!("http://ada:pa55-w0rd@{host}"), ""), &CHECK), expected);
    }
}

#[test]
fn a_server_out_of_reach_or_without_tls_leads_to_no_secret() {
    for login in LOGINS {
        silent(&run(&elastic(&format!("http://{}", closed()), login), &CHECK), "did not answer");
        silent(&run(&elastic(&format!("https://{}", echo("200 OK")), login), &CHECK), "did not answer");
    }
    let host = format!("https://ada:pa55-w0rd@{}", closed());
    silent(&run(&elastic(&host, ""), &CHECK), "did not answer");
}

#[test]
fn wrong_settings_are_reported_without_their_secrets() {
    for (config, expected) in [
        ("elasticsearch: {host: 'http://h:1', password: 'pa55-w0rd${X'}", "not closed"),
        ("elasticsearch: {password: [pa55-w0rd}", "not YAML"),
        (
            "elasticsearch: {host: 'http://h:1', username: u, password: pa55-w0rd, api_key: k3y-value}",
            "one way",
        ),
        ("elasticsearch: {host: 'http://ada:pa55-w0rd@h:port'}", "expected an address"),
        ("elasticsearch: {host: 'http://h:1', password: {a: pa55-w0rd}}", "no such setting"),
        ("elasticsearch: {host: 'http://h:1', password: [[pa55-w0rd]]}", "expected a text"),
        ("elasticsearch: {host: 'http://h:1', passwort: pa55-w0rd}", "did you mean"),
        ("service: {log_level: '[pa55=w'}", "no filter"),
    ] {
        silent(&run(config, &["check"]), expected);
    }
    let option = ["check", "--es", "http://ada:pa55-w0rd@h:port"];
    silent(&run("{}", &option), "expected an address");
    let place = Place::new();
    let mut command = place.command(&["check"]);
    let by_variable = command.env("CONNECTORS_ES", "http://ada:pa55-w0rd@h:port").output().unwrap().into();
    silent(&by_variable, "expected an address");
}

#[test]
fn a_source_that_can_not_connect_tells_no_secret() {
    let uri =
        format!("mongodb://ada:pa55-w0rd@{}/?serverSelectionTimeoutMS=100&directConnection=true", closed());
    for (host, expected) in [
        (uri.as_str(), "mongo"),
        ("mongodb://ada:pa55-w0rd@h:port/", "mongo"),
        ("mongodb://ada:pa55-w0rd@h/?tls=maybe", "mongo"),
    ] {
        let host = format!("host={host}");
        let arguments =
            [&CHECK[..], &["mongo", "--set", &host, "--set", "database=d", "--set", "collection=c"]].concat();
        silent(&run("{}", &arguments), expected);
    }
}

#[test]
fn the_password_of_an_address_is_shown_by_no_command() {
    let place = Place::new();
    let host = "mongodb://ada:pa55-w0rd@h:1/?x=1";
    let values = ["--set", "database=d", "--set", "collection=c", "--set"];
    let told = |arguments: &[&str], code: i32| {
        for json in [&[][..], &["--json"]] {
            let run = place.run(&[arguments, json].concat());
            let told = format!("{}{}", run.out, run.err);
            assert!(!told.contains("pa55-w0rd"), "{arguments:?}: {told}");
            assert_eq!(run.code, code, "{arguments:?}: {told}");
        }
    };
    let create = |id: &str, index: &str| {
        let setting = format!("host={host}");
        let named = ["connector", "create", "mongodb", "--id", id, "--index", index];
        let run = place.run(&[&named[..], &values, &[setting.as_str()]].concat());
        assert!(
            run.code == 0 && !format!("{}{}", run.out, run.err).contains("pa55-w0rd"),
            "{}{}",
            run.out,
            run.err
        );
        assert!(run.out.contains("host = mongodb://***@h:1/?x=1"), "{}", run.out);
    };
    create("one", "one");
    create("two", "two");
    told(&["connector", "show", "one"], 0);
    told(&["connector", "list"], 0);
    told(&["connector", "update", "one", "--set", "host=mongodb://bob:pa55-w0rd@h"], 0);
    told(&["connector", "update", "one", "--set", "host=mongodb://bob:pa55-w0rd"], 0);
    let declared = "connectors: [{id: two, type: mongodb, index: two, settings: {host: 'mongodb://eve:pa55-w0rd@z', database: d, collection: c}}]";
    place.write("c.yml", declared.as_bytes());
    told(&["apply", "c.yml"], 2);
    told(&["apply", "c.yml", "--yes"], 0);
    let started = place.json(&["job", "start", "two"]);
    told(&["job", "show", started["id"].as_str().unwrap()], 0);
}

#[test]
fn an_address_that_is_half_typed_leads_to_no_secret() {
    for es in [
        "elastic:pa55-w0rd@host:1",
        "http://elastic:pa55-w0rd",
        "http://pa55-w0rd@h:port",
        "http://u:pa55-w0rd/x@h:1",
    ] {
        silent(&run("{}", &["check", "--es", es]), "");
        silent(&run(&elastic(&format!("'{es}'"), ""), &["check"]), "");
        silent(&run("{}", &["login", "--host", es]), "");
    }
    for host in [
        "mongodb://ada:pa55-w0rd",
        "ada:pa55-w0rd@",
        "mongodb://ada:pa55-w0rd/x",
        "mongodb+srv://ada:pa55-w0rd@h:1",
    ] {
        let host = format!("host={host}");
        let arguments =
            [&CHECK[..], &["mongodb", "--set", &host, "--set", "database=d", "--set", "collection=c"]]
                .concat();
        silent(&run("{}", &arguments), "");
    }
}
