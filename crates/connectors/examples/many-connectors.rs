//! What a service with many connectors costs: `many-connectors PROGRAM [URL] [CONNECTORS JOBS DOCUMENTS]`.
//!
//! Runs `PROGRAM run` against the server at URL, or an embedded one, and prints what 200 idle connectors cost, how late
//! their runs are when all are due at once, and how long 50 connectors with 10,000 documents each take together,
//! beside the sum of single runs. Nothing of it is judged.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is what the example is for")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use connectors_core::elastic::{Client, Request, Settings};
use connectors_testkit::proxy::{Plan, Proxy};
use elastic_embedded::{Options, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONNECTORS: &str = "/.elastic-connectors/_search";
const JOBS: &str = "/.elastic-connectors-sync-jobs/_search";
/// How long idle connectors are watched.
const IDLE: Duration = Duration::from_secs(120);
/// Clock ticks of a second: what Linux tells programs on every machine that we build for.
const TICKS: f64 = 100.0;
const SETTINGS: &str = "service: {listen: '127.0.0.1:0'}\n";

/// The program, the server that it works on, and what counts the requests between the two.
struct Bench {
    program: PathBuf,
    folder: TempDir,
    client: Client,
    proxy: Proxy,
}

impl Bench {
    async fn new(program: PathBuf, url: &str) -> Self {
        let client = Client::connect(Settings::new(url.parse().unwrap())).await.unwrap();
        let target = client.settings().host.socket_addrs(|| None).unwrap().remove(0);
        let proxy = Proxy::http(target, Plan::calm()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.yml"), SETTINGS).unwrap();
        Self { program, folder, client, proxy }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.folder.path())
            .args(["--es", &self.proxy.url()])
            .args(words)
            .env("XDG_DATA_HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Has the program do something, beside the proxy that it talks to.
    async fn run(&self, words: &[&str]) {
        let mut command = self.command(words);
        let done = tokio::task::spawn_blocking(move || command.status()).await.unwrap().unwrap();
        assert!(done.success(), "{words:?}: {done}");
    }

    /// Makes these the connectors of the server: ids `NAME-0` and on, all of one folder.
    async fn declare(&self, (name, count): (&str, usize), folder: &Path, schedule: &str) {
        let mut text = "connectors:\n".to_owned();
        for number in 0..count {
            let (id, folder) = (format!("{name}-{number}"), folder.display());
            writeln!(
                text,
                "  - {{id: {id}, type: dir, index: {id}, settings: {{directory: '{folder}'}}, schedule: {{{schedule}}}}}"
            )
            .unwrap();
        }
        std::fs::write(self.folder.path().join("fleet.yml"), text).unwrap();
        self.run(&["apply", "fleet.yml", "--yes"]).await;
    }

    fn files(&self, name: &str, count: usize) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        for number in 0..count {
            std::fs::write(folder.join(format!("{number}.txt")), format!("the text of note {number}\n"))
                .unwrap();
        }
        folder
    }

    async fn search(&self, path: &str, query: Value) -> Vec<Value> {
        let request = Request::post(path).body(&json!({ "query": query, "size": 10_000 }));
        let answer: Value = self.client.json(&request).await.unwrap();
        answer["hits"]["hits"].as_array().unwrap().iter().map(|hit| hit["_source"].clone()).collect()
    }

    /// Asks once a second until so many documents match; they are handed back.
    async fn until(&self, (path, count): (&str, usize), query: Value) -> Vec<Value> {
        loop {
            let found = self.search(path, query.clone()).await;
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// What connectors cost that have nothing to do.
    async fn idle(&self, service: &Child, count: usize) {
        self.until((CONNECTORS, count), json!({ "term": { "status": "connected" } })).await;
        let (cpu, requests) = (cpu(service), self.proxy.met());
        tokio::time::sleep(IDLE).await;
        let seconds = IDLE.as_secs_f64();
        println!(
            "{count} idle connectors: {:.2} % of a processor, {} MiB, {:.0} requests a minute",
            (self::cpu(service) - cpu) / seconds * 100.0,
            resident(service) >> 10,
            (self.proxy.met() - requests) as f64 * 60.0 / seconds,
        );
    }

    /// How late runs are that are all due in the same second.
    async fn on_time(&self, count: usize, folder: &Path) {
        let due = Utc::now() + TimeDelta::seconds(120);
        let schedule = format!("full: 0 {} {} * * ?", due.minute(), due.hour());
        self.declare(("idle", count), folder, &schedule).await;
        let due = due.with_second(0).unwrap().with_nanosecond(0).unwrap();
        let done = json!({ "bool": { "filter": [
            { "term": { "trigger_method": "scheduled" } }, { "term": { "status": "completed" } },
        ] } });
        let jobs = self.until((JOBS, count), done).await;
        let made = sorted(jobs.iter().map(|job| seconds(due, time(job, "created_at"))));
        let ended = sorted(jobs.iter().map(|job| seconds(due, time(job, "completed_at"))));
        println!(
            "{count} runs due in one second: made {} to {} s after it, completed {} to {} s after it",
            made[0],
            made[count - 1],
            ended[0],
            ended[count - 1]
        );
    }

    /// Starts jobs, and hands back their documents once they are over.
    async fn jobs(&self, numbers: std::ops::Range<usize>) -> Vec<Value> {
        let ids: Vec<String> = numbers.map(|number| format!("busy-{number}")).collect();
        for id in &ids {
            self.run(&["job", "start", id]).await;
        }
        let done = json!({ "bool": { "filter": [
            { "terms": { "connector.id": ids } }, { "term": { "status": "completed" } },
        ] } });
        self.until((JOBS, ids.len()), done).await
    }

    /// Many first syncs at once, beside the sum of single ones.
    async fn busy(&self, count: usize, documents: usize) {
        let folder = self.files("many", documents);
        // The first three are run alone, before the others.
        self.declare(("busy", count + 3), &folder, "").await;
        let mut alone = Vec::new();
        for number in 0..3 {
            let job = self.jobs(number..number + 1).await.remove(0);
            alone.push(seconds(time(&job, "started_at"), time(&job, "completed_at")));
        }
        let alone = sorted(alone.into_iter())[1];
        let jobs = self.jobs(3..count + 3).await;
        let begin = jobs.iter().map(|job| time(job, "started_at")).min().unwrap();
        let ends = sorted(jobs.iter().map(|job| seconds(begin, time(job, "completed_at"))));
        let took = sorted(jobs.iter().map(|job| seconds(time(job, "started_at"), time(job, "completed_at"))));
        let (wall, sum) = (ends[count - 1], alone * count as f64);
        println!("one connector with {documents} documents alone: {alone:.1} s");
        println!("{count} at once: {wall:.1} s, beside {sum:.1} s of single runs: {:.2} of it", wall / sum);
        println!(
            "finished after {:.1} s (first), {:.1} s (half of them), {wall:.1} s (last); a job took {:.1} to {:.1} s",
            ends[0],
            ends[count / 2],
            took[0],
            took[count - 1]
        );
    }
}

fn time(job: &Value, key: &str) -> DateTime<Utc> {
    job[key].as_str().unwrap().parse().unwrap()
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_milliseconds() as f64 / 1000.0
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// Seconds of processor time that a process has used.
fn cpu(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).map(|time| time.parse::<f64>().unwrap()).sum();
    ticks / TICKS
}

/// KiB that a process has in memory.
fn resident(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(program) = words.first() else {
        println!("many-connectors PROGRAM [URL] [CONNECTORS JOBS DOCUMENTS]");
        return;
    };
    let program = std::path::absolute(program).unwrap();
    let data = tempfile::tempdir().unwrap();
    let own = match words.get(1).filter(|word| word.starts_with("http")) {
        Some(_) => None,
        None => Some(Server::start(Options::new(data.path())).await.unwrap()),
    };
    let url = own.as_ref().map_or_else(|| words[1].clone(), Server::url);
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let (connectors, jobs, documents) = match numbers[..] {
        [connectors, jobs, documents] => (connectors, jobs, documents),
        _ => (200, 50, 10_000),
    };
    let bench = Bench::new(program, &url).await;
    let few = bench.files("few", 3);
    bench.declare(("idle", connectors), &few, "").await;
    let mut service = bench.command(&["run"]).spawn().unwrap();
    bench.idle(&service, connectors).await;
    bench.on_time(connectors, &few).await;
    bench.busy(jobs, documents).await;
    println!("the service holds {} MiB now", resident(&service) >> 10);
    service.kill().unwrap();
    service.wait().unwrap();
    if let Some(server) = own {
        server.stop().await.unwrap();
    }
}
