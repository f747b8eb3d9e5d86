//! Texts of others on a terminal: what could move the cursor, change colours or the order of letters is shown by its number.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::IsTerminal;

/// True where what is written there may be coloured: a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
pub(crate) fn has_colours(output: &impl IsTerminal) -> bool {
    output.is_terminal() && allows_colours(env::var_os("NO_COLOR").as_deref()) && is_able()
}

/// True where lines can be drawn over: a terminal that is not dumb.
pub(crate) fn is_drawn_over(output: &impl IsTerminal) -> bool {
    output.is_terminal() && is_able()
}

fn is_able() -> bool {
    !is_dumb(env::var_os("TERM").as_deref())
}

/// By `NO_COLOR`, which counts when it is set and not empty.
fn allows_colours(no_color: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty)
}

fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| term == "dumb")
}

/// The text as one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The text as several lines; all but the first begin with two spaces, so that none of them looks like another message.
pub(crate) fn paragraph(text: &str) -> Cow<'_, str> {
    let text = escaped(text.trim_end_matches('\n'), |letter| letter == '\n');
    let is_indented = |line: &str| line.is_empty() || line.starts_with("  ");
    if text.lines().skip(1).all(is_indented) {
        return text;
    }
    let indent = |line: &str| if is_indented(line) { line.to_owned() } else { format!("  {line}") };
    let lines = text.lines().enumerate();
    let lines = lines.map(|(place, line)| if place == 0 { line.to_owned() } else { indent(line) });
    lines.collect::<Vec<_>>().join("\n").into()
}

/// The text without what a terminal would obey, but for colours that stand in it already (`\x1b[…m`).
pub(crate) fn coloured(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("\x1b[") {
        let (before, code) = rest.split_at(place);
        shown.push_str(&line(before));
        let digits = code[2..].bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        let end = 2 + digits;
        if code.as_bytes().get(end) == Some(&b'm') {
            shown.push_str(&code[..=end]);
            rest = &code[end + 1..];
        } else {
            shown.push_str(&line(&code[..2]));
            rest = &code[2..];
        }
    }
    shown + &line(rest)
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(|letter| is_obeyed(letter) && !is_kept(letter)) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            _ if is_kept(letter) => shown.push(letter),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // In the form that JSON has too, so that an answer in JSON stays one.
            _ if is_obeyed(letter) => {
                let _ = write!(shown, "\\u{:04x}", u32::from(letter));
            }
            _ => shown.push(letter),
        }
    }
    shown.into()
}

/// Control characters (C0, DEL, C1), separators of lines, and what turns the direction of writing.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_a_matter_of_the_terminal_and_of_who_reads_it() {
        for (no_color, allowed) in [(None, true), (Some(""), true), (Some("1"), false), (Some("0"), false)] {
            assert_eq!(allows_colours(no_color.map(OsStr::new)), allowed, "{no_color:?}");
        }
        for (term, dumb) in [(None, false), (Some("xterm-256color"), false), (Some("dumb"), true)] {
            assert_eq!(is_dumb(term.map(OsStr::new)), dumb, "{term:?}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_by_its_number() {
        for (text, shown) in [
            ("plain ä 日本 🙂", "plain ä 日本 🙂"),
            ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}2J\u{7f}", "\\u009b2J\\u007f"),
            ("evil\u{202e}fdp.exe", "evil\\u202efdp.exe"),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn a_paragraph_has_no_second_line_that_looks_like_a_first() {
        assert_eq!(paragraph("wrong:\n  a: b\n"), "wrong:\n  a: b");
        assert_eq!(paragraph("refused: x\nerror: fake\x1b[2J"), "refused: x\n  error: fake\\u001b[2J");
    }

    #[test]
    fn colours_of_a_line_stay_and_nothing_else() {
        assert_eq!(
            coloured("\x1b[2mat\x1b[0m \x1b[31;1mWARN\x1b[0m"),
            "\x1b[2mat\x1b[0m \x1b[31;1mWARN\x1b[0m"
        );
        assert_eq!(coloured("a\x1b[2Jb\x1b[mc\x1b["), "a\\u001b[2Jb\x1b[mc\\u001b[");
    }

    proptest! {
        #[test]
        fn no_text_is_obeyed(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_obeyed));
            let shown = paragraph(&text);
            prop_assert!(!shown.contains(|letter| letter != '\n' && is_obeyed(letter)));
            prop_assert!(shown.lines().skip(1).all(|line| line.is_empty() || line.starts_with("  ")));
            let json = serde_json::json!({ "a": text }).to_string();
            let read: serde_json::Value = serde_json::from_str(&line(&json)).unwrap();
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
        }
    }
}
