//! `connectors apply`: makes the connectors of the service those that files declare.

use connectors_core::{Error, Result};
use connectors_service::declared::{self, Declared, File, Plan, Policy, Undeclared};
use connectors_service::ownership::Conflict;
use connectors_service::protocol::Store;

use super::end::End;
use super::prompt;
use super::session::{Session, with_store};
use crate::{cli, show};

pub(super) async fn run(session: &Session, asked: &cli::Apply) -> Result<End> {
    let declared = declared::read(&read(asked)?, &session.registry)?;
    with_store(session, async |store| plan_and_apply(session, store, (declared, asked)).await).await
}

fn read(asked: &cli::Apply) -> Result<Vec<File>> {
    let files = asked.files.iter().map(|path| {
        let name = path.display().to_string();
        let unread = |error| Error::config("the file can't be read").with("file", &name).caused_by(error);
        Ok(File { text: std::fs::read_to_string(path).map_err(unread)?, name })
    });
    files.collect()
}

async fn plan_and_apply(
    session: &Session,
    store: &Store,
    (declared, asked): (Vec<Declared>, &cli::Apply),
) -> Result<()> {
    let policy = Policy {
        undeclared: if asked.delete { Undeclared::Delete } else { Undeclared::Keep },
        conflict: if asked.take_over { Conflict::TakeOver } else { Conflict::Refuse },
    };
    let existing = store.connectors().await?.into_iter().map(Into::into).collect();
    let plan = Plan::new(declared, existing, policy)?;
    let confirmed = if plan.is_empty() { Ok(()) } else { confirm(session, &plan, asked) };
    if session.json {
        show::line(&show::plan_json(&plan).to_string());
    } else if plan.is_empty() || asked.yes {
        show::plan(&plan).iter().for_each(|text| show::line(text));
    }
    confirmed?;
    declared::apply(store, &session.registry, &plan, session.context.clock.now()).await?;
    if !plan.is_empty() && !session.json {
        show::line("done");
    }
    Ok(())
}

/// Asks a person, who is shown the plan before; without one it has to be said beforehand.
fn confirm(session: &Session, plan: &Plan, asked: &cli::Apply) -> Result<()> {
    if asked.yes {
        return Ok(());
    }
    show::plan(plan).iter().for_each(|text| show::note(text));
    if prompt::is_agreed(session, "apply this?")? {
        return Ok(());
    }
    Err(Error::config("nothing is done without a yes; `--yes` says it beforehand"))
}
