use super::*;
use crate::tests::Machine as Place;
use outcome::{AGAIN, C1, C2, C3, C4, CHANGED, FORGETFUL, US};
use workloads::{Kind, WORKLOADS};

const KNOWN: [&str; 2] = ["directory", "mongo"];

fn read(line: &str) -> std::result::Result<(Args, Vec<Workload>), String> {
    let args: Args = crate::cli::args(line)?;
    let workloads = chosen(&args, &KNOWN.map(str::to_owned)).map_err(|error| error.to_string())?;
    Ok((args, workloads))
}

#[test]
fn workloads_are_chosen_by_name_source_and_size() {
    let names = |line: &str| read(line).unwrap().1.iter().map(|workload| workload.name).collect::<Vec<_>>();
    assert_eq!(names("").len(), WORKLOADS.len());
    assert_eq!(names("--workload W1,W3 --workload W9"), ["W1", "W3a", "W3b", "W3c", "W9"]);
    assert_eq!(names("directory --workload W1,W9"), ["W9"], "only what is of the source");
    let source = read("directory").unwrap().1;
    assert_eq!((source[0].source, source[0].documents, source[0].kind), ("directory", 10_000, Kind::Twice));
    let (args, workloads) = read("--docs 500 --pace 10x3").unwrap();
    assert!(workloads.iter().all(|workload| workload.documents == 500));
    assert_eq!((args.rounds, args.pace), (5, Some((10, 3))));
}

#[test]
fn what_makes_no_sense_is_named() {
    for (line, expected) in [
        ("mango", "no source `mango` to measure; there are directory, mongo"),
        ("--workload W10", "no workload `W10`; there are W1, W1m, W2,"),
        ("--rounds 0", "invalid value '0' for '--rounds <N>'"),
        ("--docs 0", "invalid value '0' for '--docs <N>'"),
        ("--pace fast", "expected MiB and bulks in flight, such as 5x2"),
    ] {
        let error = read(line).err().unwrap();
        assert!(error.contains(expected), "{line}: {error}");
    }
}

const REPORT: &str = r#"{"created":1000,"updated":0,"deleted":0,"requests":3,"bytes_sent":2000000,"bytes_received":10,"seconds":0.01}"#;

/// Programs that say what real ones would; `answer` is what a comparison finds.
fn place(answer: &str) -> Place {
    let place = Place::new();
    let calls = place.path("calls").display().to_string();
    let perf = format!(
        r#"shift; case $1 in
serve) echo "serve $*" >> '{calls}'; echo '{{"type":"mongodb","settings":{{"host":"h"}}}}'
  while read -r word object; do
    case $word in
      load) n=$object; echo '{{}}' ;;
      remove) n=$((n - object)); echo '{{}}' ;;
      count) echo "{{\"count\":$n}}" ;;
      compare) {answer} ;;
      *) echo '{{}}' ;;
    esac
  done ;;
sink) [ "$3" != --record ] || {{ mkdir -p "$4"; echo 12345 > "$4/bulk.ndjson"; }}; echo '{{"url":"http://sink"}}'; cat ;;
post) echo "post $*" >> '{calls}'; echo '{REPORT}' ;;
drain) echo '{{}}' ;;
esac"#
    );
    place.test_program(("built", "source-mongo", "1"), &perf);
    place.script(place.path("built/examples/raw-mongo"), "echo '{}'");
    let program = format!("echo \"connectors $*\" >> '{calls}'; echo '{REPORT}'");
    place.script(place.path("built/connectors"), &program);
    place
}

const EQUAL: &str = r#"echo "{\"equal\":$n}""#;

fn measured(place: &Place, line: &str) -> Result<()> {
    let (args, workloads) = read(line).unwrap();
    let server =
        Server { name: "elasticsearch".into(), version: "9".into(), url: "http://es".into(), group: 0 };
    let programs = Programs::of(&place.shell, Some(&place.path("built")), &[])?;
    all(&place.shell, (&args, &workloads), (&programs, &server))
}

#[test]
fn contestants_run_in_turns_and_each_run_is_compared() {
    let place = place(EQUAL);
    measured(&place, "--workload W1 --docs 1000 --rounds 2 --pace 5x2").unwrap();
    let calls = place.calls();
    let programs: Vec<&str> = calls.iter().map(|call| call.split(" --").next().unwrap()).collect();
    let warm = ["serve serve", "connectors", "post post", "post post", "post post"];
    let rounds = ["connectors", "post post", "connectors", "post post", "connectors"];
    assert_eq!(programs, [&warm[..], &rounds[..]].concat(), "warming up, one recording, two rounds");
    assert!(calls[7].contains("--es http://es sync mongodb --index perf --json --settings"), "{calls:?}");
    let shown = place.out.get();
    assert!(shown.contains("W1: 100k documents of 570 B") && shown.contains("wall ÷ C1"), "{shown}");
    assert!(shown.contains("1000 documents were compared by id and content"), "{shown}");
}

#[test]
fn every_kind_of_workload_gives_its_figures() {
    let place = place(EQUAL);
    let line = "--docs 1000 --rounds 2 --pace 5x2 --json f.json --markdown f.md --svg f.svg --workload W2,W4,W5,W6,W7,W8,W1m,growth";
    measured(&place, line).unwrap();
    let text = |file: &str| fs::read_to_string(place.path(file)).unwrap();
    let figures: serde_json::Value = serde_json::from_str(&text("f.json")).unwrap();
    let lanes: Vec<Vec<&str>> = figures["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| {
            let lanes = outcome["lanes"].as_array().unwrap();
            assert!(lanes.iter().all(|lane| lane["samples"].as_array().unwrap().len() == 2));
            lanes.iter().map(|lane| lane["name"].as_str().unwrap()).collect()
        })
        .collect();
    let touched = vec![C1, US, AGAIN];
    let expected = vec![
        vec![C1, US, C2, C3, C4],
        vec![C2, AGAIN, CHANGED, FORGETFUL],
        touched.clone(),
        touched.clone(),
        touched,
        vec![US, AGAIN],
        vec!["dynamic", "search", "reference"],
        vec!["10", "100", "1000"],
    ];
    assert_eq!(lanes, expected);
    assert_eq!((figures["pace"].clone(), figures["rounds"].clone()), (serde_json::json!([5, 2]), 2.into()));
    assert!(text("f.md").contains("### W4: 1M documents, nothing changed"));
    assert!(text("f.svg").starts_with("<svg "));
}

#[test]
fn the_loaders_best_is_tried_out_once() {
    let place = place(EQUAL);
    measured(&place, "--workload W1,W3c --docs 1000 --rounds 1").unwrap();
    let posts = place.calls().iter().filter(|call| call.starts_with("post")).count();
    assert_eq!(posts, 3 + 6 * 2 + 2, "three to warm up, two of each pace, and a round of each workload");
    assert!(place.err.get().contains("C1 with bulks of 10 MiB, 2 in flight"), "{}", place.err.get());
}

#[test]
fn a_difference_or_a_failure_has_no_time_and_the_others_go_on() {
    let place = place(r#"echo '{"error":"the document 7 is not in the index"}'"#);
    let error = measured(&place, "--workload W1,W8 --docs 1000 --rounds 1 --pace 5x2").unwrap_err();
    assert_eq!(error.to_string(), "W1: the document 7 is not in the index");
    let shown = place.out.get();
    assert!(!shown.contains("W1") && shown.contains("W8"), "{shown}");
}

#[test]
fn what_is_missing_is_built_for_release() {
    let place = Place::new().program("cargo", "");
    place.script(place.path("crates/source-mongo/examples/raw-mongo.rs"), "");
    let (args, workloads) = read("--workload W1,W9").unwrap();
    let programs = built(&place.shell, &args, &workloads).unwrap();
    assert_eq!(programs.path("x"), place.path("target/release/x"));
    let expected = [
        "cargo build --locked --release --bins --package connectors --test source --package source-directory \
         --package source-mongo --example raw-mongo",
    ];
    assert_eq!(place.calls(), expected);
}

fn sample(wall: f64) -> measure::Sample {
    measure::Sample { wall, cpu: wall / 10.0, memory: 40.0, ..measure::Sample::default() }
}

/// Asserts what an outcome of these lanes is held to: requirement, bound, figure.
fn is_held_to(workload: Workload, lanes: &[(&str, measure::Sample)], expected: &[(&str, f64, f64)]) {
    let mut outcome = Outcome::of(&workload);
    lanes.iter().for_each(|(name, sample)| outcome.push(name, sample.clone()));
    outcome.bytes = 1_000_000;
    outcome.judge(&workload);
    let rounded = |figure: f64| (figure * 1000.0).round() / 1000.0;
    let check =
        |check: &outcome::Check| (check.requirement.clone(), rounded(check.limit), rounded(check.measured));
    let found: Vec<_> = outcome.checks.iter().map(check).collect();
    let expected: Vec<_> =
        expected.iter().map(|(name, limit, measured)| ((*name).to_owned(), *limit, *measured)).collect();
    assert_eq!(found, expected, "{}", workload.name);
    let missed = expected.iter().filter(|(_, limit, measured)| measured > limit).count();
    assert_eq!(outcome.missed().count(), missed, "{}", workload.name);
}

#[test]
fn loads_are_held_against_the_loader_and_reading_alone() {
    let (wall, memory) = (("wall ÷ C1", 1.05, 1.1), ("peak memory, MiB", 64.0, 40.0));
    is_held_to(named("W1"), &[(C1, sample(2.0)), (US, sample(2.2))], &[wall, memory]);
    is_held_to(named("W3a"), &[(C1, sample(2.0)), (US, sample(2.2))], &[]);
    is_held_to(named("W1m"), &[("search", sample(2.0))], &[]);
    let read = measure::Sample { cpu: 0.15, ..sample(1.0) };
    let costly = measure::Sample { cpu: 2.45, ..sample(2.0) };
    let held = [("wall ÷ C1", 1.05, 1.0), ("CPU ÷ (C1 + C2)", 6.0, 7.0), memory];
    is_held_to(named("W2"), &[(C1, sample(2.0)), (US, costly), (C2, read)], &held);
    let again = measure::Sample { sent: 300_000, received: 900_000, written: 1, ..sample(1.0) };
    let changed = measure::Sample { reported: 0.02, ..sample(1.5) };
    let held = [
        ("wall ÷ C2", 1.5, 1.0),
        ("documents written", 0.0, 1.0),
        ("MB exchanged", 1.0, 1.2),
        memory,
        ("seconds through changed()", 0.1, 0.02),
    ];
    is_held_to(named("W4"), &[(C2, sample(1.0)), (AGAIN, again), (CHANGED, changed)], &held);
}

#[test]
fn a_change_costs_its_share_and_ten_million_fit_into_little_memory() {
    let us = measure::Sample { sent: 1_100_000, written: 10_000, ..sample(2.0) };
    let lanes = [(C1, sample(0.5)), (US, us), (AGAIN, sample(1.0))];
    let held = [
        ("MB sent: 1.2 × the change", 1.2, 1.1),
        ("wall: W4 + C1 of the change + 0.5 s", 2.0, 2.0),
        ("documents written", 10_000.0, 10_000.0),
    ];
    ["W5", "W6", "W7"].into_iter().for_each(|name| is_held_to(named(name), &lanes, &held));
    let again = measure::Sample { written: 10_000, memory: 230.0, ..sample(9.0) };
    let held = [
        ("peak memory of `connectors`, MiB", 220.0, 40.0),
        ("peak memory of `again`, MiB", 220.0, 230.0),
        ("documents written when 0.1 % is gone", 10_000.0, 10_000.0),
    ];
    is_held_to(named("W8"), &[(US, sample(30.0)), (AGAIN, again)], &held);
}

#[test]
fn files_are_not_opened_again_and_growth_is_a_straight_line() {
    let first = measure::Sample { opened: 10_000, memory: 100.0, ..sample(20.0) };
    let lanes = [(C1, sample(15.0)), (US, first), (AGAIN, sample(0.2))];
    let (memory, wall) = (("peak memory, MiB", 114.0, 100.0), ("wall: 1.5 × C1 + 0.5 s", 23.0, 20.0));
    let (written, opened) = (("documents written again", 0.0, 0.0), ("files opened again", 0.0, 0.0));
    let second = |limit| ("seconds of the second sync", limit, 0.2);
    is_held_to(named("W9"), &lanes, &[memory, written, opened, second(0.3)]);
    is_held_to(workloads::of_source("notes"), &lanes, &[memory, wall, written, opened, second(1.0)]);
    for (walls, bend) in [([0.2, 1.1, 10.1], 0.0), ([0.1, 9.0, 10.0], 0.587)] {
        let lanes: Vec<_> = ["100", "1000", "10000"].into_iter().zip(walls.map(sample)).collect();
        is_held_to(named("growth"), &lanes, &[("1 − R² of wall", 0.01, bend), ("1 − R² of CPU", 0.01, bend)]);
    }
}

fn named(name: &str) -> Workload {
    *WORKLOADS.iter().find(|workload| workload.name == name).unwrap()
}

#[test]
fn a_missed_requirement_fails_unless_the_workload_was_made_smaller() {
    let place = place(EQUAL);
    measured(&place, "--workload W5 --docs 100000 --rounds 1 --pace 5x2").unwrap();
    assert!(place.out.get().contains("NO"), "{}", place.out.get());
    let error = measured(&place, "--workload W5 --rounds 1 --pace 5x2").unwrap_err().to_string();
    assert_eq!(error, "W5: MB sent: 1.2 × the change is 2, and must be at most 0.000");
}
