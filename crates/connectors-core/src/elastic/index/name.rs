//! Which names an index may have.

use crate::{Error, Result};

/// What stands before the name of a content index in the name of the index with its identities.
pub const IDENTITIES: &str = ".search-acl-filter-";

/// Checks a name by the server's own rules, before the server has to.
///
/// # Errors
/// `Config`, naming the rule that it breaks.
pub fn check_name(name: &str) -> Result<()> {
    broken(name).map_or(Ok(()), |broken| Err(unusable(name, broken)))
}

/// Checks the name of an index that is to hold documents of a source: one that the server takes, and that does not begin with a
/// dot, as those of the server and of this program do.
///
/// # Errors
/// `Config`, naming the rule that it breaks.
pub fn check_content_name(name: &str) -> Result<()> {
    let is_reserved = name.starts_with('.').then_some(
        "it begins with a dot, as the indices that the server and this program keep for themselves do",
    );
    broken(name).or(is_reserved).map_or(Ok(()), |broken| Err(unusable(name, broken)))
}

/// Checks the name of an index that is to hold identities: that of a content index behind [`IDENTITIES`].
///
/// # Errors
/// `Config`, naming the rule that it breaks.
pub fn check_identity_name(name: &str) -> Result<()> {
    check_name(name)?;
    match name.strip_prefix(IDENTITIES) {
        Some(content) => check_content_name(content),
        None => Err(unusable(
            name,
            "identities are kept in `.search-acl-filter-` with the name of a content index behind it",
        )),
    }
}

fn broken(name: &str) -> Option<&'static str> {
    Some(if name.is_empty() {
        "it is empty"
    } else if name.len() > 255 {
        "it has more than 255 bytes"
    } else if name.starts_with(['_', '-', '+']) {
        "it begins with _, - or +"
    } else if name == "." || name == ".." {
        "it is . or .."
    } else if name.contains(['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':', '%']) {
        "it has one of \\ / * ? \" < > | space , # : % in it"
    } else if name.chars().any(char::is_control) {
        "it has a control character in it"
    } else if name.to_lowercase() != name {
        "it has upper case letters"
    } else {
        return None;
    })
}

fn unusable(name: &str, broken: &str) -> Error {
    Error::config(format!("the index name can't be used: {broken}; choose another, such as `docs-2026`"))
        .with("index", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_by_the_servers_rules() {
        for good in ["docs", "0123", "a.b-c_d", ".hidden", "ärger"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        for bad in [
            "",
            "_a",
            "-a",
            "+a",
            ".",
            "..",
            "a/b",
            "a b",
            "a*",
            "A",
            "ǅ",
            "a:b",
            "a#b",
            "a%62",
            "a\nb",
            long.as_str(),
        ] {
            for check in [check_name, check_content_name] {
                let error = check(bad).unwrap_err();
                assert!(error.to_string().contains("the index name can't be used"), "{error}");
            }
        }
    }

    #[test]
    fn documents_of_a_source_go_into_no_index_that_begins_with_a_dot() {
        assert!(check_content_name("docs").is_ok());
        for reserved in [".connectors-failures", ".connectors-state", ".elastic-connectors-v1", ".a"] {
            let error = check_content_name(reserved).unwrap_err().to_string();
            assert!(error.contains("begins with a dot") && error.contains(reserved), "{error}");
        }
    }

    #[test]
    fn identities_go_beside_the_index_of_a_content_alone() {
        assert!(check_identity_name(".search-acl-filter-docs").is_ok());
        for wrong in
            ["docs", ".search-acl-filter-", ".search-acl-filter-.connectors-failures", ".connectors-failures"]
        {
            assert!(check_identity_name(wrong).is_err(), "{wrong}");
        }
    }
}
