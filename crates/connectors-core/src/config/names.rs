//! What a value of a setting names outside of the program, so that an operator can bound it.

/// What kind of thing a value names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Names {
    /// None that could be bounded.
    #[default]
    Nothing,
    /// A file or folder.
    Path,
    /// Servers: an address, or a connection string with several hosts.
    Host,
}

/// The hosts of an address or connection string, in lower case, without ports; none where two readers could understand different
/// hosts.
#[must_use]
pub fn hosts(value: &str) -> Option<Vec<String>> {
    if value.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\') {
        return None;
    }
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let behind = rest[authority.len()..].split('?').next().unwrap_or_default();
    if behind.contains('@') || authority.matches('@').count() > 1 {
        return None;
    }
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    hosts.split(',').map(host).collect()
}

fn host(text: &str) -> Option<String> {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text.split(':').next().unwrap_or_default(),
    };
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_' | ':');
    let host = host.trim_end_matches('.');
    (!host.is_empty() && host.chars().all(is_plain)).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_that_every_reader_understands() {
        for (value, expected) in [
            ("https://H.example.com:9200/x?y=a@b", Some(vec!["h.example.com"])),
            ("mongodb://u:p@one:1,two:2/db", Some(vec!["one", "two"])),
            ("mongodb+srv://cluster.example.com.", Some(vec!["cluster.example.com"])),
            ("localhost:27017", Some(vec!["localhost"])),
            ("http://[::1]:9200", Some(vec!["::1"])),
            ("http://good@evil", Some(vec!["evil"])),
            ("mongodb://u:p@evil/x@good", None),
            ("mongodb://u:p@ss@h", None),
            ("http://good\\@evil", None),
            ("http://ev\nil", None),
            ("http://go%6fd", None),
            ("http:///evil", None),
            ("", None),
        ] {
            let found = hosts(value);
            assert_eq!(
                found,
                expected.map(|hosts| hosts.into_iter().map(str::to_owned).collect()),
                "{value}"
            );
        }
    }
}
