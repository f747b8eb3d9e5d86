use super::{beginning, passages};

/// The passages around every occurrence of a word.
fn around<'a>(text: &'a str, word: &str, size: usize) -> Vec<&'a str> {
    let hits: Vec<_> = text.match_indices(word).map(|(at, word)| at..at + word.len()).collect();
    passages(text, &hits, size).into_iter().map(|passage| &text[passage]).collect()
}

#[test]
fn a_short_sentence_is_shown_whole() {
    let text = "One here. Two fox there. Three at example.com!  Four fox.";
    assert_eq!(around(text, "fox", 20), ["Two fox there.", "Four fox."]);
    assert_eq!(around(text, "Three", 30), ["Three at example.com!"]);
    assert_eq!(around("line\nfox\nline two goes on", "fox", 10), ["fox\n"]);
}

#[test]
fn a_long_one_is_cut_between_words() {
    let text = "word ".repeat(30) + "fox" + &" more".repeat(30);
    let found = around(&text, "fox", 40);
    assert_eq!(found, ["word word word fox more more more more"]);
}

#[test]
fn hits_that_lie_close_share_a_passage() {
    assert_eq!(around("fox and fox", "fox", 100), ["fox and fox"]);
    assert_eq!(around("fox and fox", "fox", usize::MAX), ["fox and fox"]);
}

#[test]
fn no_character_is_cut() {
    let text = "日本語\u{3000}".repeat(40) + "狐" + &"\u{3000}日本語".repeat(40);
    for size in 0..60 {
        assert!(around(&text, "狐", size)[0].contains('狐'), "{size}");
        assert!(beginning(&text, size).len() <= size + 3);
    }
    assert_eq!(beginning("one two three", 9), "one two");
    assert_eq!(beginning("one", 9), "one");
}
