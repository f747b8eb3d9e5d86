use super::*;

#[test]
fn a_file_error_names_action_path_and_cause() {
    let cause = std::io::Error::other("disk on fire");
    let error = Error::file("read", Path::new("/some/file"))(cause);
    assert_eq!(error.to_string(), "cannot read /some/file: disk on fire");
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn arguments_that_make_no_sense_have_an_exit_code_of_their_own() {
    assert_eq!(Error::Usage("what?".into()).exit_code(), 2);
}

#[test]
fn a_tail_is_the_last_lines_indented_without_empty_ones() {
    assert_eq!(tail("a\n\nb\nc\n", 2), "\n    b\n    c");
    assert_eq!(tail("", 2), "");
}
