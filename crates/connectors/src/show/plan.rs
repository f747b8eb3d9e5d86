//! What is to be done for connectors to be those that files declare.

use connectors_service::declared::{Counts, Difference, Plan, Step};
use serde_json::{Value, json};

use super::plain;

/// A plan for people, line by line.
pub(crate) fn plan(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.steps().iter().flat_map(step).collect();
    let Counts { created, changed, deleted, unchanged, kept } = plan.counts();
    let kept = if kept > 0 { format!(", {kept} not declared and kept") } else { String::new() };
    lines.push(format!(
        "{created} to create, {changed} to change, {deleted} to delete, {unchanged} unchanged{kept}"
    ));
    lines
}

fn step(step: &Step) -> Vec<String> {
    match step {
        Step::Create(declared) => {
            let properties = declared.properties().into_iter();
            let lines = properties.map(|(key, value)| format!("    {key}: {}", plain(&value)));
            head('+', &declared.id, &declared.service_type).chain(lines).collect()
        }
        Step::Change { declared, differences, .. } => {
            let lines = differences.iter().map(difference);
            head('~', &declared.id, &declared.service_type).chain(lines).collect()
        }
        Step::Delete(existing) => {
            let [id, kind, index] = [&*existing.id, existing.service_type(), existing.index()].map(plain);
            vec![format!("- {id} ({kind}); the index `{index}` stays")]
        }
        Step::Leave { .. } => Vec::new(),
    }
}

fn head(mark: char, id: &str, service_type: &str) -> impl Iterator<Item = String> {
    std::iter::once(format!("{mark} {} ({service_type})", plain(id)))
}

fn difference(Difference { key, before, after }: &Difference) -> String {
    let hidden = if before == after { " (another)" } else { "" };
    format!("    {key}: {} → {}{hidden}", plain(before), plain(after))
}

/// A plan for programs.
pub(crate) fn plan_json(plan: &Plan) -> Value {
    let step = |step: &Step| match step {
        Step::Create(declared) => json!({ "id": declared.id, "action": "create" }),
        Step::Change { declared, differences, .. } => {
            let differences = differences.iter().map(|Difference { key, before, after }| {
                json!({ "key": key, "before": plain(before), "after": plain(after) })
            });
            json!({ "id": declared.id, "action": "change", "differences": Value::from_iter(differences) })
        }
        Step::Delete(existing) => json!({ "id": existing.id, "action": "delete" }),
        Step::Leave { id, is_declared } => {
            json!({ "id": id, "action": if *is_declared { "none" } else { "keep" } })
        }
    };
    Value::from_iter(plan.steps().iter().map(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::registry;
    use connectors_service::declared::{Existing, File, Policy, Undeclared, read};
    use connectors_service::ownership::Conflict;

    fn planned(text: &str, existing: &[(&str, Value)]) -> Plan {
        let registry = registry(&["mongodb".to_owned()]);
        let declared = read(&[File { name: "f".into(), text: text.into() }], &registry).unwrap();
        let existing = existing.iter().map(|(id, document)| {
            let mut document = document.clone();
            document["service_type"] = "mongodb".into();
            Existing { id: (*id).into(), document }
        });
        let policy = Policy { undeclared: Undeclared::Delete, conflict: Conflict::Refuse };
        Plan::new(declared, existing.collect(), policy).unwrap()
    }

    #[test]
    fn a_plan_is_shown_step_by_step_and_holds_no_secret() {
        let settings = "{host: 'mongodb://h', password: hush, database: d, collection: c}";
        let text = format!(
            "[{{id: new, type: mongodb, index: new, settings: {settings}}}, \
             {{id: old, type: mongodb, index: old, settings: {settings}}}]"
        );
        let stored = json!({ "host": "mongodb://h", "password": "other", "database": "d\u{1b}\ne", "collection": "c" });
        let existing = [
            ("old", json!({ "name": "old", "index_name": "old", "configuration": stored })),
            ("gone", json!({ "index_name": "gone" })),
        ];
        let lines = plan(&planned(&text, &existing));
        assert_eq!(&lines[..2], ["- gone (mongodb); the index `gone` stays", "+ new (mongodb)"]);
        for expected in [
            "    settings.password: ***",
            "~ old (mongodb)",
            "    settings.password: *** → *** (another)",
            "    settings.database: d\\u001b\\ne → d",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:#?}");
        }
        assert_eq!(lines.last().unwrap(), "1 to create, 1 to change, 1 to delete, 0 unchanged");
    }

    #[test]
    fn a_program_reads_what_is_done_to_each_connector() {
        let text = "{id: new, type: mongodb, index: new, settings: {host: 'mongodb://h', database: d, collection: c}}";
        let shown = plan_json(&planned(text, &[("gone", json!({}))]));
        assert_eq!(shown, json!([{ "id": "gone", "action": "delete" }, { "id": "new", "action": "create" }]));
    }
}
