//! From a mapping to its JSON.

use serde_json::{Map, Value, json};

use super::{Dynamic, Field, Kind, Mapping, ObjectField, Template};

impl Mapping {
    /// The mapping as the API shows it.
    pub(crate) fn write(&self) -> Value {
        let mut root = Map::new();
        if let Some(dynamic) = self.dynamic {
            root.insert("dynamic".into(), dynamic.name().into());
        }
        if let Some(detection) = self.date_detection {
            root.insert("date_detection".into(), detection.into());
        }
        if let Some(meta) = &self.meta {
            root.insert("_meta".into(), meta.clone());
        }
        if !self.templates.is_empty() {
            root.insert("dynamic_templates".into(), Template::write_all(&self.templates));
        }
        for (path, object) in &self.objects {
            place(&mut root, path, object.write());
        }
        for (path, field) in &self.fields {
            place(&mut root, path, field.write());
        }
        Value::Object(root)
    }
}

impl Dynamic {
    fn name(self) -> &'static str {
        match self {
            Dynamic::Add => "true",
            Dynamic::Ignore => "false",
            Dynamic::Refuse => "strict",
        }
    }
}

impl ObjectField {
    fn write(&self) -> Map<String, Value> {
        let mut options = Map::new();
        if let Some(dynamic) = self.dynamic {
            options.insert("dynamic".into(), dynamic.name().into());
        }
        if let Some(enabled) = self.enabled {
            options.insert("enabled".into(), enabled.into());
        }
        options
    }
}

impl Field {
    pub(super) fn write(&self) -> Map<String, Value> {
        let mut options = Map::new();
        options.insert("type".into(), self.type_name().into());
        if let Some(factor) = self.scaling {
            options.insert("scaling_factor".into(), factor.into());
        }
        if !self.index {
            options.insert("index".into(), false.into());
        }
        if !self.doc_values && self.kind != Kind::Text {
            options.insert("doc_values".into(), false.into());
        }
        if let Some(limit) = self.ignore_above {
            options.insert("ignore_above".into(), limit.into());
        }
        if let Some(ignore) = self.ignore_malformed {
            options.insert("ignore_malformed".into(), ignore.into());
        }
        if self.lowercase {
            options.insert("normalizer".into(), "lowercase".into());
        }
        if self.split_queries {
            options.insert("split_queries_on_whitespace".into(), true.into());
        }
        options.extend(self.kept.clone());
        if !self.fields.is_empty() {
            let fields: Map<_, _> =
                self.fields.iter().map(|(name, sub)| (name.clone(), sub.write().into())).collect();
            options.insert("fields".into(), fields.into());
        }
        options
    }
}

/// Puts the options of `path` below the `properties` of the objects on its way. Parents come before
/// their children, since the paths are sorted and objects are placed first.
fn place(root: &mut Map<String, Value>, path: &str, options: Map<String, Value>) {
    let mut level = root;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let properties = level.entry("properties").or_insert_with(|| json!({}));
        let Some(properties) = properties.as_object_mut() else {
            return;
        };
        if names.peek().is_none() {
            properties.insert(name.to_owned(), without_empty_type(options));
            return;
        }
        let Some(below) = properties.entry(name).or_insert_with(|| json!({})).as_object_mut() else {
            return;
        };
        below.remove("type").filter(|kind| kind != "object").map(|kind| below.insert("type".into(), kind));
        level = below;
    }
}

/// An object without properties is shown with its type, as one with properties is not.
fn without_empty_type(mut options: Map<String, Value>) -> Value {
    if !options.contains_key("type") {
        options.insert("type".into(), "object".into());
    }
    Value::Object(options)
}
