//! Spreadsheets of the Open XML kind: sheet by sheet, numbers and dates as they are shown.

mod book;
mod dates;
mod numbers;
mod tokens;

use std::borrow::Cow;

use crate::Input;
use crate::model::Outcome;
use crate::output::Output;
use crate::package::Package;
use crate::page::Page;
use crate::readers::office::{append, properties};
use crate::scope::{Scope, too_large};
use crate::xml::{Attributes, Node, walk_with};
use book::Book;

/// Reads a workbook: each sheet below its name, a line for each row; then comments, drawings and charts.
pub(crate) fn read(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let mut package = Package::open(input, scope)?;
    properties(&mut package, &mut page.fields)?;
    let book = Book::read(&mut package)?;
    page.fields.pages = u32::try_from(book.sheets.len()).ok();
    let most = scope.limits.pages as usize;
    for (name, part) in book.sheets.iter().take(most) {
        if page.output.is_full() {
            return Ok(());
        }
        page.output.paragraph();
        page.output.push(name);
        page.output.line();
        rows(&package.text(part)?.unwrap_or_default(), &book, &mut page.output)?;
    }
    for kind in ["comments", "comments/comment", "drawings/drawing", "charts/chart"] {
        for name in package.numbered(&format!("xl/{kind}")) {
            append(&mut package, &name, page)?;
        }
    }
    if book.sheets.len() > most { Err(too_large("pages")) } else { Ok(()) }
}

/// A cell, as far as it was read.
#[derive(Debug, Default)]
struct Cell {
    kind: Option<String>,
    style: usize,
    value: String,
}

impl Cell {
    fn new(attributes: &Attributes<'_>) -> Self {
        let style = attributes.get("s").and_then(|style| style.parse().ok()).unwrap_or_default();
        Self { kind: attributes.get("t"), style, value: String::new() }
    }

    fn shown<'a>(&'a self, book: &'a Book) -> Cow<'a, str> {
        match self.kind.as_deref() {
            Some("s") => {
                let at = self.value.trim().parse().ok();
                at.and_then(|at| book.string(at)).unwrap_or_default().into()
            }
            Some("b") => if self.value.trim() == "1" { "TRUE" } else { "FALSE" }.into(),
            None | Some("n") => match self.value.trim().parse() {
                Ok(number) => book.number(self.style, number).into(),
                Err(_) => self.value.as_str().into(),
            },
            _ => self.value.as_str().into(),
        }
    }
}

fn rows(xml: &str, book: &Book, output: &mut Output) -> Result<(), Outcome> {
    let (mut cell, mut is_value, mut is_first) = (Cell::default(), false, true);
    let (mut margin, mut is_margin) = (String::new(), false);
    walk_with(xml, |node, attributes| match node {
        _ if output.is_full() => {}
        Node::Start("row") => is_first = true,
        Node::End("row") => output.line(),
        Node::Start("c") => cell = Cell::new(attributes),
        Node::Start("v" | "t") => is_value = true,
        Node::End("v" | "t") => is_value = false,
        Node::Text(text) if is_value => cell.value.push_str(text),
        Node::End("c") => {
            let cell = std::mem::take(&mut cell);
            let shown = cell.shown(book);
            if !shown.is_empty() {
                output.push(if std::mem::take(&mut is_first) { "" } else { "\t" });
                output.push(&shown);
            }
        }
        Node::Start("headerFooter") => is_margin = true,
        Node::End("headerFooter") => is_margin = false,
        Node::Text(text) if is_margin => margin.push_str(text),
        Node::End(_) if is_margin => {
            output.push(&without_codes(&std::mem::take(&mut margin)));
            output.line();
        }
        _ => {}
    })
}

/// A header or footer without what sets its fonts and places, and without page numbers and the like.
fn without_codes(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, code)) = rest.split_once('&') {
        shown.push_str(before);
        let first = code.chars().next();
        rest = match first {
            Some('"') => code[1..].split_once('"').map_or("", |(_, rest)| rest),
            Some('&') => {
                shown.push('&');
                &code[1..]
            }
            Some('K') => code.get(7..).unwrap_or_default(),
            Some('0'..='9') => code.trim_start_matches(|digit: char| digit.is_ascii_digit()),
            Some(letter) => {
                shown.push(' ');
                &code[letter.len_utf8()..]
            }
            None => "",
        };
    }
    shown.push_str(rest);
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_codes;
    use crate::fixture::{office, read, zipped};
    use crate::{Extracted, Limits, Outcome, version};

    const BOOK: &str = "<workbook><workbookPr/><sheets><sheet name='Costs &amp; more' sheetId='7' r:id='r2'/>\
        <sheet name='Empty' sheetId='8' r:id='r1'/></sheets></workbook>";
    const RELATIONS: &str = "<Relationships><Relationship Id='r1' Target='worksheets/sheet1.xml'/>\
        <Relationship Id='r2' Target='/xl/worksheets/sheet2.xml'/></Relationships>";
    const STRINGS: &str = "<sst><si><t>Item</t></si><si><r><t>bold</t></r><r><t> words</t></r><rPh><t>read</t></rPh></si></sst>";
    const STYLES: &str = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='#,##0.00\\ &quot;EUR&quot;'/></numFmts>\
        <cellStyleXfs><xf numFmtId='9'/></cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='14'/>\
        </cellXfs></styleSheet>";
    const SHEET: &str = "<worksheet><sheetData><row><c t='s'><v>0</v></c><c/><c t='s'><v>1</v></c></row><row><c s='1'>\
        <f>1+1</f><v>1234.5</v></c><c s='2'><v>46024</v></c><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c></row><row>\
        <c t='inlineStr'><is><t>in line</t></is></c><c t='s'><v>99</v></c></row></sheetData><headerFooter><oddHeader>\
        &amp;L&amp;\"Arial,Bold\"&amp;12Secret&amp;RR&amp;&amp;D &amp;P</oddHeader></headerFooter></worksheet>";

    fn parts() -> [(&'static str, &'static str); 6] {
        [
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", RELATIONS),
            ("xl/sharedStrings.xml", STRINGS),
            ("xl/styles.xml", STYLES),
            ("xl/worksheets/sheet2.xml", SHEET),
            (
                "xl/comments1.xml",
                "<comments><comment><text><t>one</t></text></comment><comment><text><t>two</t></text></comment></comments>",
            ),
        ]
    }

    fn sheet(xml: &str, limits: &Limits) -> Extracted {
        let mut parts = parts();
        parts[4].1 = xml;
        office(&parts, limits)
    }

    #[test]
    fn sheets_are_read_as_they_are_shown() {
        let extracted = office(&parts(), &Limits::default());
        let rows = "Costs & more\nItem\tbold words\n1,234.50 EUR\t1/2/2026\tTRUE\t#N/A\nin line";
        assert_eq!(extracted.text, format!("{rows}\nSecret R&D\n\nEmpty\n\none\ntwo"));
        assert_eq!((extracted.outcome, extracted.fields.pages), (Outcome::Extracted, Some(2)));
        assert_eq!(version(&extracted.content_type), 1);
    }

    #[test]
    fn days_are_counted_from_the_epoch_of_the_workbook() {
        let book = BOOK.replace("<workbookPr/>", "<workbookPr date1904='1'/>");
        let mut parts = parts();
        parts[0].1 = &book;
        assert!(office(&parts, &Limits::default()).text.contains("1/3/2030"));
    }

    #[test]
    fn sheets_are_bounded() {
        let extracted = office(&parts(), &Limits { pages: 1, ..Limits::default() });
        assert_eq!(extracted.outcome, Outcome::TooLarge { limit: "pages".into() });
        let row = "<row><c t='s'><v>1</v></c></row>".repeat(100_000);
        let extracted = sheet(&row, &Limits { characters: 1000, ..Limits::default() });
        assert!(matches!(extracted.outcome, Outcome::Truncated { characters: 900..=1000 }));
    }

    #[test]
    fn headers_are_read_without_codes() {
        for (text, expected) in
            [("&C&K00FF00red", "red"), ("&", ""), ("&\"open", ""), ("a&&b", "a&b"), ("&ü&Kü", "")]
        {
            assert_eq!(without_codes(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_bytes_end_in_an_outcome() {
        let nested = format!("{}x{}", "<c><v>".repeat(100_000), "</v></c>".repeat(100_000));
        assert!(sheet(&nested, &Limits::default()).text.len() < 1000);
        let types = ("[Content_Types].xml", "<Types/>");
        let whole = zipped(&[&[types], parts().as_slice()].concat());
        for tenth in 1..10 {
            let cut = read(&whole[..whole.len() * tenth / 10], &Limits::default());
            assert!(matches!(cut.outcome, Outcome::Damaged { .. }));
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(read(&flipped, &Limits::default()).text.len() < 1000);
        }
    }
}
