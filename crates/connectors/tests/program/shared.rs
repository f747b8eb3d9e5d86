//! One data folder and many commands, which begin, end and are killed in any order. With `CONNECTORS_SHARED_SECONDS=600` it
//! goes on for so long, and prints what it did: `cargo test -p connectors --test program shared -- --nocapture`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use elastic_embedded::{Options, Server};
use serde_json::{Value, json};

use crate::place::{Place, Run};
use crate::send;

/// Numbers that follow from a seed.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// What was done, and what came of it.
#[derive(Debug, Default)]
struct Tally {
    commands: u64,
    killed: u64,
    failed: Vec<String>,
    longest_search: Duration,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.commands += other.commands;
        self.killed += other.killed;
        self.failed.extend(other.failed);
        self.longest_search = self.longest_search.max(other.longest_search);
    }
}

/// When commands are no longer begun.
#[derive(Clone, Copy)]
enum Until {
    Commands(u64),
    Time(Instant),
}

impl Until {
    fn is_over(self, commands: u64) -> bool {
        match self {
            Self::Commands(limit) => commands >= limit,
            Self::Time(end) => Instant::now() >= end,
        }
    }
}

/// Somebody who syncs a folder of their own into an index of their own, searches it, and kills some of the commands.
struct Person<'a> {
    place: &'a Place,
    name: String,
    dice: Dice,
    /// Documents that were written, and those of a sync that said it was done.
    written: u64,
    acknowledged: u64,
    tally: Tally,
}

impl<'a> Person<'a> {
    fn new(place: &'a Place, number: u64, dice: Dice) -> Self {
        let name = format!("person-{number}");
        Self { place, name, dice, written: 0, acknowledged: 0, tally: Tally::default() }
    }

    fn work(mut self, until: Until, done: &Sender<()>) -> Self {
        while !until.is_over(self.tally.commands) {
            self.tally.commands += 1;
            match self.dice.below(4) {
                0 | 1 => self.sync(),
                2 if self.acknowledged > 0 => self.search(),
                _ => drop(self.command(&["check"])),
            }
            // The one who counts may have seen enough.
            let _ = done.send(());
        }
        self
    }

    fn sync(&mut self) {
        let folder = format!("{}/{}.md", self.name, self.written);
        self.place.write(&folder, format!("the words of number{}", self.written).as_bytes());
        self.written += 1;
        let setting = format!("directory={}", self.name);
        let name = self.name.clone();
        if self.command(&["sync", "dir", "--set", &setting, "--index", &name]).is_some() {
            self.acknowledged = self.written;
        }
    }

    fn search(&mut self) {
        let (name, asked) = (self.name.clone(), self.dice.below(self.acknowledged));
        let begun = Instant::now();
        if let Some(run) = self.command(&["search", &name, &format!("number{asked}")]) {
            self.tally.longest_search = self.tally.longest_search.max(begun.elapsed());
            if !run.out.contains(&format!("{asked}.md")) {
                self.tally.failed.push(format!("{name} does not find {asked}: {}{}", run.out, run.err));
            }
        }
    }

    /// Runs a command, or kills it: at once, or when it has written its first line. None where it was killed or has failed.
    fn command(&mut self, arguments: &[&str]) -> Option<Run> {
        let mut command = self.place.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        match self.dice.below(6) {
            0 => self.kill(child),
            1 => {
                let mut child = child;
                let line = BufReader::new(child.stderr.take().unwrap()).lines().next();
                drop(line);
                self.kill(child)
            }
            _ => {
                let run = Run::from(child.wait_with_output().unwrap());
                if run.code == 0 {
                    return Some(run);
                }
                self.tally.failed.push(format!("{arguments:?}: {}: {}{}", run.code, run.out, run.err));
                None
            }
        }
    }

    fn kill(&mut self, mut child: Child) -> Option<Run> {
        child.kill().unwrap();
        child.wait().unwrap();
        self.tally.killed += 1;
        None
    }
}

/// The service, and who kills it and the server below everybody now and then.
struct Killer<'a> {
    place: &'a Place,
    dice: Dice,
    service: Child,
    tally: Tally,
}

impl<'a> Killer<'a> {
    fn new(place: &'a Place, dice: Dice) -> Self {
        Self { place, dice, service: serve(place), tally: Tally { commands: 1, ..Tally::default() } }
    }

    /// After each few commands of others something is killed.
    fn work(mut self, done: &Receiver<()>) -> Tally {
        let mut wait = 3;
        while done.recv().is_ok() {
            wait -= 1;
            if wait > 0 {
                continue;
            }
            wait = 1 + self.dice.below(8);
            match self.dice.below(3) {
                0 => self.kill_service(),
                _ => self.kill_server(),
            }
        }
        self.look();
        send("-INT", &self.service);
        let code = self.service.wait().unwrap().code();
        if code != Some(0) {
            self.tally.failed.push(format!("the service ended with {code:?}"));
        }
        self.tally
    }

    fn kill_server(&mut self) {
        let lock = std::fs::read_to_string(self.place.root().join("data/connectors/lock"));
        if let Ok(process @ 1..) = lock.unwrap_or_default().trim().parse::<u32>()
            && std::process::Command::new("kill").args(["-9", &process.to_string()]).output().is_ok()
        {
            self.tally.killed += 1;
        }
    }

    fn kill_service(&mut self) {
        self.look();
        self.service.kill().unwrap();
        self.service.wait().unwrap();
        self.service = serve(self.place);
        self.tally.killed += 1;
        self.tally.commands += 1;
    }

    /// It ends only when it is killed.
    fn look(&mut self) {
        if let Some(code) = self.service.try_wait().unwrap() {
            self.tally.failed.push(format!("the service ended by itself with {code}"));
        }
    }
}

fn serve(place: &Place) -> Child {
    let mut command = place.command(&["run"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("running as"));
    thread::spawn(move || lines.for_each(drop));
    child
}

/// What the index of each person holds, once nobody uses the folder any more.
fn held(place: &Place, index: &str) -> BTreeSet<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let data = place.root().join("data/connectors");
    // The server of the others ends by itself.
    drop(File::open(data.join("lock")).unwrap().lock());
    runtime.block_on(async {
        let server = Server::start(Options::new(data)).await.unwrap();
        let request = reqwest::Client::new().post(format!("{}/{index}/_search", server.url()));
        let body = json!({"size": 10_000, "_source": ["name"]});
        let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        server.stop().await.unwrap();
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        hits.iter().map(|hit| hit["_source"]["name"].as_str().unwrap_or_default().to_owned()).collect()
    })
}

fn play(seed: u64, people: u64, until: Until) -> (Tally, Vec<String>) {
    let place = Place::new();
    place.write("config.yml", b"service: {idling: 1}");
    let (tell, told) = channel();
    let killer = Killer::new(&place, Dice::new(seed));
    let (people, mut tally) = thread::scope(|scope| {
        let working: Vec<_> = (0..people)
            .map(|number| {
                let person = Person::new(&place, number, Dice::new(seed * 1000 + number));
                let tell = tell.clone();
                scope.spawn(move || person.work(until, &tell))
            })
            .collect();
        drop(tell);
        let tally = killer.work(&told);
        (working.into_iter().map(|person| person.join().unwrap()).collect::<Vec<_>>(), tally)
    });
    let mut lost = Vec::new();
    for person in people {
        if person.acknowledged > 0 {
            let held = held(&place, &person.name);
            let gone = (0..person.acknowledged)
                .map(|number| format!("{number}.md"))
                .filter(|name| !held.contains(name));
            lost.extend(gone.map(|name| format!("{}/{name}", person.name)));
        }
        tally += person.tally;
    }
    (tally, lost)
}

#[test]
fn commands_that_share_a_folder_end_well_in_whatever_order_they_are_killed() {
    let seconds = std::env::var("CONNECTORS_SHARED_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let (tally, lost) = match seconds {
        Some(seconds) => {
            let until = Until::Time(Instant::now() + Duration::from_secs(seconds));
            play(u64::from(std::process::id()), 10, until)
        }
        None => play(7, 4, Until::Commands(8)),
    };
    let Tally { commands, killed, failed, longest_search } = tally;
    println!(
        "commands {commands}, killed {killed}, failed {}, lost {}, longest search {longest_search:?}",
        failed.len(),
        lost.len()
    );
    assert!(failed.is_empty() && lost.is_empty(), "failed: {failed:#?}\nlost: {lost:#?}");
}
