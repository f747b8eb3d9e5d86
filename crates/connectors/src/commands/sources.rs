//! `connectors sources`: the connectors of this build, and the settings of one.

use connectors_core::config::Names;
use connectors_core::{Registered, Result};
use serde_json::{Map, Value, json};

use super::end::End;
use super::session::Session;
use crate::show::{self, Column};

pub(super) fn run(session: &Session, name: Option<&str>) -> Result<End> {
    match name {
        None => list(session),
        Some(name) => {
            let source = session.registry.get(name)?;
            fields(source, session.json);
            if !session.json {
                show::line("");
                show::line(&format!("for example: {}", example(source)));
            }
        }
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
    show::table(&[Column::Whole("type"), Column::Text("can")], rows);
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

/// A call that syncs a source; what only its user knows stands there in capitals.
fn example(source: &dyn Registered) -> String {
    let fields = source.fields();
    let is_default = |(name, value): &(String, Value)| {
        fields.iter().any(|field| field.name == *name && field.default == *value)
    };
    let needed = fields.iter().filter(|field| field.required && field.depends_on.iter().all(is_default));
    let set = needed.map(|field| {
        let value = if field.names == Names::Path { ".".to_owned() } else { field.name.to_uppercase() };
        format!(" --set {}={value}", field.name)
    });
    format!("connectors sync {}{} --index {}", source.name(), set.collect::<String>(), source.name())
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
    let columns =
        [Column::Whole("setting"), Column::Whole("type"), Column::Text("default"), Column::Text("meaning")];
    show::table(&columns, rows);
}
