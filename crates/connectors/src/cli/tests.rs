//! What pages say can be typed is what the program takes.

use clap::{Command as Clap, CommandFactory as _};

use super::*;

const PAGES: [&str; 9] = [
    include_str!("../../../../README.md"),
    include_str!("../../../../config.yml"),
    include_str!("../../../../docs/architecture.md"),
    include_str!("../../../../docs/contributing.md"),
    include_str!("../../../../docs/developing.md"),
    include_str!("../../../../docs/security.md"),
    include_str!("../../../../docs/service.md"),
    include_str!("../../../../docs/sources/dir.md"),
    include_str!("../../../../docs/sources/mongodb.md"),
];

/// The calls of the program on a page: in backticks, or as lines of a shell.
fn calls(page: &str) -> Vec<String> {
    let page = page.replace("\\\n", "").replace("\\|", "|");
    let shell = page.split("```").skip(1).step_by(2);
    let lines = shell.flat_map(|block| block.lines()).flat_map(|line| line.trim().split(" && "));
    let spans = page.split('`').filter(|span| !span.contains('\n'));
    let calls = lines.chain(spans).map(|call| call.strip_prefix("cargo ").unwrap_or(call));
    calls.filter_map(|call| call.strip_prefix("connectors ")).map(str::to_owned).collect()
}

/// The first word of a call that the program does not know.
fn unknown(call: &str, root: &Clap) -> Option<String> {
    let mut commands = vec![root];
    let words = call.split_whitespace().take_while(|word| !["#", "&", "|"].contains(word));
    let mut words = words.filter(|word| *word != "…");
    while let Some(word) = words.next() {
        let command = *commands.last()?;
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next()?;
            let has = |argument: &&clap::Arg| argument.get_long() == Some(name);
            let known = commands.iter().find_map(|command| command.get_arguments().find(has));
            match known {
                None if name != "help" => return Some(word.to_owned()),
                Some(known) if known.get_action().takes_values() && !option.contains('=') => _ = words.next(),
                _ => {}
            }
        } else if command.has_subcommands() {
            let found: Option<Vec<&Clap>> =
                word.split('|').map(|word| command.find_subcommand(word)).collect();
            match found {
                None => return Some(word.to_owned()),
                Some(found) => commands.extend(found.first()),
            }
        }
    }
    None
}

#[test]
fn every_command_and_option_on_the_pages_exists() {
    let root = Cli::command();
    let mut count = 0;
    for call in PAGES.into_iter().flat_map(calls) {
        count += 1;
        assert_eq!(unknown(&call, &root), None, "`connectors {call}`");
    }
    assert!(count > 50, "{count}");
    for (call, word) in [
        ("snc dir", "snc"),
        ("sync dir --idnex docs", "--idnex"),
        ("job strat ID", "strat"),
        ("--es http://h connector create|lost", "create|lost"),
    ] {
        assert_eq!(unknown(call, &root).as_deref(), Some(word), "{call}");
    }
}

#[test]
fn the_table_of_the_readme_has_every_command() {
    let service = include_str!("../../../../docs/service.md");
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let row = format!("| `connectors {}", command.get_name());
        assert!(PAGES[0].contains(&row) || service.contains(&row), "{row}");
    }
}

/// The words of a line as a shell splits them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.trim().chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words
}

/// Every command that its user sees, with the words that lead to it.
fn commands(command: &Clap, path: &str) -> Vec<(String, Clap)> {
    let path = if path.is_empty() {
        command.get_name().to_owned()
    } else {
        format!("{path} {}", command.get_name())
    };
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    let below = visible.flat_map(|below| commands(below, &path)).collect::<Vec<_>>();
    [vec![(path.clone(), command.clone())], below].concat()
}

#[test]
fn the_help_of_every_command_ends_with_two_examples_that_can_be_typed() {
    for (path, command) in commands(&Cli::command(), "") {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let (_, shown) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{path} has no examples"));
        assert_eq!(shown.lines().count(), 2, "{path}: {shown}");
        for line in shown.lines() {
            assert!(path == "connectors" || line.trim().starts_with(&path), "{path}: {line}");
            let parsed = Cli::try_parse_from(words(line.split(" > ").next().unwrap()));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }
    assert!(Cli::try_parse_from(words("connectors sync dir --set directory")).is_err());
}

#[test]
fn no_line_of_any_help_is_wider_than_a_hundred_columns() {
    for (path, command) in commands(&Cli::command(), "") {
        let mut command = command.term_width(100);
        let help = command.render_long_help().to_string();
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(wide.is_empty(), "{path}: {wide:#?}");
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was_read_last() {
    let mut pages = String::new();
    for (path, command) in commands(&Cli::command(), "") {
        let mut command = command.term_width(100);
        let help = command.render_help();
        let lines = help.to_string();
        let lines = lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        pages += &format!("$ {path} --help\n{lines}\n\n");
    }
    expect_test::expect_file!["help.txt"].assert_eq(&pages);
}
