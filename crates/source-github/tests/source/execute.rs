//! Queries over the organization, validated and executed by GitHub's own schema.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

use crate::world::{ACME, Item, Kind, World, members, name, name_with_owner};

const SCHEMA: &str = include_str!("schema.graphql");

/// The schema, and the queries that were asked already.
pub(crate) struct Engine {
    schema: Valid<Schema>,
    documents: HashMap<String, Arc<Valid<ExecutableDocument>>>,
    /// True where a cursor always leads to the same page.
    pub(crate) repeats: bool,
}

impl Engine {
    pub(crate) fn new() -> Self {
        let schema = Schema::parse_and_validate(SCHEMA, "schema.graphql");
        let schema = schema.unwrap_or_else(|problems| panic!("{problems}"));
        Self { schema, documents: HashMap::new(), repeats: false }
    }

    /// The answer to a request, and what it costs in points.
    pub(crate) fn answer(&mut self, world: &World, request: &Value) -> (Value, usize) {
        let query = request["query"].as_str().unwrap_or_default();
        let document = match self.documents.get(query) {
            Some(document) => document.clone(),
            None => match ExecutableDocument::parse_and_validate(&self.schema, query, "query.graphql") {
                Ok(document) => self.documents.entry(query.to_owned()).or_insert(document.into()).clone(),
                Err(problems) => panic!("the query is not valid: {}", problems.errors),
            },
        };
        let variables: apollo_compiler::response::JsonMap =
            serde_json::from_value(request["variables"].clone()).unwrap_or_default();
        let root = Thing { world, repeats: self.repeats, of: Of::Query };
        let execution = Execution::new(&self.schema, &document).raw_variable_values(&variables);
        let answer = match execution.execute_sync(&root) {
            Ok(answer) => serde_json::to_value(answer).unwrap_or_default(),
            Err(error) => panic!("the variables do not fit: {error:?}"),
        };
        let connections: usize = document
            .operations
            .iter()
            .map(|operation| connections(&document, &operation.selection_set, 1))
            .sum();
        (with_types(answer), connections.div_ceil(100).max(1))
    }
}

/// Requests that a query stands for, as GitHub counts them: each connection once for every entry of those around it.
fn connections(document: &ExecutableDocument, set: &SelectionSet, times: usize) -> usize {
    let of = |selection: &Selection| match selection {
        Selection::Field(field) => {
            let first = field.arguments.iter().find(|argument| argument.name == "first");
            let first = first
                .and_then(|argument| argument.value.to_i32())
                .and_then(|first| usize::try_from(first).ok());
            let below = connections(document, &field.selection_set, times * first.unwrap_or(1));
            below + if first.is_some() { times } else { 0 }
        }
        Selection::InlineFragment(fragment) => connections(document, &fragment.selection_set, times),
        Selection::FragmentSpread(spread) => spread
            .fragment_def(document)
            .map_or(0, |fragment| connections(document, &fragment.selection_set, times)),
    };
    set.selections.iter().map(of).sum()
}

/// Problems with the types that GitHub gives them, and one for each node that is not there.
fn with_types(mut answer: Value) -> Value {
    let mut problems = answer["errors"].take().as_array().cloned().unwrap_or_default();
    let nodes = answer["data"]["nodes"].as_array().cloned().unwrap_or_default();
    let missing = nodes.iter().enumerate().filter(|(_, node)| node.is_null());
    let message = "Could not resolve to a node with the global id.";
    problems.extend(missing.map(|(index, _)| json!({"message": message, "path": ["nodes", index]})));
    for problem in &mut problems {
        let is_forbidden = problem["message"].as_str().is_some_and(|text| text.contains("push access"));
        problem["type"] = if is_forbidden { "FORBIDDEN" } else { "NOT_FOUND" }.into();
    }
    let fields = answer.as_object_mut().into_iter();
    fields.for_each(|fields| match problems.is_empty() {
        true => drop(fields.remove("errors")),
        false => drop(fields.insert("errors".into(), Value::Array(problems.clone()))),
    });
    answer
}

enum Of {
    Query,
    Owner(&'static str),
    Repository(usize),
    Plain(Value),
    Connection { name: String, nodes: Vec<Value>, total: usize, next: Option<String> },
}

/// An object of the interface.
struct Thing<'a> {
    world: &'a World,
    repeats: bool,
    of: Of,
}

/// A repository, in a list of nodes.
fn reference(repository: usize) -> Value {
    json!({"__typename": "Repository", "reference": repository})
}

impl<'a> Thing<'a> {
    fn with(&self, of: Of) -> Thing<'a> {
        Thing { world: self.world, repeats: self.repeats, of }
    }

    fn object<'b>(&self, of: Of) -> ResolvedValue<'b>
    where
        'a: 'b,
    {
        ResolvedValue::object(self.with(of))
    }

    fn of_value<'b>(&self, value: &Value) -> ResolvedValue<'b>
    where
        'a: 'b,
    {
        match value {
            Value::Object(fields) => match fields.get("reference").and_then(Value::as_u64) {
                Some(repository) => self.object(Of::Repository(repository as usize)),
                None => self.object(Of::Plain(value.clone())),
            },
            Value::Array(values) => {
                ResolvedValue::list(values.iter().map(|value| self.of_value(value)).collect::<Vec<_>>())
            }
            leaf => ResolvedValue::leaf(leaf.clone()),
        }
    }

    /// The node of an id.
    fn node(&self, id: &str) -> Option<Value> {
        let (prefix, number) = id.split_once('_')?;
        let number: usize = number.split('_').next()?.parse().ok()?;
        let item = || self.world.item(number);
        let node = |item: Item| {
            let mut node = item.node();
            node["repository"] = reference(item.repository());
            node
        };
        match prefix {
            "R" => (number < self.world.repositories).then(|| reference(number)),
            "I" => item().filter(|item| item.kind() == Kind::Issue).map(node),
            "PR" => item().filter(|item| item.kind() == Kind::Pull).map(node),
            "PRR" => {
                let reviews = item()?.node()["reviews"].clone();
                reviews.as_array()?.iter().find(|review| review["id"] == id).cloned()
            }
            _ => None,
        }
    }

    fn of_query<'b>(&self, info: &ResolveInfo<'b>) -> Result<ResolvedValue<'b>, FieldError>
    where
        'a: 'b,
    {
        let argument = |name: &str| {
            info.arguments().get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let missing = |what: &str| FieldError { message: format!("Could not resolve to a {what}.") };
        match info.field_name() {
            "viewer" => Ok(self.object(Of::Owner("User"))),
            "organization" if argument("login").eq_ignore_ascii_case(ACME) => {
                Ok(self.object(Of::Owner("Organization")))
            }
            "organization" => Err(missing("Organization")),
            "repository" => {
                let wanted = format!("{}/{}", argument("owner"), argument("name"));
                let found = (0..self.world.repositories)
                    .find(|number| name_with_owner(*number).eq_ignore_ascii_case(&wanted));
                found.map(|number| self.object(Of::Repository(number))).ok_or_else(|| missing("Repository"))
            }
            "node" => {
                self.node(&argument("id")).map(|node| self.of_value(&node)).ok_or_else(|| missing("node"))
            }
            "nodes" => {
                let ids =
                    info.arguments().get("ids").and_then(|ids| ids.as_array()).cloned().unwrap_or_default();
                let found =
                    ids.iter().map(|id| self.node(id.as_str().unwrap_or_default()).unwrap_or_default());
                Ok(self.of_value(&found.collect()))
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }

    fn of_repository<'b>(
        &self,
        number: usize,
        info: &ResolveInfo<'b>,
    ) -> Result<ResolvedValue<'b>, FieldError>
    where
        'a: 'b,
    {
        let items = |kind| {
            let (first, after) = arguments(info);
            let after = after.filter(|_| !self.repeats).and_then(|cursor| cursor.parse().ok());
            let mut items: Vec<Item> = self.world.items(number, kind, after).take(first + 1).collect();
            let more = items.len() > first || self.repeats;
            items.truncate(first);
            let next = items.last().filter(|_| more).map(|item| item.number.to_string());
            let nodes = items.into_iter().map(Item::lean).collect();
            Ok(self.object(Of::Connection { name: type_of(info), nodes, total: 0, next }))
        };
        match info.field_name() {
            "id" => Ok(ResolvedValue::leaf(format!("R_{number}"))),
            "updatedAt" => Ok(ResolvedValue::leaf("2024-01-01T00:00:00Z")),
            "owner" => Ok(self.object(Of::Owner("Organization"))),
            "issues" => items(Kind::Issue),
            "pullRequests" => items(Kind::Pull),
            "collaborators" if self.world.hidden == Some(number) => {
                Err(FieldError { message: "You must have push access to view collaborators".into() })
            }
            "collaborators" => Ok(self.page(&self.world.collaborators(number), info)),
            "watchers" => {
                let name = type_of(info);
                Ok(self.object(Of::Connection { name, nodes: Vec::new(), total: 2, next: None }))
            }
            "primaryLanguage" => {
                Ok(self.of_value(&json!({"__typename": "Language", "id": "L", "name": "Rust"})))
            }
            "defaultBranchRef" => {
                let target = json!({"__typename": "Commit", "id": "C", "oid": self.world.commit(number)});
                Ok(self.of_value(&json!({"__typename": "Ref", "id": "B", "name": "main", "target": target})))
            }
            field => Ok(ResolvedValue::leaf(crate::world::fields(number)[field].clone())),
        }
    }

    /// A page of a list that stands in an object as a whole.
    fn page<'b>(&self, all: &[Value], info: &ResolveInfo<'b>) -> ResolvedValue<'b>
    where
        'a: 'b,
    {
        let (first, after) = arguments(info);
        let from: usize = after.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
        let nodes: Vec<Value> = all.iter().skip(from).take(first).cloned().collect();
        let end = from + nodes.len();
        let next = (end < all.len()).then(|| end.to_string());
        self.object(Of::Connection { name: type_of(info), nodes, total: all.len(), next })
    }
}

/// How many entries are asked for, and behind which cursor.
fn arguments(info: &ResolveInfo<'_>) -> (usize, Option<String>) {
    let first = info.arguments().get("first").and_then(|first| first.as_u64());
    let after = info.arguments().get("after").and_then(|after| after.as_str()).map(str::to_owned);
    let first = first.unwrap_or_else(|| panic!("a connection needs `first`: {}", info.field_name()));
    assert!((1..=100).contains(&first), "at most 100 entries a page");
    (first as usize, after)
}

fn type_of(info: &ResolveInfo<'_>) -> String {
    info.field_definition().ty.inner_named_type().to_string()
}

impl ObjectValue for Thing<'_> {
    fn type_name(&self) -> &str {
        match &self.of {
            Of::Query => "Query",
            Of::Owner(name) => name,
            Of::Repository(_) => "Repository",
            Of::Plain(value) => value["__typename"].as_str().unwrap_or_default(),
            Of::Connection { name, .. } => name,
        }
    }

    fn resolve_field<'b>(&'b self, info: &'b ResolveInfo<'b>) -> Result<ResolvedValue<'b>, FieldError> {
        match (&self.of, info.field_name()) {
            (Of::Query, _) => self.of_query(info),
            (Of::Owner(_), "login") => Ok(ResolvedValue::leaf(ACME)),
            (Of::Owner(_), "membersWithRole") => Ok(self.page(&members(), info)),
            (Of::Owner(_), "repositories") => {
                let all: Vec<Value> = (0..self.world.repositories).map(reference).collect();
                Ok(self.page(&all, info))
            }
            (Of::Repository(number), "name") => Ok(ResolvedValue::leaf(name(*number))),
            (Of::Repository(number), _) => self.of_repository(*number, info),
            (Of::Plain(value), field) => match &value[field] {
                Value::Array(all) if type_of(info).ends_with("Connection") => Ok(self.page(all, info)),
                value => Ok(self.of_value(value)),
            },
            (Of::Connection { nodes, .. }, "nodes") => Ok(self.of_value(&Value::Array(nodes.clone()))),
            (Of::Connection { total, .. }, "totalCount") => Ok(ResolvedValue::leaf(*total as u64)),
            (Of::Connection { next, .. }, "pageInfo") => {
                let info =
                    json!({"__typename": "PageInfo", "hasNextPage": next.is_some(), "endCursor": next});
                Ok(self.of_value(&info))
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
