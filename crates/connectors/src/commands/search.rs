//! `connectors search`: ranked hits with the fragments that match.

use connectors_core::elastic::Request;
use connectors_core::elastic::index::check_content_name;
use connectors_core::{Error, ErrorKind, Result};
use serde_json::{Value, json};

use super::end::End;
use super::session::Session;
use crate::cli::Search;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, arguments: &Search) -> Result<End> {
    check_content_name(&arguments.index)?;
    let server = Server::open(&session.settings).await?;
    let request = Request::post(format!("/{}/_search", arguments.index)).body(&query(arguments));
    let answer: Result<Value> = server.client.json(&request).await;
    server.close().await?;
    let answer = answer.map_err(|error| match error.kind() {
        ErrorKind::Missing => {
            Error::config("there is no such index; `connectors sync … --index NAME` makes one")
                .with("index", &arguments.index)
        }
        _ => error,
    })?;
    show::hits(&answer, session.json);
    Ok(End::Done)
}

fn query(arguments: &Search) -> Value {
    json!({
        "size": arguments.hits,
        "query": { "multi_match": {
            "query": arguments.words.join(" "),
            "fields": ["name^2", "title^2", "body", "*"],
            "lenient": true,
        } },
        "highlight": {
            "pre_tags": [show::OPEN.to_string()], "post_tags": [show::CLOSE.to_string()],
            "fields": { "body": { "fragment_size": 140, "number_of_fragments": 2 } },
        },
    })
}
