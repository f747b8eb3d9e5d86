use super::run;
use crate::tests::Machine;

fn machine(body: &str) -> Machine {
    let machine = Machine::new()
        .program("cargo-fuzz", &format!("[ $2 = --version ] && echo cargo-fuzz 0.13.2\n{body}"));
    let targets = machine.path("fuzz/fuzz_targets");
    std::fs::create_dir_all(&targets).unwrap();
    for name in ["bson", "rules"] {
        std::fs::write(targets.join(name).with_extension("rs"), "").unwrap();
    }
    machine
}

fn asked(machine: &Machine, words: &str) -> Result<(), String> {
    let arguments: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    run(&machine.shell, &arguments).map_err(|error| error.to_string())
}

#[test]
fn every_target_runs_within_its_limits_and_tells_its_executions() {
    let machine = machine("printf 'stat::number_of_executed_units: 4711\\nstat::peak_rss_mb:   38\\n' >&2");
    asked(&machine, "--seconds 3").unwrap();
    let call = |name: &str| {
        format!(
            "cargo-fuzz fuzz run --release --sanitizer none --target-dir /W/target/fuzz {name} \
             /W/target/fuzz/found/{name} fuzz/corpus/{name} -- -max_total_time=3 -rss_limit_mb=1024 -timeout=10 \
             -print_final_stats=1"
        )
    };
    assert_eq!(machine.calls()[1..], [call("bson"), call("rules")]);
    assert!(
        machine.out.get().contains("rules             4711 executions in 3 s, 38 MB at most"),
        "{}",
        machine.out.get()
    );
}

#[test]
fn what_was_found_is_kept_where_it_is_asked_for() {
    let machine = machine("printf 'stat::number_of_executed_units: 1\\nstat::peak_rss_mb: 1\\n' >&2");
    asked(&machine, "rules --keep").unwrap();
    let calls = machine.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[1].contains("-max_total_time=600"));
    let merge = "rules fuzz/corpus/rules /W/target/fuzz/found/rules -- -set_cover_merge=1 -rss_limit_mb=1024";
    assert!(calls[2].ends_with(merge), "{}", calls[2]);
}

#[test]
fn a_crash_fails_the_command_with_what_the_fuzzer_said() {
    let machine = machine("[ $2 = run ] && { echo 'panicked at x' >&2; exit 77; }; true");
    let error = asked(&machine, "bson").unwrap_err();
    assert!(error.contains("panicked at x") && error.contains("77"), "{error}");
    let silent = self::machine("true");
    assert!(asked(&silent, "bson").unwrap_err().contains("does not tell how often it ran"));
}

#[test]
fn wrong_words_are_named() {
    let machine = machine("true");
    assert!(asked(&machine, "bsn").unwrap_err().contains("no target `bsn`; the targets are bson, rules"));
    assert!(asked(&machine, "--seconds x").unwrap_err().contains("not `x`"));
    assert!(asked(&machine, "--seconds").unwrap_err().contains("not ``"));
    assert!(asked(&machine, "--fast").unwrap_err().contains("--fast"));
}
