//! A store with documents in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{FieldKind, FieldSpec, Identity, Permissions};
use serde_json::{Map, Value, json};

use super::store::{Record, Store};
use crate::{Expected, Fixture, Population, Result, RuleCase, Verdict, WrongSettings};

const COLOURS: [&str; 3] = ["red", "green", "blue"];

/// A [`Store`] under the suite.
#[derive(Debug)]
pub struct MemoryFixture {
    store: Arc<Store>,
    population: Population,
    named: Vec<String>,
}

impl MemoryFixture {
    /// The store itself.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    fn put(&self, number: usize, revision: u32) -> String {
        let id = id(number);
        let (text, permissions) = (text(number, revision), Some(permissions(number, revision)));
        let record = Record { text, permissions, ..Record::new(&fields(number, revision)) };
        self.store.put(id.clone(), record);
        id
    }

    fn settings_with(&self, name: &str, value: &str) -> Map<String, Value> {
        let mut settings = self.store.settings();
        settings.insert(name.into(), json!(value));
        settings
    }

    fn ids_of(&self, colour: &str) -> Vec<String> {
        let numbers = self.population.iter().filter(|(number, _)| colour_of(*number) == colour);
        numbers.map(|(number, _)| id(number)).collect()
    }
}

#[async_trait]
impl Fixture for MemoryFixture {
    /// Its documents lie in no folders.
    const UNTRIED: &'static [&'static str] = &["an_error_names_the_scope_that_it_is_about"];

    async fn start() -> Result<Self> {
        let store = Store::new();
        store.set_identities(people().into_iter().map(identity).collect());
        store.declare(declared());
        Ok(Self { store, population: Population::default(), named: Vec::new() })
    }

    async fn stop(self) -> Result<()> {
        Ok(())
    }

    fn settings(&self) -> Map<String, Value> {
        self.store.settings()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let store = self.settings_with("store", "elsewhere");
        let token = self.settings_with("token", "wr0ng-token");
        vec![
            WrongSettings::new("unknown store", store, "no such store", "set `store`"),
            WrongSettings::new("wrong token", token, "token is not this store's", "set `token`"),
        ]
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.store.clear();
        self.named.clear();
        self.population = Population::of(count);
        for (number, revision) in self.population.iter() {
            self.put(number, revision);
        }
        Ok(())
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        Ok(changed.into_iter().map(|(number, revision)| self.put(number, revision)).collect())
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        let ids: Vec<String> = self.population.remove(count).into_iter().map(id).collect();
        for id in &ids {
            self.store.remove(id);
        }
        Ok(ids)
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        let added = self.population.add(count);
        Ok(added.into_iter().map(|number| self.put(number, 0)).collect())
    }

    async fn add_named(&mut self, names: &[&str]) -> Result<Vec<String>> {
        self.named = names.iter().map(|name| (*name).to_owned()).collect();
        for name in &self.named {
            self.store.put(name.clone(), Record::new(&json!({"title": name})));
        }
        Ok(self.named.clone())
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        let named = self.named.iter().map(|name| (name.clone(), Expected::new(json!({"title": name}))));
        Box::new(named.chain(self.population.iter().map(|(number, revision)| {
            let content = text(number, revision).map(String::into_bytes);
            let permissions = Some(permissions(number, revision));
            (id(number), Expected { content, permissions, ..Expected::new(fields(number, revision)) })
        })))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.store.token().to_owned()]
    }

    async fn break_in_the_middle(&mut self) -> Result<bool> {
        self.store.break_after(Some(self.population.len() / 2));
        Ok(true)
    }

    async fn break_a_content(&mut self) -> Result<Option<String>> {
        let with_text = self.population.iter().find(|(number, revision)| text(*number, *revision).is_some());
        let broken = with_text.map(|(number, _)| id(number));
        self.store.break_text(broken.clone());
        Ok(broken)
    }

    async fn break_permissions(&mut self) -> Result<Option<String>> {
        let broken = self.population.iter().next().map(|(number, _)| id(number));
        self.store.break_permissions(broken.clone());
        Ok(broken)
    }

    async fn mend(&mut self) -> Result<()> {
        self.store.break_after(None);
        self.store.break_text(None);
        self.store.break_permissions(None);
        Ok(())
    }

    fn identities(&self) -> BTreeMap<String, Vec<String>> {
        people().into_iter().map(|(name, groups)| (name.to_owned(), terms(name, groups))).collect()
    }

    fn rules(&self) -> Vec<RuleCase> {
        vec![
            RuleCase { rules: json!({"colour": "red"}), verdict: Verdict::Lists(self.ids_of("red")) },
            RuleCase { rules: json!({"colour": "none"}), verdict: Verdict::Lists(Vec::new()) },
            RuleCase { rules: json!({"colour": {"is": "red"}}), verdict: Verdict::Refused("colour".into()) },
            RuleCase { rules: json!("red"), verdict: Verdict::Refused(String::new()) },
        ]
    }
}

fn id(number: usize) -> String {
    format!("record-{number:07}")
}

fn fields(number: usize, revision: u32) -> Value {
    json!({
        "title": format!("Record {number}"),
        "colour": colour_of(number),
        "revision": revision,
        "note": "as long as a note is wont to be, ".repeat(3 + number % 5),
    })
}

fn declared() -> Vec<FieldSpec> {
    let kinds = [
        ("title", FieldKind::Label),
        ("colour", FieldKind::Code),
        ("revision", FieldKind::Integer),
        ("note", FieldKind::Prose),
    ];
    kinds.into_iter().map(|(name, kind)| FieldSpec::new(name, kind)).collect()
}

fn colour_of(number: usize) -> &'static str {
    COLOURS[number % COLOURS.len()]
}

/// Every fourth record has a text.
fn text(number: usize, revision: u32) -> Option<String> {
    number.is_multiple_of(4).then(|| format!("the text of {number} in its revision {revision}\n"))
}

/// Every fifth record is for everybody, some are for nobody; a revision changes who may read the others.
fn permissions(number: usize, revision: u32) -> Permissions {
    match number % 5 {
        0 => Permissions::Everybody,
        1 => Permissions::to(["group:staff".to_owned(), format!("user:{number}-{revision}")]),
        2 if number.is_multiple_of(2) => Permissions::to(Vec::<String>::new()),
        _ => Permissions::to(["user:ada", "user:bob"]),
    }
}

fn people() -> [(&'static str, &'static [&'static str]); 2] {
    [("ada", &["staff", "research"]), ("bob", &[])]
}

fn terms(name: &str, groups: &[&str]) -> Vec<String> {
    let groups = groups.iter().map(|group| format!("group:{group}"));
    groups.chain([format!("user:{name}")]).collect()
}

fn identity((name, groups): (&str, &[&str])) -> Identity {
    Identity { id: name.to_owned(), fields: json!({"name": name}), access: terms(name, groups) }
}
