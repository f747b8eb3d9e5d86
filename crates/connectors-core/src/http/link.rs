//! The `Link` header, as RFC 8288 has it.

use reqwest::header::{HeaderMap, LINK};

/// The address of the next page; none where the header names none.
///
/// # Errors
/// What of the header is no link. The listing must not end there: the next page may be named in what was not understood.
pub(super) fn next(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut next = None;
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let mut rest = Rest(&text);
        while let Some(link) = rest.link()? {
            if link.is_next() {
                next.get_or_insert(link.target);
            }
        }
    }
    Ok(next)
}

struct Link {
    target: String,
    /// What the first `rel` says.
    relations: Option<String>,
    /// True where it is a link of another page.
    is_anchored: bool,
}

impl Link {
    fn is_next(&self) -> bool {
        let mut relations = self.relations.iter().flat_map(|relations| relations.split_ascii_whitespace());
        !self.is_anchored && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    }
}

/// What is left of a header.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The next link; none at the end.
    fn link(&mut self) -> Result<Option<Link>, String> {
        self.skip(|character| is_blank(character) || character == ',');
        if self.0.is_empty() {
            return Ok(None);
        }
        if !self.take('<') {
            return Err(self.is_not("an address in < >"));
        }
        let Some((target, behind)) = self.0.split_once('>') else { return Err(self.is_not("a closed < >")) };
        self.0 = behind;
        let mut link = Link { target: target.trim().to_owned(), relations: None, is_anchored: false };
        loop {
            self.skip(is_blank);
            if self.0.is_empty() || self.take(',') {
                return Ok(Some(link));
            }
            if !self.take(';') {
                return Err(self.is_not("`;` or `,` behind an address or parameter"));
            }
            self.parameter(&mut link)?;
        }
    }

    fn parameter(&mut self, link: &mut Link) -> Result<(), String> {
        self.skip(is_blank);
        let name = self.until(|character| is_blank(character) || matches!(character, '=' | ';' | ','));
        self.skip(is_blank);
        let value = if self.take('=') { self.value()? } else { String::new() };
        if name.eq_ignore_ascii_case("rel") {
            link.relations.get_or_insert(value);
        } else if name.eq_ignore_ascii_case("anchor") {
            link.is_anchored = true;
        }
        Ok(())
    }

    /// A token, or a text in quotes.
    fn value(&mut self) -> Result<String, String> {
        self.skip(is_blank);
        if !self.take('"') {
            return Ok(self
                .until(|character| is_blank(character) || matches!(character, ';' | ','))
                .to_owned());
        }
        let (mut value, mut characters) = (String::new(), self.0.chars());
        loop {
            match characters.next() {
                Some('"') => break,
                Some('\\') => value.extend(characters.next()),
                Some(character) => value.push(character),
                None => return Err(self.is_not("a closed quote")),
            }
        }
        self.0 = characters.as_str();
        Ok(value)
    }

    fn take(&mut self, character: char) -> bool {
        let rest = self.0.strip_prefix(character);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.0 = self.0.trim_start_matches(unwanted);
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn is_not(&self, expected: &str) -> String {
        let found: String = self.0.chars().take(40).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        format!(
            "the header `Link` of the answer was not understood, and the listing may go on behind it: expected {expected}, \
             found {found}"
        )
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &str) -> Result<Option<String>, String> {
        next(&HeaderMap::from_iter([(LINK, value.parse().unwrap())]))
    }

    #[test]
    fn the_next_page_stands_in_the_link_header() {
        for (value, expected) in [
            (r#"</a?page=2>; rel="next", </a?page=9>; rel="last""#, Some("/a?page=2")),
            (r#"<https://h/b>; title=x; rel="prev NEXT""#, Some("https://h/b")),
            ("</c>;rel=next", Some("/c")),
            (r#"</a?ids=1,2,3>; rel="next""#, Some("/a?ids=1,2,3")),
            (r#"</p>; rel="prev", </a?f=x;y,z>; rel="next""#, Some("/a?f=x;y,z")),
            (r#"</d>; Rel="next""#, Some("/d")),
            (r#"</d> ;REL = "Next" "#, Some("/d")),
            ("</d>\t;\trel\t=\tnext", Some("/d")),
            (r#"</e>; title="a \"quoted\", <text>; rel=next"; rel="prev""#, None),
            (r#"</e>; title="a, b"; rel="next""#, Some("/e")),
            (r#"</f>; rel="prev"; rel="next""#, None),
            (r##"</g>; rel="next"; anchor="#other", </h>; rel="next""##, Some("/h")),
            (r#"</i>; rel="nextish", </j>; rel"#, None),
            (", ,</k>; rel=next,", Some("/k")),
            ("< /l >; rel=next; ", Some("/l")),
            (r#"</a>; rel="prev""#, None),
            ("", None),
        ] {
            assert_eq!(of(value).unwrap().as_deref(), expected, "{value}");
        }
        let two = HeaderMap::from_iter([(LINK, "</a>; rel=prev".parse().unwrap())]);
        let mut two = two;
        two.append(LINK, "</b>; rel=next".parse().unwrap());
        assert_eq!(next(&two).unwrap().as_deref(), Some("/b"), "a header may come more than once");
    }

    #[test]
    fn what_is_no_link_is_an_error_and_not_the_end() {
        for value in [
            "nonsense",
            "/a; rel=next",
            "</a; rel=next",
            r#"</a>; rel="next"#,
            "</a> rel=next",
            "</a>; rel=next x",
        ] {
            let error = of(value).unwrap_err();
            assert!(error.contains("the header `Link`") && error.contains("expected"), "{value}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_link_comes_back_whatever_stands_in_it(
            target in "[!-;=?-~]{1,40}",
            title in r#"[ -~]{0,20}"#,
            case in proptest::collection::vec(any::<bool>(), 3),
            blanks in "[ \t]{0,3}",
        ) {
            let title = title.replace('\\', "\\\\").replace('"', "\\\"");
            let rel: String = "rel".chars().zip(case)
                .map(|(letter, upper)| if upper { letter.to_ascii_uppercase() } else { letter }).collect();
            let value = format!(
                "</first>; rel=first,{blanks}<{target}>{blanks};{blanks}title=\"{title}\"{blanks};{rel}{blanks}={blanks}\"x next\"",
            );
            prop_assert_eq!(of(&value), Ok(Some(target)));
        }

        #[test]
        fn any_header_is_read_or_refused(value in "[ -~]{0,60}") {
            if let Ok(Some(target)) = of(&value) {
                let named = format!("<{target}");
                prop_assert!(value.replace(['\t', ' '], "").contains(&named.replace(' ', "")));
            }
        }
    }
}
