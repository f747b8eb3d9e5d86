//! Names of databases and collections, with `*` and `?`.

/// A name, or a pattern for several: `*` stands for any text, `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Glob {
    /// A pattern as an operator wrote it.
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.trim().to_owned())
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The one name that it stands for, when it has no wildcards.
    pub(crate) fn fixed(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(self.0.as_str())
    }

    /// True when the whole name fits.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().collect();
        let name: Vec<char> = name.chars().collect();
        matches(&pattern, &name)
    }

    /// The same pattern as a regular expression for the server.
    pub(crate) fn to_regex(&self) -> String {
        let body: String = self.0.chars().map(regex_of).collect();
        format!("^{body}$")
    }
}

/// Goes back to the last `*` on a mismatch: linear in name times pattern at worst.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((before, taken)) = star else { return false };
                star = Some((before, taken + 1));
                (at, seen) = (before + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

fn regex_of(character: char) -> String {
    match character {
        '*' => "[\\s\\S]*".to_owned(),
        '?' => "[\\s\\S]".to_owned(),
        plain if plain.is_alphanumeric() || plain == '_' => plain.to_string(),
        special if special.is_ascii() => format!("\\{special}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, name, wanted) in [
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("*", "anything", true),
            ("*", "", true),
            ("orders_*", "orders_2026", true),
            ("orders_*", "orders", false),
            ("*_log", "a_log_b_log", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("log?", "log1", true),
            ("log?", "log", false),
            ("größe?", "größeü", true),
            ("a.b", "axb", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), wanted, "{pattern} on {name}");
        }
    }

    #[test]
    fn only_a_name_without_wildcards_is_fixed() {
        assert_eq!(Glob::new(" shop ").fixed(), Some("shop"));
        assert_eq!(Glob::new("shop*").fixed(), None);
        assert_eq!(Glob::new("sho?").fixed(), None);
    }

    #[test]
    fn the_regular_expression_takes_everything_else_literally() {
        assert_eq!(Glob::new("a.b_*").to_regex(), r"^a\.b_[\s\S]*$");
        assert_eq!(Glob::new("ü?").to_regex(), r"^ü[\s\S]$");
    }
}
