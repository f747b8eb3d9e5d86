use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use bson::Document;

use super::*;
use crate::shell::line;
use crate::tests::Machine;

/// A server that answers one command after the other with these replies; gives back what it was asked.
fn server(replies: Vec<Document>) -> (u16, thread::JoinHandle<Vec<Document>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || replies.into_iter().map(|reply| answer(&listener, &reply)).collect();
    (port, thread::spawn(serve))
}

fn answer(listener: &TcpListener, reply: &Document) -> Document {
    let (mut stream, _) = listener.accept().unwrap();
    let mut head = [0; 21];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(i32::from_le_bytes(head[12..16].try_into().unwrap()), 2013);
    let length = usize::try_from(i32::from_le_bytes(head[..4].try_into().unwrap())).unwrap();
    let mut body = vec![0; length - 21];
    stream.read_exact(&mut body).unwrap();
    let reply = reply.to_vec().unwrap();
    let length = i32::try_from(21 + reply.len()).unwrap();
    let head = [length, 7, 1, 2013, 0].map(i32::to_le_bytes).concat();
    stream.write_all(&[&head[..], &[0], &reply].concat()).unwrap();
    Document::from_reader(&body[..]).unwrap()
}

#[test]
fn a_node_becomes_a_set_and_gets_its_user() {
    let replies = vec![
        doc! {"isWritablePrimary": false, "ok": 1.0},
        doc! {"ok": 1.0},
        doc! {"isWritablePrimary": true, "ok": 1.0},
        doc! {"ok": 1.0},
    ];
    let (port, asked) = server(replies);
    assert!(!ready(port) && ready(port));
    let asked = asked.join().unwrap();
    assert!(asked.iter().all(|command| command.get_str("$db").unwrap() == "admin"), "{asked:?}");
    let member = doc! {"_id": 0, "host": format!("127.0.0.1:{port}")};
    let set = doc! {"_id": "rs0", "members": [member]};
    assert_eq!(asked[1].get_document("replSetInitiate").unwrap(), &set);
    assert_eq!(asked[3].get_str("createUser").unwrap(), "root");
    assert_eq!(asked[3].get_str("pwd").unwrap(), "s3cret");
}

#[test]
fn it_is_ready_only_with_a_user_that_it_knows() {
    let primary = doc! {"isWritablePrimary": true, "ok": 1.0};
    for (made, wanted) in [(doc! {"ok": 0.0, "code": 13}, true), (doc! {"ok": 0.0, "code": 10107}, false)] {
        let (port, asked) = server(vec![primary.clone(), made.clone()]);
        assert_eq!(ready(port), wanted, "{made}");
        asked.join().unwrap();
    }
}

#[test]
fn what_answers_otherwise_is_not_ready() {
    for text in ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{5}\0\0\0x", ""] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = thread::spawn(move || listener.accept().unwrap().0.write_all(text.as_bytes()));
        assert!(!ready(port));
        other.join().unwrap().unwrap();
        assert!(!ready(port), "nobody listens any more");
    }
}

#[test]
fn the_server_there_is_is_copied_once() {
    let machine = Machine::new().program("mongod", "echo 'db version v6.0.5'; echo 'Build Info: {}'");
    let dir = machine.path("dir");
    let installed = install(&machine.shell, &dir).unwrap();
    let home = dir.join("mongod-6.0.5");
    let expected =
        Installed { version: "6.0.5".into(), home: home.clone(), runtime: machine.path("bin/mongod") };
    assert_eq!(installed, expected);
    let key = home.join("key").metadata().unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let made = home.join("mongod").metadata().unwrap().modified().unwrap();
    install(&machine.shell, &dir).unwrap();
    assert_eq!(home.join("mongod").metadata().unwrap().modified().unwrap(), made);
}

#[test]
fn a_version_that_is_none_is_told() {
    let machine = Machine::new().program("mongod", "echo hello");
    let error = install(&machine.shell, &machine.path("dir")).unwrap_err().to_string();
    assert!(error.contains("the version of") && error.contains("hello"), "{error}");
}

#[test]
fn it_runs_alone_on_loopback_with_users() {
    let machine = Machine::new();
    let installed = Installed { version: "6.0.5".into(), home: "/m".into(), runtime: "/".into() };
    let site = Site { dir: "/d".into(), run: "/d/run".into(), ports: [1, 2] };
    let text = line(&start(&machine.shell, &installed, &site).unwrap());
    for part in
        ["/m/mongod --dbpath /d/run --port 1", "--bind_ip 127.0.0.1", "--replSet rs0 --auth --keyFile /m/key"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_compose_file_has_the_same_user() {
    let file = Shell::from_process().root.join("docker/mongo/compose.yml");
    let text = fs::read_to_string(file).unwrap();
    for part in [
        format!("MONGO_INITDB_ROOT_USERNAME: {USER}\n"),
        format!("MONGO_INITDB_ROOT_PASSWORD: {PASSWORD}\n"),
        format!("- --username={USER}\n"),
        format!("- --password={PASSWORD}\n"),
        address(19_410),
    ] {
        assert!(text.contains(&part), "{part}");
    }
}
