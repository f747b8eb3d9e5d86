use super::*;

fn parsed(text: &str) -> Dockerfile {
    Dockerfile::parse(text).unwrap()
}

#[test]
fn stages_hold_the_instructions_below_them() {
    let file = parsed("# first\nFROM rust:1 as one\nRUN a\n\nfrom scratch\ncopy b /c\n");
    let stages: Vec<_> =
        file.stages.iter().map(|stage| (stage.base.as_str(), stage.name.as_deref())).collect();
    assert_eq!(stages, [("rust:1", Some("one")), ("scratch", None)]);
    assert_eq!(file.last().instructions[0].word, "COPY");
    assert_eq!(file.before_last().map(|instruction| instruction.rest.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_line_goes_on_behind_a_backslash_also_over_comments() {
    let file = parsed("FROM a\nRUN --mount=type=cache,target=/x \\\n  # why\n  one && \\\n  two\nUSER 1:1");
    let [run, user] = &file.last().instructions[..] else { panic!("{file:?}") };
    assert_eq!(
        (run.line, run.rest.as_str(), run.flag("mount")),
        (2, "one && two", Some("type=cache,target=/x"))
    );
    assert_eq!((user.line, user.rest.as_str(), user.flag("mount")), (6, "1:1", None));
}

#[test]
fn arguments_are_words_or_a_list() {
    let file = parsed("FROM a\nCOPY  b   /c/\nCMD [\"d e\", \"f\"]\nCMD [d]");
    let arguments: Vec<_> = file.last().instructions.iter().map(Instruction::arguments).collect();
    assert_eq!(arguments[0].as_deref().unwrap(), ["b", "/c/"]);
    assert_eq!(arguments[1].as_deref().unwrap(), ["d e", "f"]);
    let error = arguments[2].as_ref().unwrap_err().to_string();
    assert!(error.starts_with("cannot understand line 4 of the Dockerfile, CMD [d]: "), "{error}");
}

#[test]
fn variables_may_be_quoted() {
    let file = parsed("FROM a\nENV A=1 B=\"two words\" C=\nENV D\nENV E=\"open");
    let variables: Vec<_> = file.last().instructions.iter().map(Instruction::variables).collect();
    let pairs = [("A", "1"), ("B", "two words"), ("C", "")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(variables[0].as_deref().unwrap(), pairs);
    assert!(variables[1].as_ref().unwrap_err().to_string().contains("expected NAME=VALUE"));
    assert!(variables[2].as_ref().unwrap_err().to_string().contains("a quote is not closed"));
}

#[test]
fn a_text_without_stages_is_refused() {
    for (text, cause) in [("# nothing", "it has no FROM"), ("RUN a\nFROM b", "stands before any FROM")] {
        let error = Dockerfile::parse(text).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}
