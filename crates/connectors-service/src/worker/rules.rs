//! Rules: drafts are validated by the worker, and put in force where nothing is wrong with them; those in force
//! are checked again by each job.

use connectors_core::rules::{Basic, Filtering, RuleSet};
use connectors_core::{Error, Registered, Result, RuleProblem, Rules};
use serde_json::Map;

use super::connections::Connections;
use crate::protocol::{Connector, JobType, Kind, Record, Store, SyncJob};
use crate::secrets::masked;

/// Where problems stand that concern advanced rules as a whole.
const ADVANCED: &str = "advanced_snippet";

/// The rules of a connector, if their draft is to be validated. Rules that can't be read are no draft.
pub(super) fn waiting(record: &Record) -> Option<Filtering> {
    Filtering::read(record.value("filtering")).ok().flatten().filter(Filtering::is_edited)
}

/// The rules that a job was made with; none for identities, which no rule leaves out.
///
/// # Errors
/// `Config` when one of them can't be evaluated: what it is to leave out would be indexed.
pub(super) async fn of_job(
    connections: &Connections,
    job: &SyncJob,
    connector: &Connector,
    source: &'static dyn Registered,
) -> Result<Rules> {
    if job.job_type() == JobType::AccessControl {
        return Ok(Rules::NONE);
    }
    let (mut rules, mut problems) = RuleSet::of_job(job.filtering())?.unwrap_or_default().read();
    let (basic, advanced) = connector.counted_rules();
    if !basic {
        rules.basic = Basic::NONE;
        problems.clear();
        tracing::info!(connector = connector.id(), "its features switch basic rules off: none is applied");
    }
    // One that has no rules of its own says that they are off, and refuses those that there are.
    let has_own = source.capabilities().advanced_rules;
    if !advanced && has_own && rules.advanced.take().is_some() {
        tracing::info!(connector = connector.id(), "its features switch advanced rules off: none is applied");
    }
    if rules.advanced.is_some() {
        problems.extend(advanced_problems(connections, connector, source, &rules).await?);
    }
    if problems.is_empty() { Ok(rules) } else { Err(unusable(&problems)) }
}

/// Validates the draft of a connector's rules, if one waits. A good one is in force from then on; of a bad one
/// the document says what is wrong. Rules in the source's own language wait until there is a source to ask.
///
/// # Errors
/// When the source or the server can't be asked.
pub(super) async fn validate_draft(
    store: &Store,
    connections: &Connections,
    connector: &Connector,
    source: Option<&'static dyn Registered>,
) -> Result<()> {
    let Some(Filtering { draft, .. }) = waiting(&connector.0) else { return Ok(()) };
    let (rules, mut problems) = draft.read();
    if rules.advanced.is_some() {
        let Some(source) = source else { return Ok(()) };
        problems.extend(advanced_problems(connections, connector, source, &rules).await?);
    }
    let validation = store.change(Kind::Connector, connector.id(), |record| {
        // What was edited since then is validated the next time.
        let same = waiting(record).filter(|current| current.draft == draft);
        same.map(|filtering| validated(filtering, &problems)).transpose()
    });
    if validation.await?.is_some() {
        tracing::info!(
            connector = connector.id(),
            problems = problems.len(),
            "a draft of rules is validated"
        );
    }
    Ok(())
}

async fn advanced_problems(
    connections: &Connections,
    connector: &Connector,
    source: &'static dyn Registered,
    rules: &Rules,
) -> Result<Vec<RuleProblem>> {
    let connection = connections.connect(connector, source).await?;
    let Some(advanced) = connection.advanced_rules() else {
        let message = "this source has no rules of its own; leave them empty".to_owned();
        return Ok(vec![RuleProblem { place: ADVANCED.to_owned(), message }]);
    };
    let mut problems = advanced.validate(rules).await?;
    for problem in &mut problems {
        if !problem.place.is_empty() {
            problem.message = format!("{}: {}", problem.place, problem.message);
        }
        problem.message = masked(&problem.message);
        ADVANCED.clone_into(&mut problem.place);
    }
    Ok(problems)
}

fn unusable(problems: &[RuleProblem]) -> Error {
    let each: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
    let message = "nothing is synced, as active rules can't be evaluated; correct or remove them";
    Error::config(format!("{message}: {}", each.join("; ")))
}

/// What is written of a draft with these problems.
fn validated(mut filtering: Filtering, problems: &[RuleProblem]) -> Result<Map<String, serde_json::Value>> {
    filtering.validate(problems);
    if problems.is_empty() {
        filtering.activate()?;
    }
    Ok(Map::from_iter([("filtering".to_owned(), filtering.to_json())]))
}
