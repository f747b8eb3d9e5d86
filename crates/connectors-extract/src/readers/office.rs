//! Word and PowerPoint of the Open XML kind, and the properties that all of that kind have.

use crate::Input;
use crate::model::{Fields, Outcome};
use crate::output::Output;
use crate::package::Package;
use crate::page::Page;
use crate::scope::{Scope, damaged};
use crate::xml::{Node, walk};

/// Reads a document: its body, then headers, footers, notes and comments.
pub(crate) fn word(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let mut package = Package::open(input, scope)?;
    properties(&mut package, &mut page.fields)?;
    let body = package.text("word/document.xml")?.ok_or_else(|| damaged(&"there is no word/document.xml"))?;
    paragraphs(&body, &mut page.output)?;
    for kind in ["header", "footer", "footnotes", "endnotes", "comments"] {
        for name in package.numbered(&format!("word/{kind}")) {
            append(&mut package, &name, page)?;
        }
    }
    Ok(())
}

/// Reads a presentation: slide by slide, then notes and comments.
pub(crate) fn slides(input: &mut dyn Input, scope: &Scope<'_>, page: &mut Page<'_>) -> Result<(), Outcome> {
    let mut package = Package::open(input, scope)?;
    properties(&mut package, &mut page.fields)?;
    let slides = package.numbered("ppt/slides/slide");
    page.fields.pages = u32::try_from(slides.len()).ok();
    let most = scope.limits.pages as usize;
    for name in slides.iter().take(most) {
        append(&mut package, name, page)?;
    }
    for kind in ["notesSlides/notesSlide", "comments/comment", "diagrams/data"] {
        for name in package.numbered(&format!("ppt/{kind}")) {
            append(&mut package, &name, page)?;
        }
    }
    if slides.len() > most { Err(crate::scope::too_large("pages")) } else { Ok(()) }
}

/// Appends the text of a part, if there is one.
pub(crate) fn append(package: &mut Package<'_>, name: &str, page: &mut Page<'_>) -> Result<(), Outcome> {
    if page.output.is_full() {
        return Ok(());
    }
    let text = package.text(name)?.unwrap_or_default();
    page.output.paragraph();
    paragraphs(&text, &mut page.output)
}

/// The text of runs, a line for each paragraph. What older programs see instead of a text box is its copy, and is
/// left out.
fn paragraphs(xml: &str, output: &mut Output) -> Result<(), Outcome> {
    let (mut text, mut fallback, mut run) = (0_u32, 0_u32, 0_u32);
    walk(xml, |node| match node {
        Node::Start("Fallback") => fallback += 1,
        Node::End("Fallback") => fallback = fallback.saturating_sub(1),
        _ if fallback > 0 => {}
        Node::Start("t" | "text") => text += 1,
        Node::End("t" | "text") => text = text.saturating_sub(1),
        Node::Text(words) if text > 0 => output.push(words),
        Node::Start("r") => run += 1,
        Node::End("r") => run = run.saturating_sub(1),
        Node::Start("tab") if run > 0 => output.push("\t"),
        Node::Start("br" | "cr") => output.line(),
        Node::Start("noBreakHyphen") => output.push("-"),
        Node::End("p" | "cm" | "comment") => output.line(),
        _ => {}
    })
}

/// Title, author and dates.
pub(crate) fn properties(package: &mut Package<'_>, fields: &mut Fields) -> Result<(), Outcome> {
    let Some(core) = package.text("docProps/core.xml")? else { return Ok(()) };
    let mut value = String::new();
    walk(&core, |node| match node {
        Node::Start(_) => value.clear(),
        Node::Text(text) => value.push_str(text),
        Node::End(name) => set(fields, name, std::mem::take(&mut value)),
    })
}

fn set(fields: &mut Fields, name: &str, value: String) {
    let field = match name {
        "title" => &mut fields.title,
        "creator" => &mut fields.author,
        "created" => &mut fields.created_at,
        "modified" => &mut fields.modified_at,
        "language" => &mut fields.language,
        _ => return,
    };
    *field = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
}

#[cfg(test)]
mod tests {
    use crate::fixture::{office, zipped};
    use crate::{Limits, Outcome};

    const DOCUMENT: &str = "<w:document><w:body><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Tom</w:t><w:tab/>\
        <w:t>&amp; J&#xe4;rg</w:t></w:r></w:p><w:p><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Box\
        </w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:p><w:r><w:t>Box</w:t></w:r></w:p></mc:Fallback>\
        </mc:AlternateContent><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p></w:body></w:document>";
    const CORE: &str = "<c><dc:title>Plan</dc:title><dc:creator>Ada</dc:creator>\
        <dcterms:created>2026-01-02T03:04:05Z</dcterms:created></c>";

    fn part(text: &str) -> String {
        format!("<x><w:p><w:r><w:t>{text}</w:t></w:r></w:p></x>")
    }

    #[test]
    fn a_document_is_read_with_all_its_parts() {
        let (header, notes, comments) = (part("Head"), part("Note"), part("Remark"));
        let parts = [
            ("word/document.xml", DOCUMENT),
            ("word/header1.xml", &header),
            ("word/footnotes.xml", &notes),
            ("word/comments.xml", &comments),
            ("docProps/core.xml", CORE),
        ];
        let extracted = office(&parts, &Limits::default());
        assert_eq!(extracted.text, "Tom\t& Järg\nBox\n\nHead\n\nNote\n\nRemark");
        assert_eq!(extracted.outcome, Outcome::Extracted);
        assert_eq!(extracted.fields.title.as_deref(), Some("Plan"));
        assert_eq!(extracted.fields.author.as_deref(), Some("Ada"));
        assert_eq!(extracted.fields.created_at.as_deref(), Some("2026-01-02T03:04:05Z"));
    }

    #[test]
    fn slides_are_read_in_order_with_their_notes() {
        let slide = |text: &str| format!("<p:sld><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>");
        let (one, two, ten, note) = (slide("one"), slide("two"), slide("ten"), slide("note"));
        let parts = [
            ("ppt/slides/slide10.xml", ten.as_str()),
            ("ppt/slides/slide2.xml", &two),
            ("ppt/slides/slide1.xml", &one),
            ("ppt/notesSlides/notesSlide1.xml", &note),
        ];
        let extracted = office(&parts, &Limits::default());
        assert_eq!((extracted.text.as_str(), extracted.fields.pages), ("one\n\ntwo\n\nten\n\nnote", Some(3)));
        let extracted = office(&parts, &Limits { pages: 1, ..Limits::default() });
        assert_eq!(extracted.outcome, Outcome::TooLarge { limit: "pages".into() });
    }

    #[test]
    fn bombs_stop_at_the_limits() {
        let bomb = part(&"a ".repeat(100_000));
        let parts = [("word/document.xml", bomb.as_str())];
        for (limits, limit) in [
            (Limits { part_bytes: 1000, ..Limits::default() }, "part_bytes"),
            (Limits { total_bytes: 1000, ..Limits::default() }, "total_bytes"),
            (Limits { parts: 0, ..Limits::default() }, "parts"),
        ] {
            assert_eq!(office(&parts, &limits).outcome, Outcome::TooLarge { limit: limit.into() });
        }
    }

    #[test]
    fn hostile_bytes_end_in_an_outcome() {
        let nested = format!("{}x{}", "<w:p>".repeat(100_000), "</w:p>".repeat(100_000));
        assert_eq!(office(&[("word/document.xml", &nested)], &Limits::default()).outcome, Outcome::Empty);
        let whole = zipped(&[("word/document.xml", DOCUMENT), ("docProps/core.xml", CORE)]);
        for tenth in 1..10 {
            let cut = &whole[..whole.len() * tenth / 10];
            assert!(matches!(crate::fixture::read(cut, &Limits::default()).outcome, Outcome::Damaged { .. }));
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(crate::fixture::read(&flipped, &Limits::default()).text.len() < 1000);
        }
    }
}
