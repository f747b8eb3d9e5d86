//! Mappings: which field of a document is indexed, and how.

mod document;
mod dynamic;
mod field;
mod geo;
mod read;
mod template;
mod values;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

pub(crate) use self::document::{Limits, Stored, parse};
pub(crate) use self::field::{Field, Kind};
use self::template::Template;
pub(crate) use self::values::{Number, number, to_double};
use crate::failure::{Failure, Result};

/// What happens to a field that the mapping does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dynamic {
    Add,
    Ignore,
    Refuse,
}

/// An object in the mapping. `dynamic` falls back to the object above.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ObjectField {
    pub(crate) dynamic: Option<Dynamic>,
    pub(crate) enabled: Option<bool>,
}

/// The mapping of an index: all objects and fields by their dotted path.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) dynamic: Option<Dynamic>,
    pub(crate) date_detection: Option<bool>,
    pub(crate) meta: Option<Value>,
    /// The first that fits an unknown field counts.
    pub(crate) templates: Vec<Template>,
    pub(crate) objects: BTreeMap<String, ObjectField>,
    pub(crate) fields: BTreeMap<String, Arc<Field>>,
}

/// Names of the fields of a document that are not in the index, as a field of its own.
pub(crate) const IGNORED: &str = "_ignored";

/// What [`IGNORED`] is mapped as in every index.
pub(crate) static IGNORED_FIELD: LazyLock<Field> = LazyLock::new(|| Field::new(Kind::Keyword));

/// A field as a query names it.
#[derive(Debug, Clone)]
pub(crate) struct Resolved<'a> {
    pub(crate) path: String,
    pub(crate) field: &'a Field,
}

impl Mapping {
    /// The field or sub-field of that name, or the flattened one that a key of that name lies in.
    pub(crate) fn field(&self, path: &str) -> Option<Resolved<'_>> {
        if path == IGNORED {
            return Some(Resolved { path: path.to_owned(), field: &IGNORED_FIELD });
        }
        let found = self.fields.get(path).map(Arc::as_ref).or_else(|| {
            let (parent, name) = path.rsplit_once('.')?;
            self.fields.get(parent)?.fields.get(name)
        });
        let found = found.or_else(|| self.flattened_above(path));
        found.map(|field| Resolved { path: path.to_owned(), field })
    }

    /// True for the name of a key in a flattened field.
    pub(crate) fn is_key(&self, path: &str) -> bool {
        !self.fields.contains_key(path) && self.flattened_above(path).is_some()
    }

    /// The flattened field that a path leads into.
    fn flattened_above(&self, path: &str) -> Option<&Field> {
        let above = path.match_indices('.').filter_map(|(end, _)| self.fields.get(&path[..end]));
        above.map(Arc::as_ref).find(|field| field.flattened)
    }

    /// Every field and sub-field whose path fits the pattern.
    pub(crate) fn matching(&self, pattern: &str) -> Vec<Resolved<'_>> {
        if !pattern.contains('*') {
            return self.field(pattern).into_iter().collect();
        }
        self.all().filter(|resolved| crate::filter_path::wildcard(pattern, &resolved.path)).collect()
    }

    /// Every field and sub-field.
    pub(crate) fn all(&self) -> impl Iterator<Item = Resolved<'_>> {
        self.fields.iter().flat_map(|(path, field)| {
            let subs = field
                .fields
                .iter()
                .map(move |(name, sub)| Resolved { path: format!("{path}.{name}"), field: sub });
            std::iter::once(Resolved { path: path.clone(), field }).chain(subs)
        })
    }

    /// What the limit of fields counts: objects, fields and sub-fields.
    pub(crate) fn count(&self) -> usize {
        self.objects.len() + self.fields.values().map(|field| 1 + field.fields.len()).sum::<usize>()
    }

    /// The rule for unknown fields below an object.
    pub(crate) fn dynamic_at(&self, object: &str) -> Dynamic {
        let mut path = object;
        loop {
            if let Some(dynamic) = self.objects.get(path).and_then(|object| object.dynamic) {
                return dynamic;
            }
            match path.rfind('.') {
                Some(at) => path = &path[..at],
                None => return self.dynamic.unwrap_or(Dynamic::Add),
            }
        }
    }

    /// Adds a field and the objects above it.
    ///
    /// # Errors
    /// If an object or a field of another type already has the name.
    pub(crate) fn add_field(&mut self, path: &str, field: Field) -> Result<()> {
        self.add_parents(path)?;
        if self.objects.contains_key(path) {
            return Err(Failure::argument(format!(
                "can't merge a non object mapping [{path}] with an object mapping"
            )));
        }
        match self.fields.get_mut(path) {
            Some(existing) => Arc::make_mut(existing).merge(path, field),
            None => {
                self.fields.insert(path.to_owned(), Arc::new(field));
                Ok(())
            }
        }
    }

    /// Adds an object and the objects above it; options that are set replace those that were.
    ///
    /// # Errors
    /// If a field already has the name.
    pub(crate) fn add_object(&mut self, path: &str, object: ObjectField) -> Result<()> {
        self.add_parents(path)?;
        if self.fields.contains_key(path) {
            return Err(Failure::argument(format!(
                "can't merge a non object mapping [{path}] with an object mapping"
            )));
        }
        let existing = self.objects.entry(path.to_owned()).or_default();
        existing.dynamic = object.dynamic.or(existing.dynamic);
        existing.enabled = object.enabled.or(existing.enabled);
        Ok(())
    }

    fn add_parents(&mut self, path: &str) -> Result<()> {
        let mut from = 0;
        while let Some(at) = path[from..].find('.') {
            let parent = &path[..from + at];
            if self.fields.contains_key(parent) {
                return Err(Failure::argument(format!(
                    "can't merge a non object mapping [{parent}] with an object mapping"
                )));
            }
            if !self.objects.contains_key(parent) {
                self.objects.insert(parent.to_owned(), ObjectField::default());
            }
            from += at + 1;
        }
        Ok(())
    }

    /// What a field becomes that is not mapped, where `usual` is what it would be without templates.
    pub(crate) fn dynamic_field(&self, path: &str, usual: Field) -> Field {
        self.templates.iter().find_map(|template| template.apply(path, usual.kind)).unwrap_or(usual)
    }

    /// Templates of a name that is there replace it, others come last.
    fn merge_templates(&mut self, others: Vec<Template>) {
        for other in others {
            match self.templates.iter_mut().find(|template| template.name == other.name) {
                Some(existing) => *existing = other,
                None => self.templates.push(other),
            }
        }
    }

    /// Takes over everything that another mapping states.
    ///
    /// # Errors
    /// If the two disagree about a field's type.
    pub(crate) fn merge(&mut self, other: Mapping) -> Result<()> {
        self.dynamic = other.dynamic.or(self.dynamic);
        self.date_detection = other.date_detection.or(self.date_detection);
        self.meta = other.meta.or_else(|| self.meta.take());
        self.merge_templates(other.templates);
        for (path, object) in other.objects {
            self.add_object(&path, object)?;
        }
        for (path, field) in other.fields {
            self.add_field(&path, Arc::unwrap_or_clone(field))?;
        }
        Ok(())
    }
}
