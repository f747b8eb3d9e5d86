//! What only a source that tells changes can show: follow, incremental syncs and rules, with a real MongoDB; and
//! what a real MongoDB shows of the whole way into an index.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../source-mongo/tests/source/fixture.rs"]
mod fixture;
mod oplog;
mod primary;
mod replica_set;
mod types;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use connectors_testkit::Fixture;
use elastic_embedded::{Options, Server};
use serde_json::Value;
use tempfile::TempDir;

/// A collection, a server to write to, and the program between them.
struct World {
    orders: fixture::Orders,
    server: Server,
    folder: TempDir,
}

impl World {
    /// None where the environment says to do without a mongod.
    async fn with(count: usize) -> Option<Self> {
        if is_left_out() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Options::new(folder.path().join("data"))).await.unwrap();
        let mut orders = fixture::Orders::start().await.unwrap();
        orders.load(count).await.unwrap();
        std::fs::write(folder.path().join("s.json"), Value::from(orders.settings()).to_string()).unwrap();
        Some(Self { orders, server, folder })
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connectors"));
        command.current_dir(self.folder.path()).args(["--es", &self.server.url()]);
        command.args(words.split(' ')).args(["--settings", "s.json", "--index", "orders"]);
        command.stdin(Stdio::null());
        command
    }

    async fn run(&self, words: &str) -> Output {
        let mut command = self.command(words);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn report(&self, words: &str) -> Value {
        let output = self.run(words).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    }

    async fn is_equal(&self) -> bool {
        self.run("verify mongodb").await.status.success()
    }

    async fn stop(self) {
        self.orders.stop().await.unwrap();
        self.server.stop().await.unwrap();
    }
}

fn is_left_out() -> bool {
    fixture::mongod::single("").is_left_out()
}

fn end(mut program: Child) -> Option<i32> {
    let interrupt = Command::new("kill").args(["-INT", &program.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    program.wait().unwrap().code()
}

fn spawn(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut program = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines();
    (program, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_applies_changes_as_they_come() {
    let Some(mut world) = World::with(200).await else { return };
    assert_eq!(world.report("sync mongodb --json").await["created"], 200);
    let (program, mut lines) = spawn(world.command("follow mongodb --every 0.05"));
    world.orders.change(3).await.unwrap();
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("applied: created 0, updated ") && line.contains("; lag "), "{line}");
    world.orders.remove(2).await.unwrap();
    let mut deleted = String::new();
    while !deleted.contains("deleted 2,") {
        deleted = lines.next().unwrap().unwrap();
    }
    assert_eq!(end(program), Some(0));
    assert!(world.is_equal().await);

    let (program, mut lines) = spawn(world.command("follow mongodb --json"));
    world.orders.add(1).await.unwrap();
    let report: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(report["created"], 1);
    assert_eq!(end(program), Some(0));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_applied_once_and_nothing_is_listed_when_nothing_changed() {
    let Some(mut world) = World::with(200).await else { return };
    let early = world.run("sync mongodb --incremental").await;
    assert_eq!(early.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&early.stdout).contains("run a full sync first"));
    let early = world.run("follow mongodb").await;
    assert_eq!(early.status.code(), Some(1), "there is nothing to follow from");

    let twice = world.run("sync mongodb --every 0 --times 2").await;
    let text = String::from_utf8_lossy(&twice.stdout).into_owned();
    assert!(text.contains("created 200") && text.contains("skipped: the source is certain"), "{text}");
    world.orders.change(4).await.unwrap();
    let report = world.report("sync mongodb --incremental --json").await;
    assert_eq!((&report["updated"], &report["status"]), (&4.into(), &"completed".into()), "{report}");
    assert!(world.is_equal().await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_narrow_a_sync_and_are_checked_before() {
    let Some(world) = World::with(200).await else { return };
    std::fs::write(world.folder.path().join("good.yml"), "find: {filter: {number: {$lt: 50}}}").unwrap();
    std::fs::write(world.folder.path().join("bad.yml"), "find: {filtr: {}}").unwrap();
    assert_eq!(world.report("sync mongodb --rules good.yml --json").await["listed"], 50);
    let verified = world.run("verify mongodb --rules good.yml").await;
    assert!(verified.status.success());
    let bad = world.run("sync mongodb --rules bad.yml").await;
    assert_eq!(bad.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("find.filtr: "), "{bad:?}");
    world.stop().await;
}
