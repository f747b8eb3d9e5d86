//! Tags and text of a page, in one pass over it.

/// What comes next in a page.
pub(crate) enum Token<'a> {
    Text(&'a str),
    /// The text of an element that holds no other: its lower-case name, and what is in it.
    Raw(String, &'a str),
    /// A tag: its lower-case name, and all that stands between the name and the end.
    Tag(String, &'a str),
}

/// Elements in which no tag but their own end counts.
const RAW: [&str; 7] = ["script", "style", "title", "textarea", "template", "iframe", "noembed"];

/// Hands every token to a function, in order. What never ends reaches to the end of the page.
pub(crate) fn tokens<'a>(page: &'a str, mut take: impl FnMut(Token<'a>)) {
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        take(Token::Text(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with("<!--") {
            rest = after(rest, "-->");
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            rest = after(rest, ">");
        } else if let Some((name, inside, behind)) = tag(rest) {
            rest = behind;
            let raw = RAW.contains(&name.as_str());
            take(Token::Tag(name.clone(), inside));
            if raw {
                let end = end_of(rest, &name);
                take(Token::Raw(name, &rest[..end]));
                rest = &rest[end..];
            }
        } else {
            take(Token::Text("<"));
            rest = &rest[1..];
        }
    }
    take(Token::Text(rest));
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// A tag at the beginning: its name with the slash of an end tag, its inside, and what follows.
fn tag(text: &str) -> Option<(String, &str, &str)> {
    let from = 1 + usize::from(text[1..].starts_with('/'));
    text[from..].chars().next().filter(char::is_ascii_alphabetic)?;
    let bytes = text.as_bytes();
    let name =
        bytes[from..].iter().take_while(|byte| !byte.is_ascii_whitespace() && !b"/>".contains(byte)).count();
    let mut quote = None;
    let mut end = from + name;
    while end < bytes.len() && (quote.is_some() || bytes[end] != b'>') {
        match quote {
            Some(open) if open == bytes[end] => quote = None,
            None if b"\"'".contains(&bytes[end]) && bytes[end - 1] == b'=' => quote = Some(bytes[end]),
            _ => {}
        }
        end += 1;
    }
    Some((
        text[1..from + name].to_ascii_lowercase(),
        &text[from + name..end],
        text.get(end + 1..).unwrap_or(""),
    ))
}

fn end_of(text: &str, name: &str) -> usize {
    let matches = |at: &usize| {
        let found = text.as_bytes().get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    text.match_indices("</").map(|(at, _)| at).find(|at| matches(at)).unwrap_or(text.len())
}

/// The value of an attribute within a tag.
pub(crate) fn attribute<'a>(inside: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.split_ascii_whitespace().next_back().unwrap_or_default();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (value, next) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            None => after.split_once(|next: char| next.is_ascii_whitespace()).unwrap_or((after, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}
