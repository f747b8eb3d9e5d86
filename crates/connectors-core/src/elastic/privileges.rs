//! What these credentials may do, as Elasticsearch itself says it.

use serde_json::{Value, json};

use super::{Client, Flavour, Request};
use crate::{ErrorKind, Result};

/// The privileges that are needed: on indices, and on the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Index, and the privileges on it.
    pub indices: Vec<(String, Vec<&'static str>)>,
    /// Privileges on the cluster.
    pub cluster: Vec<&'static str>,
}

/// The privileges that these credentials lack, as `PRIVILEGE on INDEX`; none where the server can't be asked: where it has no
/// security, or is none of Elasticsearch's.
///
/// # Errors
/// When the server does not answer.
pub async fn lacking(client: &Client, needs: &Needs) -> Result<Option<Vec<String>>> {
    if client.engine().flavour == Flavour::OpenSearch {
        return Ok(None);
    }
    let indices: Vec<Value> = needs
        .indices
        .iter()
        .map(|(name, privileges)| {
            json!({ "names": [name], "privileges": privileges, "allow_restricted_indices": name.starts_with('.') })
        })
        .collect();
    let request = Request::post("/_security/user/_has_privileges")
        .body(&json!({ "cluster": needs.cluster, "index": indices }));
    match client.json::<Value>(&request).await {
        Ok(answer) => Ok(Some(lacking_in(&answer))),
        Err(error)
            if matches!(error.kind(), ErrorKind::Config | ErrorKind::Missing | ErrorKind::Unexpected) =>
        {
            tracing::debug!(%error, "privileges can't be asked for");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn lacking_in(answer: &Value) -> Vec<String> {
    let refused = |privileges: &Value| -> Vec<String> {
        let privileges = privileges.as_object().into_iter().flatten();
        privileges.filter(|(_, has)| **has == false).map(|(name, _)| name.clone()).collect()
    };
    let of_cluster = refused(&answer["cluster"]).into_iter().map(|name| format!("{name} on the cluster"));
    let indices = answer["index"].as_object().into_iter().flatten();
    let of_indices = indices.flat_map(|(index, privileges)| {
        refused(privileges).into_iter().map(move |name| format!("{name} on {index}"))
    });
    of_cluster.chain(of_indices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_named_with_its_place() {
        let answer = json!({
            "has_all_requested": false,
            "cluster": { "read_pipeline": false },
            "index": { "docs": { "read": true, "delete": false }, ".connectors-state": { "index": true } },
        });
        assert_eq!(lacking_in(&answer), ["read_pipeline on the cluster", "delete on docs"]);
        assert_eq!(lacking_in(&json!({"has_all_requested": true})), Vec::<String>::new());
    }
}
