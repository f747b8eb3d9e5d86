//! How much processor time a server has used, and when it is quiet.

use std::fs;
use std::time::{Duration, Instant};

use crate::backend::process;

/// Clock ticks of a second: what Linux tells programs on every machine that we build for.
const TICKS: f64 = 100.0;

/// What counts as quiet: this share of one processor.
const QUIET: f64 = 0.15;

/// How long a server is given to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// Seconds of processor time, user and system, of all processes of a group; nothing where there is none. The server
/// is a child of the process that we started, in its group.
#[must_use]
pub fn of_group(group: i32) -> Option<f64> {
    let processes =
        fs::read_dir("/proc").ok()?.flatten().filter(|entry| is_number(entry.file_name().to_str()));
    let stats = processes.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let ticks: Vec<u64> = stats.filter_map(|stat| parse(&stat, group)).collect();
    (!ticks.is_empty()).then(|| ticks.iter().sum::<u64>() as f64 / TICKS)
}

fn is_number(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

// After the name in parentheses: state, parent, group; user and system time are the 14th and 15th field.
fn parse(stat: &str, group: i32) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let is_ours = fields.get(2)?.parse() == Ok(group);
    let [user, system] = [fields.get(11)?.parse::<u64>().ok()?, fields.get(12)?.parse::<u64>().ok()?];
    is_ours.then_some(user + system)
}

/// Waits until the group is quiet, so that what one run left behind is not counted for the next; false when it
/// never was.
pub fn settle(group: i32) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let (before, at) = (of_group(group), Instant::now());
        (0..5).for_each(|_| process::pause());
        let used = of_group(group).zip(before).map_or(0.0, |(after, before)| after - before);
        if used / at.elapsed().as_secs_f64() < QUIET {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_group_are_read() {
        let stat = "7 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 130 70 5 6 20 0 9 0 100 1 2";
        assert_eq!(parse(stat, 42), Some(200));
        assert_eq!(parse(stat, 43), None);
        assert_eq!(parse("7 (a", 42), None);
        assert_eq!(parse("7 (a) S 1", 42), None);
    }

    #[test]
    fn our_own_group_has_used_some_time() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(of_group(group).is_some_and(|seconds| seconds >= 0.0));
        assert_eq!(of_group(-1), None);
        assert!(settle(-1), "nobody is quiet");
    }
}
