//! What has to be done for the server's connectors to be the declared ones.

use std::collections::HashMap;

use connectors_core::{Error, Result};
use serde_json::Value;

use super::connector::{Declared, Existing};
use crate::ownership::Conflict;

/// What is done about connectors that no file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeclared {
    /// They stay as they are.
    Keep,
    /// They are deleted; their indices stay.
    Delete,
}

/// What a plan may do beyond what files declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What is done about connectors that no file declares.
    pub undeclared: Undeclared,
    /// What is done where a declared connector is to keep the index of somebody else.
    pub conflict: Conflict,
}

/// One connector and what happens to it.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is created.
    Create(Declared),
    /// At least one thing differs.
    Change {
        /// As it is declared.
        declared: Declared,
        /// As the server has it.
        existing: Existing,
        /// What differs, at least one thing.
        differences: Vec<Difference>,
    },
    /// It is deleted; its index stays.
    Delete(Existing),
    /// It is as it is declared, or not declared and kept.
    Leave {
        /// Its id.
        id: String,
        /// False for one that no file declares.
        is_declared: bool,
    },
}

impl Step {
    /// What a file declares that is to be made or changed.
    pub(super) fn declared(&self) -> Option<&Declared> {
        match self {
            Self::Create(declared) | Self::Change { declared, .. } => Some(declared),
            Self::Delete(_) | Self::Leave { .. } => None,
        }
    }
}

/// One thing that is to be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Such as `settings.path`.
    pub key: String,
    /// As it is, secrets masked.
    pub before: String,
    /// As it is to be, secrets masked.
    pub after: String,
}

/// The steps: deletes first, as they give indices back, then the declared connectors in their order.
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<Step>,
    /// What is done where an index belongs to somebody else.
    pub(super) conflict: Conflict,
}

/// How many connectors a plan creates, changes, deletes and leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// To create.
    pub created: usize,
    /// To change.
    pub changed: usize,
    /// To delete.
    pub deleted: usize,
    /// As they are declared.
    pub unchanged: usize,
    /// Not declared and kept.
    pub kept: usize,
}

impl Plan {
    /// Compares.
    ///
    /// # Errors
    /// `Config` when a connector would change its type, or an index be written by two.
    pub fn new(declared: Vec<Declared>, existing: Vec<Existing>, policy: Policy) -> Result<Self> {
        let Policy { undeclared, conflict } = policy;
        let mut by_id: HashMap<String, usize> = HashMap::new();
        by_id.extend(existing.iter().enumerate().map(|(place, connector)| (connector.id.clone(), place)));
        let ids: Vec<&str> = declared.iter().map(|connector| connector.id.as_str()).collect();
        let mut left: Vec<Existing> =
            existing.iter().filter(|connector| !ids.contains(&connector.id.as_str())).cloned().collect();
        left.sort_by(|one, other| one.id.cmp(&other.id));
        let keeps = undeclared == Undeclared::Keep && conflict == Conflict::Refuse;
        let kept: &[Existing] = if keeps { &left } else { &[] };
        let match_of = |connector: &Declared| by_id.get(&connector.id).map(|place| &existing[*place]);
        let problems: Vec<String> =
            declared.iter().filter_map(|connector| problem(connector, match_of(connector), kept)).collect();
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
        Ok(Self { steps: left.chain(steps).collect(), conflict })
    }

    /// The steps, in the order in which they are done.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// True when nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Leave { .. }))
    }

    /// How many connectors each kind of step is for.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            *match step {
                Step::Create(_) => &mut counts.created,
                Step::Change { .. } => &mut counts.changed,
                Step::Delete(_) => &mut counts.deleted,
                Step::Leave { is_declared: true, .. } => &mut counts.unchanged,
                Step::Leave { is_declared: false, .. } => &mut counts.kept,
            } += 1;
        }
        counts
    }
}

fn problem(declared: &Declared, existing: Option<&Existing>, kept: &[Existing]) -> Option<String> {
    let (id, index) = (&declared.id, &declared.index);
    if let Some(other) = kept.iter().find(|other| other.index() == index) {
        return Some(format!(
            "{id}: the index `{index}` is that of the connector `{}` ({}), which no file declares; delete it, take another index, or say `--take-over`",
            other.id,
            other.name()
        ));
    }
    let before = existing?.service_type();
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
