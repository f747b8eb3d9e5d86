//! What has to be done for the server's connectors to be the declared ones.

use std::collections::HashMap;
use std::fmt;

use connectors_core::{Error, Result};
use serde_json::Value;

use super::{Declared, Existing};
use crate::show;

/// What is done about connectors that no file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undeclared {
    /// They stay as they are.
    Keep,
    /// They are deleted; their indices stay.
    Delete,
}

/// Whether a declared connector may take an index that one keeps which no file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shared {
    /// It may not: each would delete the documents of the other.
    Refuse,
    /// Somebody said so.
    TakeOver,
}

/// One connector and what happens to it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create(Declared),
    /// At least one thing differs.
    Change {
        declared: Declared,
        existing: Existing,
        differences: Vec<Difference>,
    },
    Delete(Existing),
    /// It is as it is declared, or not declared and kept.
    Leave {
        id: String,
        is_declared: bool,
    },
}

impl Step {
    /// What a file declares that is to be made or changed.
    pub(crate) fn declared(&self) -> Option<&Declared> {
        match self {
            Self::Create(declared) | Self::Change { declared, .. } => Some(declared),
            Self::Delete(_) | Self::Leave { .. } => None,
        }
    }
}

/// One thing that is to be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Such as `settings.path`.
    pub(crate) key: String,
    /// As it is, secrets masked.
    pub(crate) before: String,
    /// As it is to be, secrets masked.
    pub(crate) after: String,
}

/// The steps: deletes first, as they give indices back, then the declared connectors in their order. Its text is
/// for people, and holds no secret.
#[derive(Debug, Clone)]
pub(crate) struct Plan(pub(crate) Vec<Step>);

impl Plan {
    /// Compares. It is an error when a connector would change its type, or an index be written by two.
    pub(crate) fn new(
        declared: Vec<Declared>,
        existing: Vec<Existing>,
        (undeclared, shared): (Undeclared, Shared),
    ) -> Result<Self> {
        let mut by_id: HashMap<String, usize> = HashMap::new();
        by_id.extend(existing.iter().enumerate().map(|(place, connector)| (connector.id.clone(), place)));
        let ids: Vec<&str> = declared.iter().map(|connector| connector.id.as_str()).collect();
        let mut left: Vec<Existing> =
            existing.iter().filter(|connector| !ids.contains(&connector.id.as_str())).cloned().collect();
        left.sort_by(|one, other| one.id.cmp(&other.id));
        let keeps = undeclared == Undeclared::Keep && shared == Shared::Refuse;
        let kept: &[Existing] = if keeps { &left } else { &[] };
        let match_of = |connector: &Declared| by_id.get(&connector.id).map(|place| &existing[*place]);
        let problems: Vec<String> =
            declared.iter().filter_map(|connector| conflict(connector, match_of(connector), kept)).collect();
        if !problems.is_empty() {
            return Err(Error::config(format!(
                "the plan can't be carried out:\n  {}",
                problems.join("\n  ")
            )));
        }
        let left = left.into_iter().map(|connector| match undeclared {
            Undeclared::Keep => Step::Leave { id: connector.id, is_declared: false },
            Undeclared::Delete => Step::Delete(connector),
        });
        let steps = declared.iter().map(|connector| step(connector, match_of(connector)));
        Ok(Self(left.chain(steps).collect()))
    }

    /// True when nothing has to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|step| matches!(step, Step::Leave { .. }))
    }
}

fn conflict(declared: &Declared, existing: Option<&Existing>, kept: &[Existing]) -> Option<String> {
    let (id, index) = (&declared.id, &declared.index);
    if let Some(other) = kept.iter().find(|other| other.text("index_name") == index) {
        return Some(format!(
            "{id}: the index `{index}` is that of the connector `{}` ({}), which no file declares; delete it, take another index, or say `--take-over`",
            other.id,
            other.text("name")
        ));
    }
    let before = existing?.text("service_type");
    let changes = !before.is_empty() && before != declared.service_type;
    changes.then(|| {
        let now = &declared.service_type;
        format!("{id}: its type is `{before}` and can't become `{now}`; give the new one another id")
    })
}

fn step(declared: &Declared, existing: Option<&Existing>) -> Step {
    let Some(existing) = existing else { return Step::Create(declared.clone()) };
    let before = existing.facts(&declared.fields);
    let difference = |(key, after): (String, Value)| {
        let was = before.get(&key).unwrap_or(&Value::Null);
        (*was != after).then(|| Difference {
            before: declared.shown(&key, was),
            after: declared.shown(&key, &after),
            key,
        })
    };
    let differences: Vec<Difference> = declared.facts().into_iter().filter_map(difference).collect();
    if differences.is_empty() {
        return Step::Leave { id: declared.id.clone(), is_declared: true };
    }
    Step::Change { declared: declared.clone(), existing: existing.clone(), differences }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = [0; 5];
        for step in &self.0 {
            counts[match step {
                Step::Create(_) => 0,
                Step::Change { .. } => 1,
                Step::Delete(_) => 2,
                Step::Leave { is_declared: true, .. } => 3,
                Step::Leave { is_declared: false, .. } => 4,
            }] += 1;
            step.fmt(f)?;
        }
        let [create, change, delete, unchanged, kept] = counts;
        write!(f, "{create} to create, {change} to change, {delete} to delete, {unchanged} unchanged")?;
        if kept > 0 { write!(f, ", {kept} not declared and kept") } else { Ok(()) }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(declared) => {
                writeln!(f, "+ {} ({})", declared.id, declared.service_type)?;
                let facts = declared.facts().into_iter();
                let told = facts.map(|(key, value)| (declared.shown(&key, &value), key));
                told.filter(|(value, _)| value != "none" && value != "off")
                    .try_for_each(|(value, key)| writeln!(f, "    {key}: {value}"))
            }
            Self::Change { declared, differences, .. } => {
                writeln!(f, "~ {} ({})", declared.id, declared.service_type)?;
                differences.iter().try_for_each(|Difference { key, before, after }| {
                    let is_hidden = before == after;
                    writeln!(f, "    {key}: {before} → {after}{}", if is_hidden { " (another)" } else { "" })
                })
            }
            Self::Delete(existing) => {
                let (kind, index) = (existing.text("service_type"), existing.text("index_name"));
                let [id, kind, index] = [existing.id.as_str(), kind, index].map(show::plain);
                writeln!(f, "- {id} ({kind}); the index `{index}` stays")
            }
            Self::Leave { .. } => Ok(()),
        }
    }
}
