//! HTML: words without scripts and styles, a line for each block, the title as a field.

use std::io::Read;

use encoding_rs::Encoding;
use quick_xml::escape::resolve_html5_entity;

use crate::Input;
use crate::model::Outcome;
use crate::page::Page;
use crate::readers::markup::{Token, attribute, tokens};
use crate::readers::plain::{charset, cleaned, decode};
use crate::scope::{Scope, too_large, unreadable};

/// Elements within a line; all others begin and end one.
const INLINE: [&str; 24] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "img", "input", "kbd", "label",
    "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u", "wbr",
];
/// Where a charset is declared.
const PROLOGUE: usize = 4096;

/// What was seen of a page.
#[derive(Debug, Default)]
struct Seen {
    text: String,
    title: String,
    language: Option<String>,
    author: Option<String>,
}

pub(crate) fn read(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let most = scope.limits.part_bytes;
    let mut bytes = Vec::new();
    input.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > most {
        return Err(too_large("part_bytes"));
    }
    let declared = page.hints.content_type.as_deref().and_then(charset).or_else(|| meta(&bytes));
    let html = decode(&bytes, declared);
    let seen = parse(&html);
    lines(&unescaped(&seen.text), page);
    let title = collapsed(&unescaped(&seen.title));
    page.fields.title = Some(title).filter(|title| !title.is_empty());
    (page.fields.language, page.fields.author) = (seen.language, seen.author);
    Ok(())
}

/// The charset that a `meta` element or an XML declaration names.
fn meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(PROLOGUE)]).to_ascii_lowercase();
    let after = ["charset=", "encoding="].iter().find_map(|word| start.split_once(word))?.1;
    let label = after.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|next: char| !next.is_ascii_alphanumeric() && !"-_:.".contains(next))?;
    Encoding::for_label(&label.as_bytes()[..end])
}

fn parse(html: &str) -> Seen {
    let mut seen = Seen::default();
    tokens(html, |token| match token {
        Token::Text(text) => seen.text.push_str(text),
        Token::Raw(name, text) if name == "title" && seen.title.is_empty() => seen.title.push_str(text),
        Token::Raw(name, text) if name == "textarea" => seen.text.push_str(text),
        Token::Raw(..) => {}
        Token::Tag(name, inside) => tag(&name, inside, &mut seen),
    });
    seen
}

fn tag(name: &str, inside: &str, seen: &mut Seen) {
    match name {
        "html" => seen.language = attribute(inside, "lang").filter(|tag| !tag.is_empty()).map(str::to_owned),
        "meta" if attribute(inside, "name").is_some_and(|name| name.eq_ignore_ascii_case("author")) => {
            seen.author = attribute(inside, "content").map(|author| collapsed(&unescaped(author)));
        }
        "img" => seen.text.push_str(attribute(inside, "alt").unwrap_or_default()),
        _ => {}
    }
    match name.trim_start_matches('/') {
        inline if INLINE.contains(&inline) => {}
        "td" | "th" => seen.text.push('\t'),
        _ => seen.text.push('\u{b}'),
    }
}

/// Lines as they are laid out: those of the source are blanks, and a block begins one.
fn lines(text: &str, page: &mut Page<'_>) {
    for line in text.split('\u{b}').map(collapsed).filter(|line| !line.is_empty()) {
        page.output.line();
        page.output.push(&line);
    }
}

fn collapsed(text: &str) -> String {
    cleaned(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With characters for entities; what is no entity stays.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        match entity(&part[..end]) {
            Some(character) => {
                unescaped.push_str(&character);
                unescaped.push_str(part[end..].strip_prefix(';').unwrap_or(&part[end..]));
            }
            None => {
                unescaped.push('&');
                unescaped.push_str(part);
            }
        }
    }
    unescaped
}

fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(str::to_owned) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().and_then(char::from_u32).map(String::from)
}

#[cfg(test)]
mod tests {
    use crate::fixture::read;
    use crate::{Extracted, Limits, Outcome};

    fn html(page: &str) -> Extracted {
        read(format!("<!DOCTYPE html>{page}").as_bytes(), &Limits::default())
    }

    #[test]
    fn words_are_read_without_scripts_and_styles() {
        let extracted = html(
            "<html lang=de><head><title>Tom &amp;\n Co</title><meta name=author content=Ada><style>p{}</style></head>\
             <body><script>if (a < b) { hidden }</script><h1>He<b>ad</b></h1><p>one\n two &copy; &#228;&nosuch; <a \
             href=x>link</a></p><table><tr><td>a<td>b</table><!-- no --></body></html>",
        );
        assert_eq!(extracted.text, "Head\none two © ä&nosuch; link\na b");
        assert_eq!(extracted.fields.title.as_deref(), Some("Tom & Co"));
        assert_eq!(extracted.fields.language.as_deref(), Some("de"));
        assert_eq!(extracted.fields.author.as_deref(), Some("Ada"));
        assert_eq!((extracted.outcome, extracted.content_type.as_str()), (Outcome::Extracted, "text/html"));
    }

    #[test]
    fn the_charset_of_a_meta_element_is_used() {
        let page = b"<!DOCTYPE html><meta charset='windows-1251'><p>\xcf\xf0\xe8</p>";
        assert_eq!(read(page, &Limits::default()).text, "При");
    }

    #[test]
    fn hostile_pages_end_in_an_outcome() {
        let nested = html(&format!("{}deep{}", "<div>".repeat(100_000), "</div>".repeat(100_000)));
        assert_eq!(nested.text, "deep");
        for page in ["<", "<p", "<script>x", "<title>x", "&#xffffffff;", "&#", "<!--", "<p a='"] {
            assert!(html(page).text.len() < 20, "{page}");
        }
        let limits = Limits { part_bytes: 10, ..Limits::default() };
        let large = read(b"<!DOCTYPE html><p>words</p>", &limits);
        assert_eq!(large.outcome, Outcome::TooLarge { limit: "part_bytes".into() });
    }
}
