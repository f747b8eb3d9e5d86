//! What the test of a promise reports.

use super::{Broken, Outcome, broken, completion};

fn untried() -> Outcome {
    Err(Broken::Untried("no document has a content".into()))
}

#[test]
fn what_could_not_be_tried_fails_unless_the_fixture_names_it() {
    assert!(completion(untried(), true).is_ok());
    let failed = completion(untried(), false).err().unwrap().to_string();
    assert!(failed.contains("no document has a content") && failed.contains("`UNTRIED`"), "{failed}");
}

#[test]
fn what_the_fixture_names_and_was_kept_fails_so_that_the_list_stays_true() {
    assert!(completion(Ok(()), false).is_ok());
    let failed = completion(Ok(()), true).err().unwrap().to_string();
    assert!(failed.contains("take it out of `UNTRIED`"), "{failed}");
}

#[test]
fn a_broken_promise_fails_whether_it_is_named_or_not() {
    for is_excused in [true, false] {
        let failed = completion(broken("lost"), is_excused).err().unwrap().to_string();
        assert_eq!(failed, "lost");
    }
}
