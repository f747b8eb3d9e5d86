use super::*;
use crate::tests::Machine as Place;
use workloads::{Kind, WORKLOADS};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn options(line: &str) -> Result<Options> {
    Options::of(&words(line), &words("directory mongo"))
}

#[test]
fn the_command_line_is_understood() {
    let all = options("").unwrap();
    assert_eq!((all.workloads.len(), all.rounds, all.scaled), (WORKLOADS.len(), 5, false));
    let some = options("--workload W1,W3 --workload W9 --rounds 2 --docs 500 --pace 10x3 --json j --markdown m --svg s --built b").unwrap();
    let names: Vec<&str> = some.workloads.iter().map(|workload| workload.name).collect();
    assert_eq!(names, ["W1", "W3a", "W3b", "W3c", "W9"]);
    assert!(some.workloads.iter().all(|workload| workload.documents == 500));
    assert_eq!((some.rounds, some.scaled, some.pace), (2, true, Some((10, 3))));
    let files =
        [some.json, some.markdown, some.svg, some.built].map(|file| file.unwrap().display().to_string());
    assert_eq!(files, ["j", "m", "s", "b"]);
    let source = options("directory").unwrap().workloads;
    assert_eq!((source[0].source, source[0].documents, source[0].kind), ("directory", 10_000, Kind::Twice));
    let of_source = options("directory --workload W1,W9").unwrap().workloads;
    assert_eq!(of_source.len(), 1, "only what is of the source");
}

#[test]
fn what_makes_no_sense_is_named() {
    for (line, expected) in [
        ("mango", "no source `mango` to measure; there are directory, mongo"),
        ("mongo directory", "no source `directory` to measure; there are directory, mongo"),
        ("--workload W10", "no workload `W10`; there are W1, W1m, W2,"),
        ("--rounds no", "--rounds takes a number above 0, not `no`"),
        ("--docs 0", "--docs takes a number above 0, not `0`"),
        ("--pace fast", "--pace takes MiB and bulks in flight such as 5x2, not `fast`"),
        ("--json", "--json takes a value"),
        ("--fast", "unknown switch `--fast`; see --help"),
    ] {
        let error = options(line).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{line}: {error}");
    }
}

const REPORT: &str = r#"{"created":1000,"updated":0,"deleted":0,"requests":3,"bytes_sent":2000000,"bytes_received":10,"seconds":0.01}"#;

/// Programs that say what real ones would.
fn place() -> Place {
    let place = Place::new();
    let calls = place.path("calls").display().to_string();
    let perf = format!(
        r#"case $1 in
serve) echo "serve $*" >> '{calls}'; echo '{{"type":"mongodb","settings":{{"host":"h"}}}}'
  while read -r word object; do
    case $word in
      load) n=$object; echo '{{}}' ;;
      remove) n=$((n - object)); echo '{{}}' ;;
      count) echo "{{\"count\":$n}}" ;;
      compare) echo "{{\"equal\":$n}}" ;;
      *) echo '{{}}' ;;
    esac
  done ;;
sink) [ "$3" != --record ] || {{ mkdir -p "$4"; echo 12345 > "$4/bulk.ndjson"; }}; echo '{{"url":"http://sink"}}'; cat ;;
post) echo "post $*" >> '{calls}'; echo '{REPORT}' ;;
drain) echo '{{}}' ;;
esac"#
    );
    place.script(place.path("built/examples/perf-mongo"), &perf);
    place.script(place.path("built/examples/raw-mongo"), "echo '{}'");
    place.script(
        place.path("built/connectors"),
        &format!("echo \"connectors $*\" >> '{calls}'; echo '{REPORT}'"),
    );
    place
}

fn server() -> Server {
    Server { url: "http://es".into(), ..Server::stopped("elasticsearch", "9") }
}

fn measured(place: &Place, line: &str) -> Result<()> {
    let options = options(line)?;
    all(&place.shell, &options, (&place.path("built"), &server()))
}

#[test]
fn contestants_run_in_turns_and_each_run_is_compared() {
    let place = place();
    measured(&place, "--workload W1 --docs 1000 --rounds 2 --pace 5x2").unwrap();
    let calls: Vec<String> =
        place.calls().iter().map(|call| call.split(" --").next().unwrap().to_owned()).collect();
    let warm = ["serve serve", "connectors", "post post", "post post", "post post"];
    let rounds = ["connectors", "post post", "connectors", "post post", "connectors"];
    assert_eq!(calls, [&warm[..], &rounds[..]].concat(), "warming up, one recording, two rounds");
    assert!(
        place.calls()[7].contains("--es http://es sync mongodb --index perf --json --settings"),
        "{:?}",
        place.calls()
    );
    let shown = place.out.get();
    assert!(shown.contains("W1: 100k documents of 570 B") && shown.contains("wall ÷ C1"), "{shown}");
    assert!(shown.contains("1000 documents were compared by id and content"), "{shown}");
}

#[test]
fn every_kind_of_workload_gives_its_figures() {
    let place = place();
    let line = "--docs 1000 --rounds 2 --pace 5x2 --json f.json --markdown f.md --svg f.svg --workload W2,W4,W5,W6,W7,W8,W1m,growth";
    measured(&place, line).unwrap();
    let figures: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(place.path("f.json")).unwrap()).unwrap();
    let outcomes = figures["outcomes"].as_array().unwrap();
    let lanes = |outcome: &serde_json::Value| -> Vec<String> {
        let lanes = outcome["lanes"].as_array().unwrap().iter();
        lanes.map(|lane| lane["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes.len(), 8);
    assert_eq!(lanes(&outcomes[0]), [outcome::C1, outcome::US, outcome::C2, outcome::C3, outcome::C4]);
    assert_eq!(lanes(&outcomes[1]), [outcome::C2, outcome::AGAIN, outcome::CHANGED, outcome::FORGETFUL]);
    assert_eq!(lanes(&outcomes[2]), [outcome::C1, outcome::US, outcome::AGAIN]);
    assert_eq!(lanes(&outcomes[5]), [outcome::US, outcome::AGAIN]);
    assert_eq!(lanes(&outcomes[6]), ["dynamic", "search", "reference"]);
    assert_eq!(lanes(&outcomes[7]), ["10", "100", "1000"]);
    assert!(
        outcomes.iter().flat_map(|outcome| outcome["lanes"].as_array().unwrap()).all(|lane| lane["samples"]
            .as_array()
            .unwrap()
            .len()
            == 2)
    );
    assert_eq!((figures["pace"].clone(), figures["rounds"].clone()), (serde_json::json!([5, 2]), 2.into()));
    assert!(
        fs::read_to_string(place.path("f.md")).unwrap().contains("### W4: 1M documents, nothing changed")
    );
    assert!(fs::read_to_string(place.path("f.svg")).unwrap().starts_with("<svg "));
}

#[test]
fn the_loaders_best_is_tried_out_once() {
    let place = place();
    measured(&place, "--workload W1,W3c --docs 1000 --rounds 1").unwrap();
    let posts = place.calls().iter().filter(|call| call.starts_with("post")).count();
    assert_eq!(posts, 3 + 6 * 2 + 2, "three to warm up, two of each pace, and a round of each workload");
    assert!(place.err.get().contains("C1 with bulks of 10 MiB, 2 in flight"), "{}", place.err.get());
}

#[test]
fn a_difference_or_a_failure_has_no_time_and_the_others_go_on() {
    let place = place();
    let broken = r#"case $1 in
serve) echo '{"type":"mongodb","settings":{}}'; while read -r word object; do case $word in compare) echo '{"error":"the document 7 is not in the index"}' ;; *) echo '{}' ;; esac; done ;;
sink) [ "$3" != --record ] || { mkdir -p "$4"; : > "$4/bulk.ndjson"; }; echo '{"url":"u"}'; cat ;;
*) echo '{}' ;;
esac"#;
    place.script(place.path("built/examples/perf-mongo"), broken);
    let error =
        measured(&place, "--workload W1,W8 --docs 1000 --rounds 1 --pace 5x2").unwrap_err().to_string();
    let expected =
        "W1: the document 7 is not in the index\nW8: the index holds 0 documents, and must hold 1000";
    assert_eq!(error, expected);
    assert!(!place.out.get().contains("W1"), "{}", place.out.get());
}

#[test]
fn a_missed_requirement_fails_unless_the_workload_was_made_smaller() {
    let mut outcome = Outcome::of(&WORKLOADS[0]);
    outcome.checks =
        vec![outcome::Check { requirement: "wall ÷ C1".into(), limit: 1.05, measured: 1.2, met: false }];
    let error = verdict(&[outcome.clone()], Vec::new(), false).unwrap_err().to_string();
    assert_eq!(error, "W1: wall ÷ C1 is 1.20, and must be at most 1.05");
    assert!(verdict(&[outcome], Vec::new(), true).is_ok());
}

#[test]
fn what_is_missing_is_built_for_release() {
    let place = Place::new().program("cargo", "").program("mongod", "");
    for example in ["perf-mongo", "raw-mongo"] {
        place.script(place.path(&format!("crates/source-mongo/examples/{example}.rs")), "");
    }
    let options = options("--workload W1,W9").unwrap();
    assert_eq!(built(&place.shell, &options).unwrap(), place.path("target/release"));
    let expected = [
        "cargo build --locked --release --bins --package connectors --package source-directory --package source-mongo \
         --example perf-mongo --example raw-mongo",
    ];
    assert_eq!(place.calls(), expected);
    assert_eq!(provided(&place.shell, &options).unwrap().var("MONGOD"), place.path("bin/mongod").to_str());
    let files = Options::of(&words("--workload W9"), &[]).unwrap();
    assert_eq!(provided(&place.shell, &files).unwrap().var("MONGOD"), None);
}
