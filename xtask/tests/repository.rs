//! What the texts of the repository say of it is true.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends with what it can't find")]

use std::path::{Path, PathBuf};

use serde_yaml::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The targets of the links of a text outside of its code.
fn links(markdown: &str) -> Vec<String> {
    let prose = markdown.split("```").step_by(2).collect::<String>();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

fn anchors(markdown: &str) -> Vec<String> {
    let prose = markdown.split("```").step_by(2).collect::<String>();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Each Rust excerpt with the file that the last link above it names.
fn excerpts(markdown: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = markdown.split("```").collect();
    let blocks = parts.chunks_exact(2).filter_map(|pair| Some((pair[0], pair[1].strip_prefix("rust\n")?)));
    blocks
        .map(|(above, code)| (links(above).pop().expect("a link above each excerpt"), code.to_owned()))
        .collect()
}

/// The runs of lines between `// …`, without indentation.
fn runs(code: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.split(|line| *line == "// …").map(<[&str]>::to_vec).collect()
}

#[test]
fn the_excerpts_of_developing_stand_in_their_files() {
    let found = excerpts(&read("docs/developing.md"));
    assert!(found.len() > 10, "only {} excerpts", found.len());
    for (target, code) in found {
        let file = read(Path::new("docs").join(&target));
        let lines: Vec<&str> = file.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mut rest = lines.as_slice();
        for run in runs(&code) {
            let place = rest.windows(run.len()).position(|window| window == run);
            let place = place.unwrap_or_else(|| panic!("{target} has no such lines:\n{}", run.join("\n")));
            rest = &rest[place + run.len()..];
        }
    }
}

/// What lies in a folder, by its path from the root.
fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect(folder);
    entries.map(|entry| Path::new(folder).join(entry.expect("an entry").file_name())).collect()
}

/// README.md and every page of docs/, by their paths.
fn pages() -> Vec<PathBuf> {
    let pages = [entries("docs"), entries("docs/sources"), vec!["README.md".into()]].concat();
    pages.into_iter().filter(|page| page.extension().is_some_and(|kind| kind == "md")).collect()
}

/// What stands between single backticks of a page.
fn spans(markdown: &str) -> Vec<&str> {
    let prose = markdown.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    for page in pages() {
        let text = read(&page);
        for target in links(&text).iter().filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let page = page.display();
            assert!(root().join(&file).exists(), "{page}: there is no {target}");
            let known = heading.is_empty() || anchors(&read(&file)).iter().any(|anchor| anchor == heading);
            assert!(known, "{page}: {target} names no heading");
        }
    }
}

#[test]
fn files_that_pages_name_exist() {
    const FOLDERS: [&str; 6] = ["crates/", "docs/", "ci/", "docker/", "xtask/", "fuzz/"];
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        let is_of_this_source =
            |name: &&str| !name.contains(|letter: char| "<*{ …".contains(letter) || letter.is_uppercase());
        for name in spans(&text).into_iter().filter(is_of_this_source) {
            if FOLDERS.iter().any(|folder| name.starts_with(folder)) {
                count += 1;
                assert!(root().join(name).exists(), "{}: there is no {name}", page.display());
            }
        }
    }
    assert!(count > 10, "{count}");
    let files = rust_files(&root().join("crates"));
    let text = read("docs/architecture.md");
    let modules = spans(&text)
        .into_iter()
        .filter(|name| name.ends_with(".rs") && !["foo.rs", "build.rs"].contains(name));
    for name in modules {
        assert!(files.iter().any(|path| path.ends_with(name)), "docs/architecture.md: no crate has {name}");
    }
}

#[test]
fn commands_of_xtask_that_pages_name_exist() {
    let known = xtask::cli::names();
    for page in pages() {
        // What a search found is shown between stars.
        let text = read(&page).replace('*', "");
        for rest in text.split("cargo xtask ").skip(1) {
            let word = rest.split(|letter: char| letter.is_whitespace() || letter == '`').next().unwrap();
            assert!(
                known.iter().any(|name| name == word),
                "{}: there is no `cargo xtask {word}`",
                page.display()
            );
        }
    }
    let text = read("docs/architecture.md");
    let listed = text.split("cargo xtask ").nth(1).and_then(|rest| rest.lines().next()).expect("the list");
    let (mut listed, mut known) = (listed.split(" | ").collect::<Vec<_>>(), known);
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known, "docs/architecture.md lists every command");
}

#[test]
fn the_readme_tells_the_exit_codes_of_the_help() {
    let (readme, help) = (read("README.md").replace('`', ""), read("crates/connectors/src/cli.rs"));
    let rows = readme.split("| code | meaning |").nth(1).expect("a table").lines().skip(2);
    let told: Vec<String> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            format!("{:>5}  {}", cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let codes =
        help.split("Exit codes:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("the help");
    // A meaning goes on in a line without a code.
    let codes = codes.replace("\n       ", " ");
    assert_eq!(told, codes.lines().collect::<Vec<_>>());
}

#[test]
fn every_script_and_every_fuzz_target_is_named_where_it_is_explained() {
    let (contributing, reliability) = (read("docs/contributing.md"), read("docs/reliability.md"));
    let names = |folder: &str| -> Vec<String> {
        entries(folder).iter().map(|path| path.file_stem().unwrap().display().to_string()).collect()
    };
    for script in names("ci") {
        assert!(contributing.contains(&format!("`ci/{script}`")), "docs/contributing.md lacks ci/{script}");
    }
    let rows = reliability.split("| target | what it reads").nth(1).expect("a table").lines().skip(2);
    let mut told: Vec<&str> = rows.map_while(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let mut targets = names("fuzz/fuzz_targets");
    told.sort_unstable();
    targets.sort_unstable();
    assert_eq!(told, targets);
}

#[test]
fn the_readme_runs_the_image_of_this_version() {
    assert!(read("README.md").contains(concat!(" connectors:", env!("CARGO_PKG_VERSION"), " ")));
}

/// The workflow's jobs by name.
fn jobs(workflow: &Value) -> Vec<(&str, &Value)> {
    workflow["jobs"].as_mapping().unwrap().iter().map(|(name, job)| (name.as_str().unwrap(), job)).collect()
}

fn steps<'a>(workflow: &'a Value, key: &str) -> Vec<&'a str> {
    let steps = jobs(workflow).into_iter().flat_map(|(_, job)| job["steps"].as_sequence().expect("steps"));
    steps.filter_map(|step| step.get(key)?.as_str()).collect()
}

fn workflow() -> Value {
    serde_yaml::from_str(&read(".github/workflows/ci.yml")).expect("YAML")
}

#[test]
fn the_workflow_uses_actions_by_commit_and_may_only_read() {
    let (text, workflow) = (read(".github/workflows/ci.yml"), workflow());
    let used = steps(&workflow, "uses");
    assert!(!used.is_empty());
    for action in used {
        let (_, commit) = action.split_once('@').expect(action);
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        assert!(text.contains(&format!("{action} # v")), "{action} does not say which version it is");
    }
    let permissions = workflow["permissions"].as_mapping().expect("permissions");
    assert!(permissions.len() == 1 && permissions["contents"] == "read", "{permissions:?}");
    assert!(jobs(&workflow).iter().all(|(_, job)| job.get("permissions").is_none()));
    assert!(jobs(&workflow).iter().all(|(_, job)| job["timeout-minutes"].is_u64()));
}

#[test]
fn every_script_is_run_and_every_job_needed() {
    let workflow = workflow();
    let run = steps(&workflow, "run");
    let pipeline = read(".ci/run");
    let commands = run.iter().copied().chain(pipeline.lines().filter_map(|line| line.strip_prefix("step ")));
    let programs: Vec<&str> = commands.filter_map(|command| command.split_whitespace().next()).collect();
    for script in entries("ci") {
        let script = script.display().to_string();
        assert!(programs.contains(&script.as_str()), "{script} is run by neither the workflow nor .ci/run");
    }
    let others: Vec<&str> =
        jobs(&workflow).into_iter().map(|(name, _)| name).filter(|name| *name != "required").collect();
    let needed = workflow["jobs"]["required"]["needs"].as_sequence().expect("needs");
    assert_eq!(needed.iter().filter_map(Value::as_str).collect::<Vec<_>>(), others);
    let wanted = vec!["success"; others.len()].join(" ");
    assert!(run.iter().any(|line| line.ends_with(&format!("= \"{wanted}\""))), "required waits for {wanted}");
}

/// Names of tests, `crate::file::name`, in a text.
fn tests_named(markdown: &str) -> Vec<(&str, &str, &str)> {
    let names = markdown.split('`').skip(1).step_by(2).filter_map(|name| {
        let mut parts = name.split("::");
        let found = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(found)
    });
    names.collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let nested = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect()
}

/// True for a file with a test of this name: a function with an attribute that makes it one.
fn has_test(path: &Path, name: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let line = format!("fn {name}(");
    let Some(place) = lines.iter().position(|found| found.contains(&line)) else { return false };
    let mut attributes = lines[..place].iter().rev().take_while(|line| line.starts_with("#["));
    attributes.any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
}

#[test]
fn every_test_that_reliability_names_exists() {
    let text = read("docs/reliability.md");
    let named = tests_named(&text);
    assert!(named.len() > 200, "{}", named.len());
    let is_there = |(package, file, name): &(&str, &str, &str)| {
        let of_file = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == *file);
        rust_files(&root().join("crates").join(package))
            .iter()
            .any(|path| of_file(path) && has_test(path, name))
    };
    let missing: Vec<_> = named.iter().filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn the_rows_of_reliability_are_numbered_and_each_names_a_test() {
    let text = read("docs/reliability.md");
    let rows: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    for (place, (number, row)) in rows.iter().enumerate() {
        assert_eq!(*number, (place + 1).to_string(), "rows are numbered from 1");
        assert!(!tests_named(row).is_empty(), "row {number} names no test");
    }
    assert!(rows.len() >= 62, "{}", rows.len());
}
