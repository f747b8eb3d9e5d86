//! Files that tests make.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Extracted, Hints, Limits, extract};

pub(crate) fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub(crate) fn office(parts: &[(&str, &str)], limits: &Limits) -> Extracted {
    let types = ("[Content_Types].xml", "<Types/>");
    read(&zipped(&[&[types], parts].concat()), limits)
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Extracted {
    let hints = Hints { name: Some("a.docx".into()), content_type: None };
    extract(&mut Cursor::new(bytes), &hints, limits)
}

/// A PDF with a page for each stream of drawing instructions.
pub(crate) fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 5 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Title (Plan) /CreationDate (D:20260102030405Z) >>".to_owned(),
    ];
    for (page, drawn) in pages.iter().enumerate() {
        let content = 6 + 2 * page;
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {resources} /Contents {content} 0 R >>"
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()));
    }
    let mut file = String::from("%PDF-1.7\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = file.len();
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R /Info 4 0 R >>", objects.len() + 1);
    file.push_str(&format!("{table}{trailer}\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}
