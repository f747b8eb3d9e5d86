//! Names of indices that no command takes.

use crate::place::Place;

const NAMES: [&str; 8] =
    [".connectors-failures", ".elastic-connectors", "..", "Docs", "a/b", "a,b", "-a", "a\u{1b}[2J"];

#[test]
fn no_command_takes_an_index_of_the_program_or_one_that_no_server_has() {
    let place = Place::new();
    let long = "x".repeat(256);
    for name in NAMES.into_iter().chain([long.as_str()]) {
        let index = format!("--index={name}");
        let dir = ["dir", "--set", "directory=docs", index.as_str()];
        let quoted = serde_json::json!(name);
        let declared =
            format!("connectors: [{{id: c, type: dir, index: {quoted}, settings: {{directory: docs}}}}]");
        place.write("connectors.yml", declared.as_bytes());
        for arguments in [
            [&["sync"][..], &dir].concat(),
            [&["follow"][..], &dir].concat(),
            [&["verify"][..], &dir].concat(),
            vec!["search", "--", name, "word"],
            vec!["check", index.as_str()],
            [&["connector", "create"][..], &dir].concat(),
            vec!["apply", "connectors.yml", "--yes"],
        ] {
            let run = place.run(&arguments);
            let told = format!("{}{}", run.out, run.err);
            assert_eq!(run.code, 2, "{arguments:?}: {told}");
            assert!(
                told.contains("the index name can't be used") && told.contains("choose another"),
                "{told}"
            );
            assert!(!told.contains('\u{1b}'), "{told:?}");
        }
    }
}
