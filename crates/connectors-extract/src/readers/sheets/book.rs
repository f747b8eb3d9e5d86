//! What all sheets of a workbook share: their names, strings and number formats.

use std::collections::HashMap;

use super::dates::Epoch;
use super::numbers::Format;
use crate::model::Outcome;
use crate::package::Package;
use crate::scope::damaged;
use crate::xml::{Node, walk, walk_with};

/// A workbook without the cells of its sheets.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Name and part of each sheet, in order.
    pub(crate) sheets: Vec<(String, String)>,
    epoch: Epoch,
    strings: String,
    ends: Vec<usize>,
    styles: Vec<u32>,
    formats: HashMap<u32, Format>,
}

impl Book {
    pub(crate) fn read(package: &mut Package<'_>) -> Result<Self, Outcome> {
        let mut book = Self::default();
        let workbook =
            package.text("xl/workbook.xml")?.ok_or_else(|| damaged(&"there is no xl/workbook.xml"))?;
        let targets = targets(&package.text("xl/_rels/workbook.xml.rels")?.unwrap_or_default())?;
        book.sheets(&workbook, &targets)?;
        book.strings(&package.text("xl/sharedStrings.xml")?.unwrap_or_default())?;
        book.styles(&package.text("xl/styles.xml")?.unwrap_or_default())?;
        Ok(book)
    }

    /// The number as a cell of the style shows it.
    pub(crate) fn number(&self, style: usize, value: f64) -> String {
        let id = self.styles.get(style).copied().unwrap_or_default();
        match self.formats.get(&id) {
            Some(format) => format.show(value, self.epoch),
            None => Format::builtin(id).show(value, self.epoch),
        }
    }

    /// A string of the table that cells share.
    pub(crate) fn string(&self, at: usize) -> Option<&str> {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.strings.get(start..*self.ends.get(at)?)
    }

    fn sheets(&mut self, xml: &str, targets: &HashMap<String, String>) -> Result<(), Outcome> {
        walk_with(xml, |node, attributes| match node {
            Node::Start("sheet") => {
                let target = attributes.get("id").and_then(|id| targets.get(&id));
                let name = attributes.get("name").unwrap_or_default();
                self.sheets.extend(target.map(|target| (name, target.clone())));
            }
            Node::Start("workbookPr") => {
                let is_1904 = matches!(attributes.get("date1904").as_deref(), Some("1" | "true"));
                self.epoch = if is_1904 { Epoch::Year1904 } else { Epoch::Year1900 };
            }
            _ => {}
        })
    }

    fn strings(&mut self, xml: &str) -> Result<(), Outcome> {
        let (mut text, mut phonetic) = (false, false);
        walk(xml, |node| match node {
            Node::Start("rPh") => phonetic = true,
            Node::End("rPh") => phonetic = false,
            Node::Start("t") => text = !phonetic,
            Node::End("t") => text = false,
            Node::Text(words) if text => self.strings.push_str(words),
            Node::End("si") => self.ends.push(self.strings.len()),
            _ => {}
        })
    }

    fn styles(&mut self, xml: &str) -> Result<(), Outcome> {
        let mut cells = false;
        walk_with(xml, |node, attributes| {
            let id = || attributes.get("numFmtId").and_then(|id| id.parse().ok());
            match node {
                Node::Start("cellXfs") => cells = true,
                Node::End("cellXfs") => cells = false,
                Node::Start("xf") if cells => self.styles.push(id().unwrap_or_default()),
                Node::Start("numFmt") => {
                    let code = attributes.get("formatCode").map(|code| Format::parse(&code));
                    self.formats.extend(id().zip(code));
                }
                _ => {}
            }
        })
    }
}

/// The parts of a workbook by the ids under which it names them.
fn targets(xml: &str) -> Result<HashMap<String, String>, Outcome> {
    let mut targets = HashMap::new();
    walk_with(xml, |node, attributes| {
        if let Node::Start("Relationship") = node
            && let (Some(id), Some(target)) = (attributes.get("Id"), attributes.get("Target"))
        {
            let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
            targets.insert(id, path);
        }
    })?;
    Ok(targets)
}
