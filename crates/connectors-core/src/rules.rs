//! Which documents of a source are wanted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::hash;

/// The rules of a sync: those in the source's own language, if any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The source's own filter, as an operator wrote it (see [`AdvancedRules`](crate::AdvancedRules)).
    #[serde(default)]
    pub advanced: Option<Value>,
}

impl Rules {
    /// A number that differs when the rules do; zero without rules.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.advanced.as_ref().map_or(0, |rules| hash(rules.to_string().as_bytes()))
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
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_rules_have_another_fingerprint() {
        let rules = |value| Rules { advanced: Some(value) };
        assert_eq!(Rules::default().fingerprint(), 0);
        assert_eq!(rules(json!({"a": 1})).fingerprint(), rules(json!({"a": 1})).fingerprint());
        assert_ne!(rules(json!({"a": 1})).fingerprint(), rules(json!({"a": 2})).fingerprint());
    }
}
