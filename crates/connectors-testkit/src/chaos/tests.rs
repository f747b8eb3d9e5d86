//! What the bench promises of itself.

use serde_json::json;

use super::churn::Churn;
use super::extra::Extra;
use super::marks::MarkFolder;
use super::program::Run;
use super::schedule::{Marks, Mode};
use super::*;

fn options(line: &str) -> Result<Options, String> {
    Options::of(line.split_whitespace().map(str::to_owned), &[99]).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_read() {
    let read = options("--program p --embedded e --seed 7").unwrap();
    assert_eq!((read.target, read.seeds), (Target::Embedded("e".into()), vec![7]));
    let read = options("--program p --es http://h/ --seeds 3").unwrap();
    assert_eq!((read.target, read.seeds), (Target::At("http://h".into()), vec![99, 1, 2, 3]));
    let usual: Vec<u64> = [99].into_iter().chain(1..=20).collect();
    assert_eq!(options("--program p --es h").unwrap().seeds, usual);
    for (line, expected) in [
        ("--es h", "--program PATH is needed"),
        ("--program p", "--embedded PATH or --es URL is needed"),
        ("--program", "--program takes a value"),
        ("--seed many", "--seed takes a number"),
        ("--what x", "--what is no option"),
    ] {
        assert!(options(line).unwrap_err().contains(expected), "{line}");
    }
}

#[test]
fn a_seed_always_draws_the_same_and_another_seed_something_else() {
    let draw = |seed| Schedule::of(seed, (1_000, true));
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let all: Vec<Schedule> = (0..400).map(draw).collect();
    let rounds: Vec<_> = all.iter().flat_map(|schedule| &schedule.rounds).collect();
    for mode in [Mode::Full, Mode::Incremental, Mode::Follow, Mode::Twice, Mode::Beside] {
        assert!(rounds.iter().any(|round| round.mode == mode), "{mode:?}");
    }
    for marks in [Marks::Lost, Marks::Torn, Marks::Damaged, Marks::Foreign, Marks::Old, Marks::DiskFull] {
        assert!(rounds.iter().any(|round| round.marks == marks), "{marks:?}");
    }
    let unable = (0..400).map(|seed| Schedule::of(seed, (1_000, false)));
    let modes: Vec<Mode> = unable.flat_map(|schedule| schedule.rounds).map(|round| round.mode).collect();
    assert!(modes.iter().all(|mode| matches!(mode, Mode::Full | Mode::Twice)));
}

#[test]
fn fresh_seeds_come_in_turn_with_the_fixed_ones_and_are_others_each_time() {
    let draw = || options("--program p --es h --seeds 2 --fresh 20").unwrap().seeds;
    let (one, other) = (draw(), draw());
    assert_eq!((one[0], one[1], one[3], one.len()), (99, 1, 2, 23));
    assert_ne!((one[2], &one[4..]), (other[2], &other[4..]));
}

#[tokio::test]
async fn once_the_time_is_over_no_seed_but_the_first_is_begun() {
    let mut options = options("--program /no/program --es http://127.0.0.1:1 --seeds 3 --seconds 0").unwrap();
    assert_eq!(options.within, Some(std::time::Duration::ZERO));
    options.seeds = vec![1, 2, 3];
    let failed = run::<crate::memory::MemoryFixture>(&crate::memory::SOURCE, &options).await.unwrap_err();
    assert_eq!(failed.to_string(), "these seeds failed: 1");
}

fn run_with(code: i32, reports: &[serde_json::Value], said: &str) -> Run {
    let (said, log) = (said.to_owned(), "run.log".into());
    Run { code: Some(code), mode: Mode::Full, reports: reports.to_vec(), said, log }
}

#[test]
fn a_run_is_judged_by_its_accounts_its_code_and_its_reason() {
    let report = |status: &str, failed: u64| json!({"status": status, "listed": 3 + failed, "created": 3, "failed": failed, "verified": true});
    let with = |name: &str, value: serde_json::Value| {
        let mut report = report("completed", 0);
        report[name] = value;
        report
    };
    for good in [
        run_with(0, &[report("completed", 0)], ""),
        run_with(3, &[report("partial", 1)], ""),
        run_with(1, &[json!({"status": "failed", "error": "why"})], ""),
        Run { mode: Mode::Incremental, ..run_with(0, &[with("verified", json!(false))], "") },
        run_with(2, &[], r#"{"code": 2, "error": "why"}"#),
        Run { code: None, ..run_with(0, &[], "") },
        Run { mode: Mode::Follow, ..run_with(0, &[], "") },
    ] {
        assert!(good.judge().is_ok(), "{good:?}");
    }
    for (bad, expected) in [
        (run_with(0, &[json!({"status": "completed", "listed": 3})], ""), "do not add up"),
        (run_with(0, &[report("completed", 1)], ""), "has no reason"),
        (run_with(3, &[report("partial", 0)], ""), "has no reason"),
        (run_with(0, &[report("partial", 1)], ""), "asks for 3"),
        (run_with(1, &[json!({"status": "failed"})], ""), "has no reason"),
        (run_with(0, &[with("verified", json!(false))], ""), "says no reason"),
        (run_with(0, &[with("unverified", json!("why"))], ""), "is verified and is not"),
        (run_with(3, &[with("differing", json!({"count": 1}))], ""), "is verified and is not"),
        (run_with(130, &[report("stopped", 0)], ""), "nobody asked"),
        (run_with(1, &[], "oh"), "without a report"),
        (run_with(101, &[], "thread 'main' panicked at x"), "panicked"),
    ] {
        let error = bad.judge().unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("run.log"), "{error}");
    }
}

#[test]
fn a_repair_where_nothing_interfered_is_found() {
    let run = |repaired: u64| run_with(0, &[json!({"status": "completed", "repaired": repaired})], "");
    assert!(run(0).is_undisturbed().is_ok());
    let error = run(2).is_undisturbed().unwrap_err().to_string();
    assert!(error.contains("nothing can have changed") && error.contains("run.log"), "{error}");
}

#[test]
fn every_later_fault_is_drawn_and_the_source_changes_only_where_it_has_no_trouble() {
    let all: Vec<Schedule> = (0..400).map(|seed| Schedule::of(seed, (1_000, true))).collect();
    let rounds: Vec<_> = all.iter().flat_map(|schedule| &schedule.rounds).collect();
    let count = |is: &dyn Fn(&Extra) -> bool| rounds.iter().filter(|round| is(&round.extra)).count();
    for (kind, drawn) in [
        ("late", count(&|extra| !extra.late.is_empty())),
        ("silent", count(&|extra| extra.silent.is_some())),
        ("silent backend", count(&|extra| extra.silent_backend.is_some())),
        ("block", count(&|extra| extra.block.is_some())),
        ("searches", count(&|extra| extra.max_search.is_some())),
        ("churn", count(&|extra| !extra.churn.is_empty())),
    ] {
        assert!(drawn > 20 && drawn < rounds.len() / 2, "{kind}: {drawn} of {}", rounds.len());
    }
    assert!(rounds.iter().all(|round| round.trouble.is_none() || round.extra.churn.is_empty()));
    let churns = || rounds.iter().flat_map(|round| &round.extra.churn);
    for churn in [Churn::Change, Churn::Remove, Churn::Add, Churn::InsertAgain] {
        assert!(churns().any(|step| step.churn == churn), "{churn:?}");
    }
}

#[test]
fn wrong_deletes_and_phantoms_are_found() {
    let ids = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let told =
        |before: &str, after: &str| compare::kept((&ids(before), &ids(after)), (&ids("a b c"), &ids("c d")));
    assert!(told("a b x", "a b c").is_ok() && told("x", "x").is_ok());
    assert!(told("a b", "a").unwrap_err().to_string().contains("- b was wrongly deleted"));
    assert!(told("a c", "a").is_ok() && told("a", "a d").is_ok(), "the source lacked them at some time");
    assert!(told("a", "a y").unwrap_err().to_string().contains("+ y came from nowhere"));
}

#[test]
fn marks_are_damaged_as_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (mut marks, file) = (MarkFolder::new(folder.path().to_owned()), folder.path().join("u.marks"));
    assert!(!marks.damage(Marks::Lost).unwrap(), "there are none yet");
    std::fs::write(&file, [0; 10]).unwrap();
    for (damage, expected) in [
        (Marks::Kept, vec![0; 10]),
        (Marks::Damaged, vec![0, 0, 0, 0, 0, 8, 0, 0, 0, 0]),
        (Marks::Torn, vec![0, 0, 0, 0, 0]),
        (Marks::Old, vec![0; 10]),
        (Marks::Foreign, b"a file of somebody else".to_vec()),
    ] {
        assert!(marks.damage(damage).unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), expected, "{damage:?}");
    }
    assert!(marks.damage(Marks::Lost).unwrap() && !file.exists());
}
