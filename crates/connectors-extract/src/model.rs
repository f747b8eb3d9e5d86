//! What goes into an extraction, and what comes out of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::output::Output;

/// What is known of a file beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// The name, by which texts are told apart (`.csv`, `.md`).
    pub name: Option<String>,
    /// The declared media type; only its `charset` is used.
    pub content_type: Option<String>,
}

/// Bounds of one extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Characters of text, of the file and of each child.
    pub characters: usize,
    /// Decompressed bytes of one part of a container.
    pub part_bytes: u64,
    /// Decompressed bytes of all parts together.
    pub total_bytes: u64,
    /// Containers within containers, and elements within elements of markup.
    pub depth: u32,
    /// Parts of all containers together.
    pub parts: u32,
    /// Pages of a document.
    pub pages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            characters: 10_000_000,
            part_bytes: 128 << 20,
            total_bytes: 512 << 20,
            depth: 16,
            parts: 10_000,
            pages: 10_000,
        }
    }
}

/// How an extraction ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All text was read.
    Extracted,
    /// The text was cut at a whole word.
    Truncated {
        /// Characters that were kept.
        characters: usize,
    },
    /// The file holds no text.
    Empty,
    /// The file needs a password.
    Encrypted,
    /// No reader knows the type.
    Unsupported {
        /// The media type, by the bytes.
        content_type: String,
    },
    /// The file breaks the rules of its format. What was read before the damage is kept.
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// A limit other than the one on characters was reached. What was read before is kept.
    TooLarge {
        /// The limit's name.
        limit: String,
    },
    /// The extraction took too long; reported by whoever runs it.
    Timeout,
    /// The extraction needed too much memory; reported by whoever runs it.
    Memory,
}

/// What a file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// The title, or the subject of a message.
    pub title: Option<String>,
    /// The author, or the sender of a message.
    pub author: Option<String>,
    /// When it was made, as RFC 3339 where the file says it so.
    pub created_at: Option<String>,
    /// When it was last changed, as RFC 3339 where the file says it so.
    pub modified_at: Option<String>,
    /// The language's tag.
    pub language: Option<String>,
    /// The number of pages, slides or sheets.
    pub pages: Option<u32>,
    /// Headers of a message, by lower-case name.
    pub headers: Option<BTreeMap<String, String>>,
}

/// A file within a file: a member of an archive, or an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// Its path within the parent.
    pub path: String,
    /// What it says.
    pub extracted: Extracted,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// How it ended.
    pub outcome: Outcome,
    /// The media type, by the bytes.
    pub content_type: String,
    /// The text, without that of the children.
    pub text: String,
    /// What the file says of itself.
    pub fields: Fields,
    /// The files within.
    pub children: Vec<Child>,
}

/// The text of a file and of everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeText {
    /// The text; that of a child stands below its path.
    pub text: String,
    /// The outcome of the file, or that the whole was cut.
    pub outcome: Outcome,
}

impl Extracted {
    /// The text with that of all children, each below its path (`path/inside`), cut at a whole word where it has more
    /// than `limit` characters. It is [`Outcome::Truncated`] where any part of it was cut.
    pub fn whole_text(&self, limit: usize) -> WholeText {
        let mut output = Output::new(limit);
        output.push(&self.text);
        let cut = self.append_children("", &mut output) || matches!(self.outcome, Outcome::Truncated { .. });
        let (text, cut_here) = output.finish();
        let outcome = match &self.outcome {
            Outcome::Extracted | Outcome::Empty | Outcome::Truncated { .. } if cut || cut_here => {
                Outcome::Truncated { characters: text.chars().count() }
            }
            Outcome::Empty if !text.is_empty() => Outcome::Extracted,
            other => other.clone(),
        };
        WholeText { text, outcome }
    }

    fn append_children(&self, parent: &str, output: &mut Output) -> bool {
        let mut cut = false;
        for Child { path, extracted } in &self.children {
            let path = if parent.is_empty() { path.clone() } else { format!("{parent}/{path}") };
            output.paragraph();
            output.push(&path);
            output.line();
            output.push(&extracted.text);
            cut |= matches!(extracted.outcome, Outcome::Truncated { .. });
            cut |= extracted.append_children(&path, output);
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::{Child, Extracted, Fields, Outcome};

    fn file(text: &str, outcome: Outcome, children: Vec<(&str, Extracted)>) -> Extracted {
        let children =
            children.into_iter().map(|(path, extracted)| Child { path: path.into(), extracted }).collect();
        let content_type = "text/plain".into();
        Extracted { outcome, content_type, text: text.into(), fields: Fields::default(), children }
    }

    #[test]
    fn the_whole_text_has_children_below_their_paths() {
        let inner = file("deep", Outcome::Extracted, vec![]);
        let middle = file("", Outcome::Empty, vec![("b.txt", inner)]);
        let whole = file("top", Outcome::Extracted, vec![("a.zip", middle)]).whole_text(100);
        assert_eq!(whole.text, "top\n\na.zip\n\na.zip/b.txt\ndeep");
        assert_eq!(whole.outcome, Outcome::Extracted);
    }

    #[test]
    fn a_cut_anywhere_makes_the_whole_truncated() {
        let cut = file("one", Outcome::Truncated { characters: 3 }, vec![]);
        let parent = file("", Outcome::Empty, vec![("a", cut)]);
        assert_eq!(parent.whole_text(100).outcome, Outcome::Truncated { characters: 5 });
        let parent = file("one two", Outcome::Extracted, vec![]);
        assert_eq!(parent.whole_text(4).text, "one");
        assert_eq!(parent.whole_text(4).outcome, Outcome::Truncated { characters: 3 });
    }

    #[test]
    fn what_was_extracted_survives_serialisation() {
        let inner = file("deep", Outcome::Damaged { reason: "cut".into() }, vec![]);
        let outer = file("top", Outcome::Unsupported { content_type: "a/b".into() }, vec![("x", inner)]);
        let json = serde_json::to_string(&outer).unwrap();
        assert_eq!(serde_json::from_str::<Extracted>(&json).unwrap(), outer);
    }
}
