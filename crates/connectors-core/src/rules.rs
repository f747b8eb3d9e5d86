//! Which documents of a source are wanted.

mod basic;
mod compare;
mod fields;
mod filtering;
mod rule;

pub use basic::Basic;
pub use filtering::{Filtering, RuleSet, Snippet, State, Validation};
pub use rule::{Operator, Policy, Rule};

use serde::Serialize;
use serde_json::Value;

use crate::document::hash;

/// The rules of a sync: those that hold for any source, and those in the source's own language.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What is decided document by document, whatever the source.
    pub basic: Basic,
    /// The source's own filter, as an operator wrote it (see [`AdvancedRules`](crate::AdvancedRules)).
    pub advanced: Option<Value>,
}

impl Rules {
    /// Everything is wanted.
    pub const NONE: Self = Self { basic: Basic::NONE, advanced: None };

    /// Rules in the source's own language alone.
    #[must_use]
    pub fn advanced(rules: Value) -> Self {
        Self { advanced: Some(rules), ..Self::NONE }
    }

    /// A number that differs when the rules do; zero without rules.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let advanced = self.advanced.as_ref().map_or(0, |rules| hash(rules.to_string().as_bytes()));
        if self.basic.is_empty() {
            return advanced;
        }
        let both = [self.basic.fingerprint().to_le_bytes(), advanced.to_le_bytes()].concat();
        hash(&both)
    }
}

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleProblem {
    /// The rule's id, or the path inside the advanced rules, such as `find.filter`.
    pub place: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

#[cfg(test)]
mod tests;
