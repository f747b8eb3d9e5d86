use super::*;
use crate::tests::Machine;

const DECLARED: [&str; 3] = ["config.yml", "Cargo.toml", "crates/connectors/Cargo.toml"];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A copy of what a new source is declared in, and a cargo that only notes its calls.
fn machine() -> Machine {
    let machine = Machine::new().program("cargo", "");
    for path in DECLARED {
        create(&machine.path(path), &fs::read_to_string(workspace().join(path)).unwrap()).unwrap();
    }
    machine
}

fn generate(machine: &Machine, name: &str) -> Result<()> {
    run(&machine.shell, &Args { name: name.to_owned() })
}

fn read(machine: &Machine, path: &str) -> String {
    fs::read_to_string(machine.path(path)).unwrap()
}

#[test]
fn every_file_of_a_source_is_written_with_the_name_in_it_and_the_next_steps_told() {
    let machine = machine();
    generate(&machine, "two-words").unwrap();
    for (path, _) in TEMPLATES {
        let text = read(&machine, &filled(path, "two-words"));
        assert!(!text.contains("__"), "{path}: a placeholder is left");
    }
    let library = read(&machine, "crates/source-two-words/src/lib.rs");
    assert!(library.contains("pub static SOURCE: Definition<TwoWords>"), "{library}");
    let program = read(&machine, "crates/source-two-words/tests/source/main.rs");
    assert!(program.contains("main!(source_two_words::SOURCE, fixture::TwoWordsServer);"), "{program}");
    let calls = ["cargo fmt --package source-two-words", "cargo update --workspace --offline --quiet"];
    assert_eq!(machine.calls(), calls);
    let told = machine.out.get();
    for part in
        ["--package source-two-words", "xtask ftest two-words", "docker/two-words/compose.yml", "coverage"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_files_are_those_that_other_sources_have() {
    for file in
        ["src/lib.rs", "src/config.rs", "src/client.rs", "src/document.rs", "src/source.rs", "Cargo.toml"]
            .into_iter()
            .chain(["tests/source/main.rs", "tests/source/fixture.rs"])
    {
        let there = |name| workspace().join(format!("crates/source-{name}/{file}")).is_file();
        assert!(there("directory") && there("mongo"), "{file}");
        assert!(
            TEMPLATES.iter().any(|(path, _)| *path == format!("crates/source-__name__/{file}")),
            "{file}"
        );
    }
}

#[test]
fn it_is_declared_once_in_each_place_and_nothing_else_changes() {
    let machine = machine();
    let before = DECLARED.map(|path| read(&machine, path));
    generate(&machine, "foo").unwrap();
    let rows = [
        vec!["  foo: source-foo"],
        vec!["source-foo = { path = \"crates/source-foo\" }"],
        vec!["source-foo = [\"dep:source-foo\"]", "source-foo = { workspace = true, optional = true }"],
    ];
    for ((path, before), rows) in DECLARED.into_iter().zip(before).zip(rows) {
        let after = read(&machine, path);
        let others: Vec<&str> = after.lines().filter(|line| !rows.contains(line)).collect();
        let others = others.join("\n").replace("\"source-foo\", ", "");
        assert_eq!(others.trim_end(), before.trim_end(), "{path}");
        assert!(
            rows.iter().all(|row| after.lines().filter(|line| line == row).count() == 1),
            "{path}: {after}"
        );
    }
    let program = read(&machine, DECLARED[2]);
    let default = program.lines().find_map(|line| line.strip_prefix("default = ")).unwrap();
    let names: Vec<&str> = default.trim_matches(['[', ']']).split(", ").collect();
    assert!(names.is_sorted() && names.contains(&"\"source-foo\""), "{default}");
}

#[test]
fn names_that_can_not_be_are_refused_with_the_reason() {
    let (machine, long) = (machine(), "x".repeat(41));
    for (name, reason) in [
        ("Foo", "kebab-case"),
        ("foo_bar", "kebab-case"),
        ("foo--bar", "kebab-case"),
        ("7zip", "a letter first"),
        ("", "kebab-case"),
        ("../x", "kebab-case"),
        ("source-foo", "name it `foo`"),
        ("client", "part of every source"),
        ("dir", "says `dir: source-directory`"),
        (&long, "longer than 40"),
    ] {
        let error = generate(&machine, name).unwrap_err();
        assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(reason), "{name}: {error}");
    }
    assert_eq!(machine.calls(), [""; 0]);
}

#[test]
fn nothing_that_exists_is_overwritten_and_a_workspace_without_sources_is_told() {
    for there in ["crates/source-foo/notes.txt", "docker/foo/compose.yml", "docs/sources/foo.md"] {
        let machine = machine();
        create(&machine.path(there), "mine").unwrap();
        let before = read(&machine, "config.yml");
        let error = generate(&machine, "foo").unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
        assert_eq!((read(&machine, there).as_str(), read(&machine, "config.yml")), ("mine", before));
        assert!(!machine.path("crates/source-foo/Cargo.toml").exists());
    }
    let machine = machine();
    fs::write(machine.path("config.yml"), "sources:\n").unwrap();
    let error = generate(&machine, "foo").unwrap_err().to_string();
    assert!(error.contains("config.yml") && error.contains("no row of another source"), "{error}");
    assert!(!machine.path("crates/source-foo").exists());
}
