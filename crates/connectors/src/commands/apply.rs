//! `connectors apply`: makes the connectors of the service those that files declare.

use connectors_core::elastic::index::check_content_name;
use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::{Desk, End, Fleet, connector, prompt, take_over};
use crate::declared::{self, Declared, Difference, Existing, File, Plan, Shared, Step, Undeclared};
use crate::protocol::{Connector, Kind, NewConnector, Record};
use crate::{cli, registry, show};

pub(super) async fn run(desk: &Desk, asked: &cli::Apply) -> Result<End> {
    let declared = read(desk, asked)?;
    Fleet::during(desk, async |fleet| plan_and_do(desk, fleet, (declared, asked)).await).await
}

fn read(desk: &Desk, asked: &cli::Apply) -> Result<Vec<Declared>> {
    let files: Result<Vec<File>> = asked
        .files
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let unread = |error| Error::config("the file can't be read").with("file", &name).caused_by(error);
            Ok(File { text: std::fs::read_to_string(path).map_err(unread)?, name })
        })
        .collect();
    let allowed = &desk.settings.sources;
    let declared =
        declared::read(&files?, &|service_type| Ok(registry::source(service_type, allowed)?.fields()))?;
    declared.iter().try_for_each(|connector| {
        check_content_name(&connector.index).map_err(|error| error.with("connector", &connector.id))
    })?;
    Ok(declared)
}

async fn plan_and_do(
    desk: &Desk,
    fleet: &Fleet,
    (declared, asked): (Vec<Declared>, &cli::Apply),
) -> Result<()> {
    let undeclared = if asked.delete { Undeclared::Delete } else { Undeclared::Keep };
    let shared = if asked.take_over { Shared::TakeOver } else { Shared::Refuse };
    let existing = fleet
        .store
        .connectors()
        .await?
        .into_iter()
        .map(|connector| Existing { id: connector.0.id, document: connector.0.fields.into() });
    let plan = Plan::new(declared, existing.collect(), (undeclared, shared))?;
    let agreed = if plan.is_empty() { Ok(()) } else { wanted(desk, &plan, asked.yes) };
    if desk.json {
        show::line(&plan.to_json().to_string());
    } else if plan.is_empty() || asked.yes {
        plan.to_string().lines().for_each(show::line);
    }
    agreed?;
    check(fleet, &plan).await?;
    let given = owned_elsewhere(fleet, &plan, shared).await?;
    for step in &plan.0 {
        carry_out(desk, fleet, step).await?;
    }
    for declared in given {
        take_over::give_to(fleet.store.client(), &declared.index, &declared.id).await?;
    }
    if !plan.is_empty() && !desk.json {
        show::line("done");
    }
    Ok(())
}

/// The connectors whose indices are to be given to them. Refuses the whole of a plan where one belongs to somebody else, unless it
/// is to be taken over.
async fn owned_elsewhere<'a>(fleet: &Fleet, plan: &'a Plan, shared: Shared) -> Result<Vec<&'a Declared>> {
    let mut given = Vec::new();
    for declared in plan.0.iter().filter_map(Step::declared) {
        let is_given = match shared {
            Shared::TakeOver => true,
            Shared::Refuse => {
                take_over::check_owner(&fleet.store, &declared.index, Some(&declared.id)).await?
            }
        };
        given.extend(is_given.then_some(declared));
    }
    Ok(given)
}

/// Refuses the whole of a plan where a connector was changed while somebody thought about it.
async fn check(fleet: &Fleet, plan: &Plan) -> Result<()> {
    for step in &plan.0 {
        let (Step::Change { existing, .. } | Step::Delete(existing)) = step else { continue };
        if let Some(connector) = fleet.store.connector(&existing.id).await? {
            still_holds(existing, &connector.0)?;
        }
    }
    Ok(())
}

/// Asks a person, who is shown the plan before; without one it has to be said beforehand.
fn wanted(desk: &Desk, plan: &Plan, is_said: bool) -> Result<()> {
    if is_said {
        return Ok(());
    }
    plan.to_string().lines().for_each(show::note);
    let can_ask = prompt::is_possible() && !desk.json;
    if can_ask && matches!(prompt::line("apply this? [y/N]")?.as_str(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::config("nothing is done without a yes; `--yes` says it beforehand"))
}

async fn carry_out(desk: &Desk, fleet: &Fleet, step: &Step) -> Result<()> {
    match step {
        Step::Create(declared) => create(desk, fleet, declared).await,
        Step::Change { declared, existing, differences } => {
            change(desk, fleet, (declared, existing, differences)).await
        }
        // Already deleted: nothing to do.
        Step::Delete(existing) => {
            let check = |record: &Record| still_holds(existing, record);
            fleet.store.remove_connector(&existing.id, check).await.map(drop)
        }
        Step::Leave { .. } => Ok(()),
    }
}

async fn create(desk: &Desk, fleet: &Fleet, declared: &Declared) -> Result<()> {
    let source = registry::source(&declared.service_type, &desk.settings.sources)?;
    let now = desk.context.clock.now();
    let asked = NewConnector {
        name: declared.name.clone(),
        index_name: declared.index.clone(),
        values: declared.settings.clone(),
        language: declared.language.clone(),
        pipeline: declared.pipeline.clone(),
        schedules: Vec::new(),
    };
    let mut document = asked.document(source, now);
    document.insert("scheduling".into(), declared.scheduling());
    let filtering = declared.filtering(&document["filtering"], now);
    document.insert("filtering".into(), filtering);
    let made = fleet.store.add_connector(Some(&declared.id), &document).await?;
    made.map(drop).ok_or_else(|| {
        Error::config("a connector with this id was made meanwhile; apply again").with("id", &declared.id)
    })
}

async fn change(
    desk: &Desk,
    fleet: &Fleet,
    (declared, existing, differences): (&Declared, &Existing, &[Difference]),
) -> Result<()> {
    let source = registry::source(&declared.service_type, &desk.settings.sources)?;
    let now = desk.context.clock.now();
    let changed = fleet.store.change(Kind::Connector, &declared.id, |record| {
        still_holds(existing, record)?;
        let mut patch = declared.update(existing, differences, now);
        if let Some(Value::Object(values)) = patch.remove("configuration") {
            let values = values.into_iter().map(|(name, mut field)| (name, field["value"].take())).collect();
            patch.extend(connector::configured(source, &Connector(record.clone()), &values));
        }
        Ok(Some(patch))
    });
    changed.await?.map(drop).ok_or_else(|| {
        Error::config("the connector was deleted meanwhile; apply again").with("id", &declared.id)
    })
}

/// A plan is for what was read: nothing is written over what somebody changed since.
fn still_holds(existing: &Existing, record: &Record) -> Result<()> {
    let changed = existing.changed_in(&record.fields);
    if changed.is_empty() {
        return Ok(());
    }
    let message = "the connector was changed after the plan was made, and is left as it is; steps before it are done; apply again to see what there is to do now";
    Err(Error::config(message).with("id", &existing.id).with("changed", changed.join(", ")))
}

impl Plan {
    /// What is done, for programs; secrets masked.
    fn to_json(&self) -> Value {
        let step = |step: &Step| match step {
            Step::Create(declared) => json!({ "id": declared.id, "action": "create" }),
            Step::Change { declared, differences, .. } => {
                let told = differences
                    .iter()
                    .map(|found| json!({ "key": found.key, "before": found.before, "after": found.after }));
                json!({ "id": declared.id, "action": "change", "differences": Value::from_iter(told) })
            }
            Step::Delete(existing) => json!({ "id": existing.id, "action": "delete" }),
            Step::Leave { id, is_declared } => {
                json!({ "id": id, "action": if *is_declared { "none" } else { "keep" } })
            }
        };
        Value::from_iter(self.0.iter().map(step))
    }
}
