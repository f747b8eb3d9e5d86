//! `connectors index`: the indices that connectors keep.

use connectors_core::Result;
use connectors_service::indices;
use connectors_service::protocol::Store;
use serde_json::{Value, json};

use super::end::End;
use super::session::{Session, with_store};
use crate::cli;
use crate::show::{self, Column};

pub(super) async fn run(session: &Session, asked: cli::Index) -> Result<End> {
    with_store(session, async |store| match &asked {
        cli::Index::List => list(session, store).await,
        cli::Index::Clean { name } => {
            indices::clean(store, name, session.settings.sync().mapping).await?;
            print(session, name, "cleaned");
            Ok(())
        }
        cli::Index::Delete { name } => {
            indices::delete(store, name).await?;
            print(session, name, "deleted");
            Ok(())
        }
    })
    .await
}

async fn list(session: &Session, store: &Store) -> Result<()> {
    let indices = indices::list(store).await?;
    if session.json {
        let all = indices.iter().map(|index| {
            json!({ "index": index.name, "connectors": index.connectors, "documents": index.documents })
        });
        show::line(&Value::from_iter(all).to_string());
        return Ok(());
    }
    let rows = indices.into_iter().map(|index| {
        let documents = index.documents.map_or_else(|| "not made yet".into(), |count| count.to_string());
        vec![index.name, documents, index.connectors.join(", ")]
    });
    show::table(&[Column::Whole("index"), Column::Number("documents"), Column::Text("kept by")], rows);
    Ok(())
}

fn print(session: &Session, name: &str, result: &str) {
    session.say(&json!({ "index": name, "result": result }), &format!("{name}: {result}"));
}
