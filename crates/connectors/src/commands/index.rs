//! `connectors index`: the indices that connectors and syncs keep.

use connectors_core::Result;
use connectors_service::indices;
use connectors_service::protocol::Store;
use serde_json::{Value, json};

use super::end::End;
use super::prompt;
use super::session::{Session, with_store};
use crate::cli;
use crate::show::{self, Column};

pub(super) async fn run(session: &Session, asked: cli::Index) -> Result<End> {
    with_store(session, async |store| match &asked {
        cli::Index::List => list(session, store).await,
        cli::Index::Clean { name, yes } => {
            agreed(session, store, ("empty", name.as_str(), yes)).await?;
            indices::clean(store, name, session.settings.sync().mapping).await?;
            print(session, name, "cleaned");
            Ok(())
        }
        cli::Index::Delete { name, yes } => {
            agreed(session, store, ("delete", name.as_str(), yes)).await?;
            indices::delete(store, name).await?;
            print(session, name, "deleted");
            Ok(())
        }
    })
    .await
}

/// Says whose it is and what is in it, and asks.
async fn agreed(session: &Session, store: &Store, (what, name, yes): (&str, &str, &cli::Yes)) -> Result<()> {
    let index = indices::get(store, name).await?;
    let documents =
        index.documents.map_or_else(|| "not made yet".into(), |count| format!("{count} documents"));
    prompt::agreed(session, &format!("{what} the index `{name}` of {} ({documents})?", keeper(&index)), yes)
}

/// Who keeps an index equal to what.
fn keeper(index: &indices::Index) -> String {
    match &index.owner {
        _ if !index.connectors.is_empty() => index.connectors.join(", "),
        Some(owner) => owner.to_string(),
        None => "-".into(),
    }
}

async fn list(session: &Session, store: &Store) -> Result<()> {
    let indices = indices::list(store).await?;
    if session.json {
        let all = indices.iter().map(|index| {
            json!({
                "index": index.name, "connectors": index.connectors, "owner": index.owner, "documents": index.documents,
            })
        });
        show::line(&Value::from_iter(all).to_string());
        return Ok(());
    }
    if indices.is_empty() {
        show::line("no connector keeps an index, and no sync made one");
        return Ok(());
    }
    let rows = indices.into_iter().map(|index| {
        let documents = index.documents.map_or_else(|| "not made yet".into(), |count| count.to_string());
        vec![index.name.clone(), documents, keeper(&index)]
    });
    show::table(&[Column::Whole("index"), Column::Number("documents"), Column::Text("kept by")], rows);
    Ok(())
}

fn print(session: &Session, name: &str, result: &str) {
    session.say(&json!({ "index": name, "result": result }), &format!("{name}: {result}"));
}
