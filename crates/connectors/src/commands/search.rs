//! `connectors search`: ranked hits with the fragments that match.

mod query;

use connectors_core::elastic::Request;
use connectors_core::elastic::index::check_content_name;
use connectors_core::{Error, ErrorKind, Result};
use serde_json::{Value, json};

use self::query::{Query, Spelling};
use super::end::End;
use super::session::Session;
use crate::cli::Search;
use crate::server::Server;
use crate::show;

pub(super) async fn run(session: &Session, arguments: &Search) -> Result<End> {
    check_content_name(&arguments.index)?;
    let query = Query::read(&arguments.words.join(" "));
    if query.is_cut {
        show::note(
            "the query is too long; only its beginning is looked for, leave out words that matter less",
        );
    }
    let server = Server::open(&session.settings).await?;
    let answer = hits(&server, arguments, &query).await;
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

/// The hits as they are spelled. Only where they are fewer than asked for, those with typos come after them: else words that
/// are merely alike would be marked in fragments too.
async fn hits(server: &Server, arguments: &Search, query: &Query) -> Result<Value> {
    let ask = async |spelling| {
        let body = body(&query.to_json(spelling), arguments.hits);
        let request = Request::post(format!("/{}/_search", arguments.index)).body(&body);
        server.client.json::<Value>(&request).await
    };
    let exact = ask(Spelling::Exact).await?;
    let count = exact["hits"]["hits"].as_array().map_or(0, Vec::len);
    if count >= arguments.hits as usize || !query.may_have_typos() {
        return Ok(exact);
    }
    ask(Spelling::Alike).await
}

fn body(query: &Value, hits: u32) -> Value {
    json!({
        "size": hits,
        "query": query,
        "highlight": {
            "pre_tags": [show::OPEN.to_string()], "post_tags": [show::CLOSE.to_string()],
            "fields": { "body": { "fragment_size": 140, "number_of_fragments": 2 } },
        },
    })
}
