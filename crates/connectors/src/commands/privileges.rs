//! The least privileges that each command needs on Elasticsearch.

use connectors_core::Result;
use connectors_core::elastic::Client;
use connectors_core::elastic::privileges::{Needs, lacking};

/// Stands for the index that the command is about.
const INDEX: &str = "INDEX";

/// Index → privileges.
type OnIndices = &'static [(&'static str, &'static [&'static str])];

/// Command, privileges on indices, privileges on the cluster.
const NEEDS: [(&str, OnIndices, &[&str]); 5] = [
    (
        "sync",
        &[
            (
                INDEX,
                &["create_index", "view_index_metadata", "read", "index", "delete", "maintenance", "manage"],
            ),
            (".connectors-failures", SYSTEM),
            (".connectors-state", SYSTEM),
        ],
        &["read_pipeline"],
    ),
    (
        "follow",
        &[
            (INDEX, &["view_index_metadata", "read", "index", "delete", "maintenance", "manage"]),
            (".connectors-failures", SYSTEM),
            (".connectors-state", SYSTEM),
        ],
        &["read_pipeline"],
    ),
    ("verify", &[(INDEX, &["view_index_metadata", "read", "maintenance"])], &["read_pipeline"]),
    ("search", &[(INDEX, &["read", "view_index_metadata"])], &[]),
    (
        "run",
        &[
            (".elastic-connectors*", SYSTEM),
            (".elastic-connectors-sync-jobs*", SYSTEM),
            (
                INDEX,
                &["create_index", "view_index_metadata", "read", "index", "delete", "maintenance", "manage"],
            ),
            (".connectors-failures", SYSTEM),
            (".connectors-state", SYSTEM),
        ],
        &["read_pipeline"],
    ),
];

/// What the indices need that the program keeps for itself.
const SYSTEM: &[&str] = &["create_index", "view_index_metadata", "read", "index", "delete", "maintenance"];

/// For each command, what these credentials lack for it on an index; none where the server can't be asked.
///
/// # Errors
/// When the server does not answer.
pub(super) async fn missing(
    client: &Client,
    index: &str,
) -> Result<Option<Vec<(&'static str, Vec<String>)>>> {
    let mut missing = Vec::new();
    for (command, indices, cluster) in NEEDS {
        let of = |(name, privileges): &(&'static str, &'static [&'static str])| {
            (name.replace(INDEX, index), privileges.to_vec())
        };
        let needs = Needs { indices: indices.iter().map(of).collect(), cluster: cluster.to_vec() };
        match lacking(client, &needs).await? {
            Some(lacking) => missing.push((command, lacking)),
            None => return Ok(None),
        }
    }
    Ok(Some(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `docs/security.md` says of a command.
    fn row((command, indices, cluster): &(&str, OnIndices, &[&str])) -> String {
        let on = indices.iter().map(|(name, privileges)| format!("`{name}`: {}", privileges.join(", ")));
        let cluster = if cluster.is_empty() { "–".to_owned() } else { cluster.join(", ") };
        format!("| `connectors {command}` | {} | {cluster} |", on.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn the_page_on_security_names_the_least_privileges_of_each_command() {
        let page = include_str!("../../../../docs/security.md");
        for needs in &NEEDS {
            assert!(page.contains(&row(needs)), "docs/security.md lacks this row:\n{}", row(needs));
        }
    }
}
