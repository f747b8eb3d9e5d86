//! `connectors sources`: the connectors of this build, and the settings of one.

use connectors_core::{Registered, Result};
use serde_json::{Map, Value, json};

use super::end::End;
use super::session::Session;
use crate::show;

pub(super) fn run(session: &Session, name: Option<&str>) -> Result<End> {
    match name {
        None => list(session),
        Some(name) => fields(session.registry.get(name)?, session.json),
    }
    Ok(End::Done)
}

fn list(session: &Session) {
    let sources: Vec<&dyn Registered> = session.registry.iter().collect();
    if session.json {
        let all = sources
            .iter()
            .map(|source| json!({"type": source.name(), "capabilities": source.capabilities()}));
        return show::line(&Value::from_iter(all).to_string());
    }
    let rows = sources.iter().map(|source| vec![source.name().to_owned(), capabilities(*source)]);
    show::table(&["type", "can"], rows);
}

fn capabilities(source: &dyn Registered) -> String {
    let can = source.capabilities();
    let named = [
        (true, "full sync"),
        (can.incremental, "incremental sync"),
        (can.access_control, "access control"),
        (can.advanced_rules, "advanced rules"),
    ];
    let held: Vec<&str> = named.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).collect();
    held.join(", ")
}

fn fields(source: &dyn Registered, json: bool) {
    let fields = source.fields();
    if json {
        let schema: Map<String, Value> =
            fields.iter().map(|field| (field.name.clone(), field.to_json())).collect();
        return show::line(&Value::Object(schema).to_string());
    }
    let rows = fields.into_iter().map(|field| {
        let value_type = json!(field.field_type).as_str().unwrap_or_default().to_owned();
        let default = if field.required { "required".to_owned() } else { show::value(&field.default) };
        vec![field.name, value_type, default, field.tooltip]
    });
    show::table(&["setting", "type", "default", "meaning"], rows);
}
