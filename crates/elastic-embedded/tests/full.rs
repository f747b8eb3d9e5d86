//! A disk that fills up: a small one of memory, which only the server sees.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use client::{bulk, get, post};

#[cfg(test)]
#[path = "support/client.rs"]
#[allow(dead_code)]
mod client;

/// A server whose data is on a disk of 16 MB of its own.
struct Small {
    server: Child,
    url: String,
    data: PathBuf,
}

impl Small {
    /// Where this user may not mount a disk, the tests fail, unless `CONNECTORS_NO_MOUNT=1` leaves them out.
    fn start(folder: &Path) -> Option<Self> {
        let small = Self::mounted(folder);
        let is_left_out = std::env::var_os("CONNECTORS_NO_MOUNT").is_some();
        assert!(
            small.is_some() || is_left_out,
            "no disk can be mounted here; CONNECTORS_NO_MOUNT=1 leaves this out"
        );
        small
    }

    fn mounted(folder: &Path) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command.arg("mount -t tmpfs -o size=16m none \"$1\" && exec \"$0\" \"$1\"");
        command.arg(env!("CARGO_BIN_EXE_elastic-embedded")).arg(folder);
        let mut server = command.stdout(Stdio::piped()).spawn().ok()?;
        let mut url = String::new();
        BufReader::new(server.stdout.take()?).read_line(&mut url).ok()?;
        let data = Path::new("/proc")
            .join(server.id().to_string())
            .join("root")
            .join(folder.strip_prefix("/").ok()?);
        if url.is_empty() {
            server.wait().ok()?;
            return None;
        }
        Some(Self { server, url: url.trim().to_owned(), data })
    }

    /// Leaves no more than so many KiB free.
    fn fill(&self, free: usize) {
        let mut ballast = File::create(self.data.join("ballast")).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length - (free as u64) * 1024).unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.data.join("ballast")).unwrap();
    }

    async fn count(&self) -> Value {
        get(&self.url, "/docs/_count").await["count"].clone()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_told(answer: &Value) -> bool {
    let reason = answer["error"]["reason"].as_str().unwrap_or_default();
    answer["status"] == 403
        && answer["error"]["type"] == "cluster_block_exception"
        && reason.contains("FORBIDDEN/12")
        && reason.contains("is full; free space on it")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_refuses_writes_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::start(folder.path()) else { return };
    assert_eq!(post(&small.url, "/docs/_bulk?refresh=true", bulk(0, 100)).await["errors"], false);
    small.fill(100);
    for path in ["/docs/_bulk", "/docs/_doc", "/other/_doc"] {
        let body = if path.ends_with("_bulk") { bulk(100, 101) } else { json!({"n": 1}).to_string() };
        let answer = post(&small.url, path, body).await;
        assert!(is_told(&answer), "{path}: {answer}");
    }
    assert_eq!(small.count().await, 100);
    assert_eq!(get(&small.url, "/docs/_doc/7").await["found"], true);
    small.free();
    assert_eq!(post(&small.url, "/docs/_bulk?refresh=true", bulk(100, 101)).await["errors"], false);
    assert_eq!(small.count().await, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_another_program_fills_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::start(folder.path()) else { return };
    post(&small.url, "/docs/_bulk?refresh=true", bulk(0, 100)).await;
    // These stand in the log alone when there is no room any more for the engine's files.
    assert_eq!(post(&small.url, "/docs/_bulk", bulk(100, 5000)).await["errors"], false);
    small.fill(0);
    let answer = post(&small.url, "/docs/_refresh", String::new()).await;
    assert!(is_told(&answer), "{answer}");
    assert_eq!(small.count().await, 100, "what was found before still is");
    assert_eq!(get(&small.url, "/docs/_doc/4999").await["found"], true);
    assert!(is_told(&post(&small.url, "/docs/_bulk", bulk(0, 1)).await));
    small.free();
    assert_eq!(post(&small.url, "/docs/_bulk?refresh=true", bulk(5000, 5001)).await["errors"], false);
    assert_eq!(small.count().await, 5001);
}
