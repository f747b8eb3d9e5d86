//! What the settings promise.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use connectors_core::config::Config;
use serde_json::{Value, json};

use super::{DirectoryConfig, Ids};

fn parse(values: &Value) -> Result<DirectoryConfig, String> {
    DirectoryConfig::parse(values.as_object().unwrap()).map_err(|problems| problems.to_string())
}

#[test]
fn only_the_directory_is_required() {
    let config = parse(&json!({"directory": "docs"})).unwrap();
    assert_eq!(config.directory, Path::new("docs"));
    assert!(config.pattern.matches(Path::new("a")) && config.pattern.matches(Path::new("a/b/c.md")));
    assert!(!config.follow_links && !config.hidden && !config.gitignore);
    assert_eq!(parse(&json!({})).unwrap_err(), "  directory: a value is required");
}

#[test]
fn a_directory_is_taken_as_it_is() {
    let config = parse(&json!({"directory": "./~/a b/"})).unwrap();
    assert_eq!(config.directory, Path::new("./~/a b/"));
}

#[test]
fn patterns_match_the_whole_relative_path() {
    for (pattern, path, wanted) in [
        ("**/*", "top", true),
        ("**/*", "a/.b/c", true),
        ("*.md", "top.md", true),
        ("*.md", "a/b.md", false),
        ("**/*.md", "top.md", true),
        ("**/*.md", "a/b/c.md", true),
        ("**/*.md", "a/b/c.mdx", false),
        ("a/**", "a/b/c", true),
        ("a/**", "b/a/c", false),
        ("a/*/c", "a/b/c", true),
        ("a/*/c", "a/b/b/c", false),
        ("?.md", "/.md", false),
        ("**/*.{md,txt}", "a/b.txt", true),
        ("**/[0-9]*", "a/1st", true),
        ("*.md", "new\nline.md", true),
    ] {
        let config = parse(&json!({"directory": "d", "pattern": pattern})).unwrap();
        assert_eq!(config.pattern.matches(Path::new(path)), wanted, "{pattern} on {path}");
    }
}

#[test]
fn patterns_match_names_that_are_not_text() {
    let config = parse(&json!({"directory": "d", "pattern": "a/*.md"})).unwrap();
    assert!(config.pattern.matches(Path::new(OsStr::from_bytes(b"a/\xff\xfe.md"))));
}

#[test]
fn a_broken_pattern_is_named_with_its_reason() {
    let problem = parse(&json!({"directory": "d", "pattern": "a/[b"})).unwrap_err();
    assert!(
        problem.starts_with(r#"  pattern: "a/[b": expected a glob such as **/*.md (unclosed"#),
        "{problem}"
    );
    let problem = parse(&json!({"pattern": "{a"})).unwrap_err();
    assert_eq!(problem.lines().count(), 2, "both problems at once: {problem}");
}

#[test]
fn the_form_shows_every_setting_with_its_default() {
    let schema = DirectoryConfig::schema();
    let shown: Vec<_> = ["directory", "pattern", "follow_links", "hidden", "gitignore", "ids"]
        .iter()
        .map(|name| (schema[*name]["type"].clone(), schema[*name]["default_value"].clone()))
        .collect();
    let no = (json!("bool"), json!(false));
    let text = |default: Value| (json!("str"), default);
    let expected =
        [text(Value::Null), text(json!("**/*")), no.clone(), no.clone(), no, text(json!("relative"))];
    assert_eq!(shown, expected);
    assert_eq!(schema.len(), expected.len());
}

#[test]
fn ids_are_of_one_of_two_kinds() {
    let ids = |ids: &str| parse(&json!({"directory": "d", "ids": ids})).map(|config| config.ids);
    assert_eq!((ids("relative"), ids("reference")), (Ok(Ids::Relative), Ok(Ids::Reference)));
    let refused = ids("refrence").unwrap_err();
    assert!(refused.contains("ids") && refused.contains("reference"), "{refused}");
    assert_eq!(parse(&json!({"directory": "d"})).unwrap().ids, Ids::Relative);
}
