//! Servers that are real processes with a real port, and small: this test program, run again as a server.

mod lasts;
mod machines;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;

const PORT: &str = "FAKE_SERVER_PORT";
/// What `serves` answers.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nup";

/// A machine without any program but those that are put there.
pub(super) struct Place {
    folder: tempfile::TempDir,
    pub(super) machine: Machine,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let temporary = root.join("tmp");
        fs::create_dir(&temporary).unwrap();
        // All tests choose their ports one after the other, with all other servers of the machine.
        let lock = "connectors-backend-ports.lock";
        std::os::unix::fs::symlink(std::env::temp_dir().join(lock), temporary.join(lock)).unwrap();
        let machine = Machine {
            environment: vec![("PATH".into(), root.join("bin").into())],
            backends: root.join("target/backends"),
            root,
            temporary,
            is_root: false,
            log: None,
        };
        Self { folder, machine }
    }

    /// Adds a program whose calls are noted, and which then runs the script. A process of its own writes it: a file that some thread
    /// of ours still had open while another one starts a program could not be executed.
    pub(super) fn program(self, name: &str, body: &str) -> Self {
        let text = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\necho \"{name} $*\" >> '{}'\n{body}\n",
            self.path("calls").display()
        );
        let write = "mkdir -p \"${2%/*}\" && printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let mut shell = Command::new("/bin/sh");
        assert!(
            shell
                .args(["-c", write, "sh", &text])
                .arg(self.path("bin").join(name))
                .status()
                .unwrap()
                .success()
        );
        self
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.machine.environment.push((name.into(), value.into()));
        self
    }

    pub(super) fn root(mut self) -> Self {
        self.machine.is_root = true;
        self
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The calls of all programs, oldest first, with the folder written as `/W`.
    pub(super) fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(|line| line.replace(&*self.folder.path().to_string_lossy(), "/W")).collect()
    }
}

/// A server in a child of the process that is started, as some start themselves.
pub(super) fn healthy() -> Backend {
    let us = std::env::current_exe().unwrap();
    Backend::new("healthy", Program::named("/bin/sh"))
        .first_port(24_100)
        .variable(PORT, "{port}")
        .variable("DATA", "{data}")
        .arguments("-c")
        .argument("\"$0\" backend::tests::serves --exact & wait")
        .argument(&us.display().to_string())
        .address("http://127.0.0.1:{port}")
        .ready_at("/")
}

/// The part of the server; nothing as a test.
#[test]
fn serves() {
    let Ok(port) = std::env::var(PORT) else { return };
    let data = PathBuf::from(std::env::var_os("DATA").unwrap()).join("starts");
    fs::File::options().create(true).append(true).open(&data).unwrap().write_all(b".").unwrap();
    for mut stream in
        TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap().incoming().flatten()
    {
        let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(ANSWER));
    }
}

fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether the first process of a group runs. A port tells less: once it is free, another server may have it.
fn runs(group: i32) -> bool {
    Path::new(&format!("/proc/{group}")).exists()
}

/// Servers leave a folder each in the temporary one.
fn data_of(server: &Server) -> PathBuf {
    server.log.parent().unwrap().to_owned()
}

/// What starting this backend fails with; nothing is left of it.
async fn failure(backend: Backend, place: &Place) -> String {
    let name = format!("connectors-{}-", backend.name());
    let error = backend.start_on(&place.machine).await.err().unwrap().to_string();
    let left = fs::read_dir(&place.machine.temporary).unwrap().flatten();
    let left: Vec<_> = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&name)).collect();
    assert!(left.is_empty(), "{left:?}");
    error
}

#[tokio::test]
async fn a_server_answers_until_it_is_dropped_and_leaves_nothing() {
    let place = Place::new();
    let server = healthy().start_on(&place.machine).await.unwrap();
    let (port, group, data) = (server.port(), server.group, data_of(&server));
    assert_eq!(server.address(), format!("http://127.0.0.1:{port}"));
    assert!(answers(port) && runs(group) && data.is_dir());
    drop(server);
    assert!(!runs(group) && !data.exists());
}

#[tokio::test]
async fn a_server_that_was_killed_starts_over_its_data() {
    let place = Place::new();
    let mut server = healthy().start_on(&place.machine).await.unwrap();
    server.kill().unwrap();
    assert!(!runs(server.group));
    server.restart().unwrap();
    while !answers(server.port()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(fs::read_to_string(data_of(&server).join("starts")).unwrap(), "..");
}

#[tokio::test]
async fn servers_that_are_started_at_once_get_ports_of_their_own() {
    let (one, other) = (Place::new(), Place::new());
    let (first, second) = (healthy(), healthy());
    let (first, second) = tokio::join!(first.start_on(&one.machine), second.start_on(&other.machine));
    assert_ne!(first.unwrap().port(), second.unwrap().port());
}

/// Starts a server, tells where, and is then killed from outside.
#[tokio::test]
async fn is_killed() {
    if std::env::var_os("TO_BE_KILLED").is_none() {
        return;
    }
    let place = Place::new();
    let server = healthy().start_on(&place.machine).await.unwrap();
    println!("\nat {} {} {}", server.port(), server.group, data_of(&server).display());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[test]
fn a_server_ends_with_the_process_that_started_it_also_when_that_is_killed() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["backend::tests::is_killed", "--exact", "--nocapture"])
        .env("TO_BE_KILLED", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(std::io::Result::ok);
    let line = lines.find(|line| line.starts_with("at ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let (port, group, data) = (words[1].parse().unwrap(), words[2].parse().unwrap(), PathBuf::from(words[3]));
    assert!(answers(port) && runs(group) && data.is_dir());
    // `kill` is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    while runs(group) || data.exists() {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn what_does_not_start_is_told_with_its_log() {
    let place = Place::new();
    let broken = |script: &str| {
        Backend::new("broken", Program::named("/bin/sh")).arguments("-c").argument(script).first_port(24_300)
    };
    let ended = failure(broken("echo out of luck; exit 3"), &place).await;
    assert_eq!(ended, "broken: it ended with status 3 before it was ready\n    out of luck");
    let silent =
        broken("echo asleep; read never < \"$0\"").arguments("{data}/pipe").before("mkfifo {data}/pipe");
    let place = place.program("mkfifo", "exec mkfifo \"$1\"");
    let silent = failure(silent.patience(Duration::from_millis(300)), &place).await;
    assert!(
        silent.starts_with("broken: not ready within 0 s: ") && silent.ends_with("\n    asleep"),
        "{silent}"
    );
    let unprepared = failure(broken("exit").before("false {port}"), &place).await;
    assert!(unprepared.starts_with("broken: cannot start `false 24"), "{unprepared}");
}

#[tokio::test]
async fn words_are_filled_in_and_files_are_the_servers_alone() {
    let place = Place::new();
    let filled = Backend::new("filled", Program::named("/bin/sh"))
        .first_port(24_500)
        .file("settings", "listen={port} also={second_port}")
        .arguments("-c")
        .argument("cat settings; ls -l settings; echo $HOME is $PWD by $0; exit 1")
        .arguments("{folder}");
    let told = failure(filled, &place).await;
    let lines: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
    assert!(lines[0].starts_with("listen=245") && lines[0].contains(" also=245"), "{told}");
    assert!(lines[0].contains("-rw-------"), "{told}");
    let (home, folder) = lines[1].split_once(" is ").unwrap();
    assert_eq!(folder, format!("{home} by /bin"));
}

#[tokio::test]
async fn a_server_is_left_out_where_its_variable_is_1() {
    let optional = healthy().left_out_by("WITHOUT");
    assert!(!optional.is_left_out());
    let place = Place::new().variable("WITHOUT", "1");
    assert_eq!(failure(optional.clone(), &place).await, "healthy: WITHOUT=1 says to do without");
    let place = Place::new().variable("WITHOUT", "0");
    assert!(optional.start_on(&place.machine).await.is_ok());
}

#[test]
fn a_server_that_the_environment_names_is_left_as_it_is() {
    let mut server = Server::at("it:1".into());
    assert_eq!(server.address(), "it:1");
    assert!(server.kill().unwrap_err().to_string().contains("somebody else"));
    assert_eq!(format!("{:?}", healthy()), "Backend { name: \"healthy\", .. }");
}

#[tokio::test]
async fn everything_in_a_process_shares_one() {
    static SERVER: Shared = Shared::new(healthy);
    let (one, other) = tokio::join!(SERVER.get(), SERVER.get());
    assert_eq!(one.unwrap().port(), other.unwrap().port());
}
