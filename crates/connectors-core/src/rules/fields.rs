//! Looks at single fields of a serialised document, and passes over the rest without keeping it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::compare::{Number, Scalar};

/// The fields that are wanted, as a tree of their dotted paths.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Numbers of those who want what stands here.
    wanted_by: Vec<usize>,
    inside: Vec<(String, Self)>,
}

impl Wanted {
    pub(super) const NOTHING: Self = Self { wanted_by: Vec::new(), inside: Vec::new() };

    /// Wants one more field, for whoever has this number.
    pub(super) fn add(&mut self, path: &str, number: usize) {
        let mut node = self;
        for name in path.split('.') {
            let place = node.inside.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                node.inside.push((name.to_owned(), Self::NOTHING));
                node.inside.len() - 1
            });
            node = &mut node.inside[place].1;
        }
        node.wanted_by.push(number);
    }

    /// Shows each wanted scalar of a JSON object: those in lists one by one, nulls and objects never. A
    /// dot in a name of the document is like one in a path. False when the text is not JSON.
    pub(super) fn look(&self, json: &[u8], found: &mut dyn FnMut(&[usize], Scalar<'_>)) -> bool {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        Walk { node: self, found }.deserialize(&mut deserializer).is_ok()
    }

    /// Shows a value that stands outside of the object.
    pub(super) fn look_at(
        &self,
        name: &str,
        scalar: Scalar<'_>,
        found: &mut dyn FnMut(&[usize], Scalar<'_>),
    ) {
        if let Some(node) = self.descend(name) {
            Walk { node, found }.found(scalar);
        }
    }

    fn descend(&self, name: &str) -> Option<&Self> {
        let direct = self.inside.iter().find(|(known, _)| known == name).map(|(_, node)| node);
        direct.or_else(|| name.contains('.').then(|| self.by_path(name)).flatten())
    }

    fn by_path(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| {
            node.inside.iter().find(|(known, _)| known == name).map(|(_, node)| node)
        })
    }
}

struct Walk<'n, 'f> {
    node: &'n Wanted,
    found: &'f mut dyn FnMut(&[usize], Scalar<'_>),
}

impl Walk<'_, '_> {
    fn found(self, scalar: Scalar<'_>) {
        if !self.node.wanted_by.is_empty() {
            (self.found)(&self.node.wanted_by, scalar);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.found(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.found(Scalar::Number(Number::Whole(value.into())));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.found(Scalar::Number(Number::Whole(value.into())));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.found(Scalar::Number(Number::Float(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.found(Scalar::Text(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk { node: self.node, found: &mut *self.found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(inside) = fields.next_key_seed(Name(self.node))? {
            match inside {
                Some(node) => fields.next_value_seed(Walk { node, found: &mut *self.found })?,
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The name of a field, read as what is wanted inside of it.
struct Name<'n>(&'n Wanted);

impl<'de, 'n> DeserializeSeed<'de> for Name<'n> {
    type Value = Option<&'n Wanted>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n Wanted>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.descend(name))
    }
}
