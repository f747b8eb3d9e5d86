//! A document on its way out, and the line that it becomes.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::document::names::{Level, Renames, fitting};
use crate::document::{NOBODY, Permissions};
use crate::elastic::scan::Mark;
use crate::elastic::{Item, Kind};
use crate::json::push_text;
use crate::sync::job::Flags;
use crate::sync::know::fingerprint::{Shape, hash_numbers};
use crate::{Content, Document, DocumentId, Error, Version};

/// A document without its content, its body serialised.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) version: Option<Version>,
    pub(crate) timestamp: Option<DateTime<Utc>>,
    pub(crate) scope: Option<Arc<str>>,
    pub(crate) permissions: Option<Permissions>,
    pub(crate) body: Vec<u8>,
    pub(crate) has_content: bool,
    pub(crate) text: Option<String>,
    /// The fields that have other names in the index.
    pub(crate) renames: Renames,
}

impl Draft {
    /// Serialises the body into an empty buffer, the only time that this happens, and returns the content beside it.
    ///
    /// # Errors
    /// The id of a document whose body does not serialise, and why.
    pub(crate) fn new(
        document: Document,
        mut buffer: Vec<u8>,
    ) -> Result<(Self, Option<Content>), (DocumentId, Error)> {
        let document = document.into_parts();
        let has_content = document.content.is_some();
        let mut serialised = document.body.append_to(&mut buffer);
        if let (true, Ok(renames)) = (has_content, &mut serialised) {
            let level = Level { reserved: &["body"], ..Level::ROOT };
            match fitting(std::mem::take(&mut buffer).into(), level) {
                Ok((bytes, more)) => {
                    buffer = bytes.into();
                    renames.add(more);
                }
                Err(error) => serialised = Err(error),
            }
        }
        let renames = match serialised {
            Ok(renames) => renames,
            Err(error) => return Err((document.id, error)),
        };
        let draft = Self {
            id: document.id.into_string(),
            version: document.version,
            timestamp: document.timestamp,
            scope: document.scope,
            permissions: document.permissions,
            body: buffer,
            has_content,
            text: None,
            renames,
        };
        Ok((draft, document.content))
    }

    /// The number that stands for the source's version, or where there is none for what will be sent.
    pub(crate) fn version(&self, shape: &Shape) -> u64 {
        if let Some(version) = &self.version {
            return shape.version(version);
        }
        let text = self.text.as_ref().map_or(0, |text| shape.key.hash(text.as_bytes()));
        let time = self.timestamp.map_or(0, |time| time.timestamp_micros().cast_unsigned());
        hash_numbers(&[shape.key.hash(&self.body), time, text])
    }

    /// The operation in a bulk, which takes the id.
    pub(crate) fn item(&mut self, mark: Mark, kind: Kind) -> Item {
        Item {
            id: std::mem::take(&mut self.id),
            hash: mark.id.cast_unsigned(),
            kind,
            mark: mark.mark,
            scope: self.scope.clone(),
        }
    }

    /// Appends the document as one line of JSON, under the id of its operation; `now` is its time where the source knows
    /// none, `flags` are what the pipeline is to do.
    pub(crate) fn write(&self, (id, mark): (&str, Mark), out: &mut Vec<u8>, (now, flags): (&str, Flags)) {
        let time = self.timestamp.map(format_timestamp);
        out.extend_from_slice(b"{\"id\":");
        push_text(out, id.as_bytes());
        out.extend_from_slice(b",\"_timestamp\":");
        push_text(out, time.as_deref().unwrap_or(now).as_bytes());
        out.extend_from_slice(b",\"_sync\":{\"id\":");
        push_number(out, mark.id);
        out.extend_from_slice(b",\"mark\":");
        push_number(out, mark.mark);
        if let Some(scope) = &self.scope {
            out.extend_from_slice(b",\"scope\":");
            push_text(out, scope.as_bytes());
        }
        out.push(b'}');
        if let Some(terms) = self.permissions.as_ref().and_then(Permissions::terms) {
            push_terms(out, terms);
        }
        for flag in flags.names() {
            out.extend_from_slice(format!(",\"{flag}\":true").as_bytes());
        }
        let fields = self.body.get(1..self.body.len() - 1).unwrap_or_default();
        if !fields.trim_ascii().is_empty() {
            out.push(b',');
            out.extend_from_slice(fields);
        }
        if let Some(text) = &self.text {
            out.extend_from_slice(b",\"body\":");
            push_text(out, text.as_bytes());
        }
        out.push(b'}');
    }
}

/// A time as it is indexed.
pub(crate) fn format_timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn push_number(out: &mut Vec<u8>, number: i64) {
    // Writing to memory can't fail.
    let _ = serde_json::to_writer(out, &number);
}

/// Appends who may read the document: a term that nobody has, where nobody may.
fn push_terms(out: &mut Vec<u8>, terms: &[String]) {
    out.extend_from_slice(b",\"_allow_access_control\":[");
    let nobody = terms.is_empty().then_some(NOBODY);
    for (place, term) in terms.iter().map(String::as_str).chain(nobody).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_text(out, term.as_bytes());
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elastic::IndexKey;
    use crate::sync::know::fingerprint::Shapers;
    use serde_json::{Value, json};

    fn written(document: Document, text: Option<&str>) -> Value {
        let (mut draft, _) = Draft::new(document, Vec::new()).unwrap();
        draft.text = text.map(str::to_owned);
        let mut out = Vec::new();
        let id = draft.id.clone();
        draft.write(
            (&id, Mark { id: -7, mark: 9 }),
            &mut out,
            (&format_timestamp(DateTime::UNIX_EPOCH), Flags::default()),
        );
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_line_has_the_syncs_fields_before_the_sources() {
        let document = Document::new("a\"b").scope("x/y").body(&json!({"n": 1, "id": 2}));
        let expected = json!({
            "id": "a\"b", "_timestamp": "1970-01-01T00:00:00.000Z",
            "_sync": {"id": -7, "mark": 9, "scope": "x/y"}, "n": 1, "id_": 2,
        });
        assert_eq!(written(document, None), expected);
        let bare =
            json!({"id": "c", "_timestamp": "1970-01-01T00:00:00.000Z", "_sync": {"id": -7, "mark": 9}});
        assert_eq!(written(Document::new("c"), None), bare);
    }

    #[test]
    fn a_list_of_readers_is_never_empty() {
        let written = |permissions| written(Document::new("a").permissions(permissions), None);
        let field = "_allow_access_control";
        assert_eq!(written(Permissions::to(["b", "a\"", "b"]))[field], json!(["a\"", "b"]));
        for closed in [Permissions::Unknown, Permissions::to(Vec::<String>::new())] {
            assert_eq!(written(closed)[field], json!([NOBODY]));
        }
        assert!(written(Permissions::Everybody).get(field).is_none());
    }

    #[test]
    fn text_of_a_content_takes_the_body_field() {
        let content = Content::new("f", None, || async { Err(Error::missing("none")) });
        let document = Document::new("a").body(&json!({"body": "mine"})).content(content);
        let line = written(document, Some("line\nbreak"));
        assert_eq!((&line["body"], &line["body_"]), (&json!("line\nbreak"), &json!("mine")));
    }

    #[test]
    fn without_a_version_what_is_sent_is_the_version() {
        let draft = |body: Value, time: Option<DateTime<Utc>>| {
            Draft::new(Document::new("a").body(&body).timestamp(time), Vec::new()).unwrap().0
        };
        let shape = Shape::new(IndexKey::random().unwrap(), Shapers::default());
        let base = draft(json!({"a": 1}), None).version(&shape);
        assert_eq!(base, draft(json!({"a": 1}), None).version(&shape));
        assert_ne!(base, draft(json!({"a": 2}), None).version(&shape));
        let time = DateTime::from_timestamp_millis(5).unwrap();
        assert_ne!(base, draft(json!({"a": 1}), Some(time)).version(&shape));
        let mut with_text = draft(json!({"a": 1}), None);
        with_text.text = Some("t".into());
        assert_ne!(base, with_text.version(&shape));
    }
}
