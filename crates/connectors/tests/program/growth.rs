//! Memory from sync to sync, in a process that goes on syncing.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::SYNC;
use crate::place::Place;

const FILES: usize = 1000;
/// Syncs after which everything that is made once has been made, and all.
const SYNCS: (usize, usize) = (25, 85);
/// Far below what a list of all documents, kept from each sync on, would take: 1000 of 250 bytes, 60 times.
const MOST_KB: u64 = 8 << 10;

/// KiB of a process that are in memory.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn memory_does_not_grow_from_sync_to_sync() {
    let place = Place::new();
    for number in 0..FILES {
        place.write(&format!("docs/{number}.txt"), format!("file {number}").as_bytes());
    }
    let times = SYNCS.1.to_string();
    let mut command = place.command(&SYNC);
    command.args(["--every", "0", "--times", &times, "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut program = command.spawn().unwrap();
    let mut reports = BufReader::new(program.stdout.take().unwrap()).lines();
    let (mut sizes, mut sent) = (Vec::new(), 0);
    for number in 1..SYNCS.1 {
        let report: serde_json::Value = serde_json::from_str(&reports.next().unwrap().unwrap()).unwrap();
        sent += report["created"].as_u64().unwrap() + report["updated"].as_u64().unwrap();
        place.write("docs/7.txt", format!("changed {number} times").as_bytes());
        if number >= SYNCS.0 {
            sizes.push(resident(program.id()));
        }
    }
    assert!(program.wait().unwrap().success() && reports.next().is_some());
    assert!(sent > (FILES + SYNCS.1 / 2) as u64, "each sync had something to do: {sent}");
    // Both ends by their middle, as a size taken in the middle of a sync may lie far off.
    let third = sizes.len() / 3;
    let middle = |sizes: &[u64]| {
        let mut sorted = sizes.to_vec();
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
    };
    let (before, after) = (middle(&sizes[..third]), middle(&sizes[sizes.len() - third..]));
    assert!(after <= before + MOST_KB, "from {before} to {after} KiB: {sizes:?}");
}
