//! What an index is, beside its documents: name, settings, mapping, aliases.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::disk;
use crate::failure::{Failure, Result};
use crate::identity;
use crate::mapping::{Limits, Mapping};

/// The description of an index, in its folder.
pub(super) const FILE: &str = "meta.json";

/// The settings as flat keys, `index.` in front.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings(Map<String, Value>);

/// The description of an index, kept in its folder.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) created: u64,
    pub(crate) settings: Settings,
    pub(crate) mapping: Mapping,
    pub(crate) aliases: Map<String, Value>,
}

impl Meta {
    pub(crate) fn new(name: &str, settings: Settings, mapping: Mapping) -> Self {
        Meta {
            name: name.to_owned(),
            uuid: identity::unique(),
            created: identity::millis(),
            settings,
            mapping,
            aliases: Map::new(),
        }
    }

    /// Writes the description so that a kill or a power failure leaves the old one or the new one.
    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        let text = json!({
            "name": self.name, "uuid": self.uuid, "created": self.created,
            "settings": self.settings.0, "mappings": self.mapping.write(), "aliases": self.aliases,
        });
        Ok(disk::replace(&folder.join(FILE), text.to_string().as_bytes())?)
    }

    /// Reads the description of a folder; `None` if the folder holds no whole index.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read(folder.join(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let unreadable = |error| Failure::internal(format!("its file {FILE} can't be read: {error}"));
        let value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
        if value["name"].as_str().is_none_or(str::is_empty) {
            return Err(Failure::internal(format!("its file {FILE} has no name in it")));
        }
        let string = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Ok(Some(Meta {
            name: string("name"),
            uuid: string("uuid"),
            created: value["created"].as_u64().unwrap_or_default(),
            settings: Settings(value["settings"].as_object().cloned().unwrap_or_default()),
            mapping: Mapping::read(&value["mappings"])?,
            aliases: value["aliases"].as_object().cloned().unwrap_or_default(),
        }))
    }
}

impl Settings {
    /// Reads settings in any of the forms that are allowed: nested or dotted, with `index` or without.
    ///
    /// # Errors
    /// On a setting that this server does not know.
    pub(crate) fn read(value: &Value) -> Result<Self> {
        let mut flat = Map::new();
        flatten("", value, &mut flat);
        let mut settings = Settings::default();
        for (key, value) in flat {
            let key = if key.starts_with("index.") { key } else { format!("index.{key}") };
            check(&key, &value)?;
            settings.0.insert(key, value);
        }
        Ok(settings)
    }

    /// Takes over other settings; null removes one.
    pub(crate) fn merge(&mut self, other: Settings) {
        for (key, value) in other.0 {
            if value.is_null() {
                self.0.remove(&key);
            } else {
                self.0.insert(key, value);
            }
        }
    }

    /// The first setting that can't be changed once the index exists.
    pub(crate) fn fixed(&self) -> Option<&str> {
        self.0
            .keys()
            .map(String::as_str)
            .find(|key| KNOWN.iter().any(|(known, dynamic)| known == key && !dynamic))
    }

    /// The settings as the API shows them: every value a string.
    pub(crate) fn flat(&self) -> Map<String, Value> {
        self.0.iter().map(|(key, value)| (key.clone(), text(value).into())).collect()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            total_fields: self
                .number("index.mapping.total_fields.limit")
                .map_or(1000, |limit| limit as usize),
            ignore_beyond: self.flag("index.mapping.total_fields.ignore_dynamic_beyond_limit"),
            ignore_malformed: self.flag("index.mapping.ignore_malformed"),
        }
    }

    /// How many hits `from` and `size` may reach.
    pub(crate) fn max_result_window(&self) -> usize {
        self.number("index.max_result_window").map_or(10_000, |window| window as usize)
    }

    /// How old the view of a search may be; `None` if only a refresh changes it.
    pub(crate) fn refresh_interval(&self) -> Option<Duration> {
        match self.0.get("index.refresh_interval").map(text) {
            None => Some(Duration::from_secs(1)),
            Some(interval) => duration(&interval),
        }
    }

    /// Copies that a write is counted for: this one, and replicas that never come.
    pub(crate) fn copies(&self) -> u64 {
        1 + self.number("index.number_of_replicas").unwrap_or(1)
    }

    /// True if a write is on the disk before it is acknowledged.
    pub(crate) fn syncs_each_write(&self) -> bool {
        self.0.get(DURABILITY).map(text).is_none_or(|value| !value.eq_ignore_ascii_case("async"))
    }

    /// True if patterns leave the index out.
    pub(crate) fn hidden(&self) -> bool {
        self.flag("index.hidden")
    }

    fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| text(value) == "true")
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.0.get(key).and_then(|value| text(value).parse().ok())
    }
}

/// The settings that are known, and whether they may change while the index exists.
const KNOWN: [(&str, bool); 14] = [
    ("index.number_of_shards", false),
    ("index.number_of_replicas", true),
    ("index.auto_expand_replicas", true),
    ("index.refresh_interval", true),
    ("index.search.idle.after", true),
    ("index.max_result_window", true),
    ("index.hidden", true),
    ("index.codec", false),
    ("index.mapping.ignore_malformed", false),
    ("index.mapping.total_fields.limit", true),
    ("index.mapping.total_fields.ignore_dynamic_beyond_limit", true),
    (DURABILITY, true),
    (NORMALIZER_TYPE, false),
    (NORMALIZER_FILTER, false),
];

const DURABILITY: &str = "index.translog.durability";

/// The one normalizer there is, which others want defined to split queries by it.
const NORMALIZER_TYPE: &str = "index.analysis.normalizer.lowercase.type";
const NORMALIZER_FILTER: &str = "index.analysis.normalizer.lowercase.filter";

fn check(key: &str, value: &Value) -> Result<()> {
    if !KNOWN.iter().any(|(known, _)| *known == key) {
        return Err(Failure::unsupported(format!("the setting [{key}]")));
    }
    let value = text(value);
    let is_other = match key {
        NORMALIZER_TYPE => value != "custom",
        NORMALIZER_FILTER => value != r#"["lowercase"]"#,
        _ => false,
    };
    if is_other {
        return Err(Failure::unsupported(format!("[{value}] for the setting [{key}]")));
    }
    let durability = value.to_ascii_lowercase();
    if key == DURABILITY && !["request", "async", "null"].contains(&durability.as_str()) {
        return Err(Failure::argument(format!(
            "No enum constant org.elasticsearch.index.translog.Translog.Durability.{}",
            value.to_ascii_uppercase()
        )));
    }
    let time = matches!(key, "index.refresh_interval" | "index.search.idle.after");
    if time && value != "null" && value != "-1" && duration(&value).is_none() {
        return Err(Failure::argument(format!(
            "failed to parse setting [{key}] with value [{value}] as a time value: unit is missing or unrecognized"
        )));
    }
    if key == "index.search.idle.after" && value.starts_with('-') {
        return Err(Failure::argument(format!(
            "failed to parse value [{value}] for setting [{key}], must be >= [0m]"
        )));
    }
    let number = matches!(key, "index.mapping.total_fields.limit" | "index.max_result_window");
    if number && value != "null" && value.parse::<u64>().is_err() {
        return Err(Failure::argument(format!("Failed to parse value [{value}] for setting [{key}]")));
    }
    Ok(())
}

fn flatten(path: &str, value: &Value, flat: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&below, value, flat);
            }
        }
        leaf => {
            flat.insert(path.to_owned(), leaf.clone());
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a time such as `1s`, `500ms`, `5m`; `None` for anything else.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|character: char| !character.is_ascii_digit())?;
    let number: u64 = text[..split].parse().ok()?;
    Some(match &text[split..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3_600)?),
        "d" => Duration::from_secs(number.checked_mul(86_400)?),
        _ => return None,
    })
}
