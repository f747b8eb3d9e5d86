//! An organization with numbered issues, pull requests and files, as the behaviour suite and the end-to-end test fill and change it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use connectors_core::Permissions;
use connectors_testkit::{Expected, Fixture, Population, Result, WrongSettings};
use serde_json::{Map, Value, json};

use crate::server::{GUEST, Server, TOKEN};
use crate::world::{ACME, Item, Kind, MEMBERS, REPOSITORIES, fields, name_with_owner, readers, visibility};

/// Where nothing listens: a port that is kept for another service, which nobody runs.
const NOBODY: &str = "http://127.0.0.1:9";
/// Repositories at most: the last one holds nothing else.
const ALL: usize = REPOSITORIES + 1;
/// The repository whose issues fail.
const BROKEN: usize = 1;

/// A server of its own, with what must be in it.
pub(crate) struct Organization {
    pub(crate) server: Server,
    population: Population,
    repositories: usize,
    named: Vec<String>,
}

impl Organization {
    fn settings_with(&self, name: &str, value: &str) -> Map<String, Value> {
        let mut settings = self.settings();
        settings.insert(name.to_owned(), json!(value));
        settings
    }

    fn put(&self, items: &[(usize, u32)]) -> Vec<String> {
        let mut all = self.server.all();
        items.iter().for_each(|(number, revision)| all.world.put(*number, *revision));
        items.iter().map(|(number, revision)| Item { number: *number, revision: *revision }.id()).collect()
    }
}

fn expected(item: Item) -> Expected {
    let permissions = permissions(item.repository());
    if item.kind() == Kind::File {
        return Expected { permissions, ..file(&item.path(), &item.text()) };
    }
    let node = item.node();
    let plain = |list: &str, names: &[&str]| -> Vec<Value> {
        let entries = node[list].as_array().into_iter().flatten();
        entries
            .map(|entry| {
                Value::Object(names.iter().map(|name| ((*name).to_owned(), only(&entry[*name]))).collect())
            })
            .collect()
    };
    let mut body = json!({
        "number": node["number"], "title": node["title"], "body": node["body"], "url": node["url"], "state": node["state"],
        "author": only(&node["author"]), "issue_comments": plain("comments", &["author", "body"]),
        "labels_field": plain("labels", &["name", "description"]), "assignees_list": plain("assignees", &["login"]),
        "createdAt": node["createdAt"], "closedAt": node["closedAt"], "type": "Issue",
    });
    if item.kind() == Kind::Pull {
        body["type"] = "Pull request".into();
        body["mergedAt"] = Value::Null;
        body["requested_reviewers"] = json!([{"login": "user-1"}, {"name": "Readers"}]);
        body["reviews_comments"] = plain("reviews", &["author", "body", "state", "comments"]).into();
    }
    Expected { timestamp: Some(item.updated_at()), permissions, ..Expected::new(body) }
}

/// Who may read what is in a repository.
fn permissions(repository: usize) -> Option<Permissions> {
    let readers = readers(repository).map(|number| format!("user_id:{number}"));
    Some(if visibility(repository) == "PUBLIC" { Permissions::Everybody } else { Permissions::to(readers) })
}

/// A value as it is indexed: people by their login, lists of comments by author and text.
fn only(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("login") => json!({"login": fields["login"]}),
        Value::Array(comments) => comments
            .iter()
            .map(|comment| json!({"author": only(&comment["author"]), "body": comment["body"]}))
            .collect(),
        other => other.clone(),
    }
}

fn file(path: &str, text: &str) -> Expected {
    let name = path.rsplit('/').next().unwrap_or_default();
    let body = json!({"path": path, "name": name, "size": text.len(), "type": "blob", "mode": "100644"});
    Expected { content: Some(text.as_bytes().to_vec()), ..Expected::new(body) }
}

fn repository(number: usize) -> (String, Expected) {
    let mut body = fields(number);
    body["type"] = "Repository".into();
    (format!("R_{number}"), Expected { permissions: permissions(number), ..Expected::new(body) })
}

#[async_trait]
impl Fixture for Organization {
    async fn start() -> Result<Self> {
        let server = Server::start().await?;
        Ok(Self { server, population: Population::default(), repositories: 0, named: Vec::new() })
    }

    async fn stop(self) -> Result<()> {
        Ok(())
    }

    fn settings(&self) -> Map<String, Value> {
        let settings = json!({
            "data_source": "github_server", "host": self.server.url(), "token": TOKEN, "repo_type": "organization",
            "org_name": ACME.to_lowercase(), "files": "all", "rate": 1000,
        });
        settings.as_object().cloned().unwrap_or_default()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let of = |name, value| self.settings_with(name, value);
        vec![
            WrongSettings::new("wrong port", of("host", NOBODY), "nothing listens", "check `host`"),
            WrongSettings::new("wrong token", of("token", "ghp_wr0ng"), "Bad credentials", "check `token`"),
            WrongSettings::new(
                "a token without scopes",
                of("token", GUEST),
                "missing: repo, read:org",
                "add it",
            ),
            WrongSettings::new(
                "no such organization",
                of("org_name", "acne"),
                "no such organization",
                "`org_name`",
            ),
            WrongSettings::new(
                "no such repository",
                of("repositories", "lost"),
                "acme/lost",
                "check `repositories`",
            ),
        ]
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.repositories = count.min(ALL);
        self.population = Population::of(count - self.repositories);
        self.named.clear();
        let mut all = self.server.all();
        all.world.clear(self.repositories);
        self.population.iter().for_each(|(number, revision)| all.world.put(number, revision));
        Ok(())
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        Ok(self.put(&changed))
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        let removed = self.population.remove(count);
        let mut all = self.server.all();
        removed.iter().for_each(|number| all.world.remove(*number));
        Ok(removed.into_iter().map(|number| Item { number, revision: 0 }.id()).collect())
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        let added: Vec<(usize, u32)> =
            self.population.add(count).into_iter().map(|number| (number, 0)).collect();
        Ok(self.put(&added))
    }

    /// Files of a repository, by their paths.
    async fn add_named(&mut self, names: &[&str]) -> Result<Vec<String>> {
        let mut all = self.server.all();
        self.repositories = 1;
        all.world.clear(1);
        for name in names {
            all.world.name(format!("names/{name}"));
            self.named.push(format!("names/{name}"));
        }
        Ok(self.named.iter().map(|path| format!("{}/{path}", name_with_owner(0))).collect())
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        let items = self.population.iter().map(|(number, revision)| Item { number, revision });
        let named = self.named.iter().map(|path| {
            (
                format!("{}/{path}", name_with_owner(0)),
                Expected { permissions: permissions(0), ..file(path, path) },
            )
        });
        let items = items.map(|item| (item.id(), expected(item)));
        Box::new((0..self.repositories).map(repository).chain(items).chain(named))
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    fn address(&self) -> Option<SocketAddr> {
        self.server.url().strip_prefix("http://").and_then(|address| address.parse().ok())
    }

    fn settings_through(&self, proxy: SocketAddr) -> Map<String, Value> {
        self.settings_with("host", &format!("http://{proxy}"))
    }

    async fn break_in_the_middle(&mut self) -> Result<bool> {
        assert!(self.repositories > BROKEN);
        self.server.all().is_broken = true;
        Ok(true)
    }

    /// Of the repository that holds nothing else.
    async fn break_permissions(&mut self) -> Result<Option<String>> {
        self.server.all().world.hidden = Some(REPOSITORIES);
        Ok(Some(format!("R_{REPOSITORIES}")))
    }

    fn identities(&self) -> BTreeMap<String, Vec<String>> {
        let terms = |number: usize| {
            let email = (number.is_multiple_of(2)).then(|| format!("email:user-{number}@example.com"));
            [format!("user_id:{number}"), format!("username:user-{number}")]
                .into_iter()
                .chain(email)
                .collect()
        };
        (0..MEMBERS).map(|number| (number.to_string(), terms(number))).collect()
    }

    async fn break_a_content(&mut self) -> Result<Option<String>> {
        let items = self.population.iter().map(|(number, revision)| Item { number, revision });
        let broken = items.filter(|item| item.kind() == Kind::File).nth(20);
        self.server.all().broken_blob = broken.map(Item::sha);
        Ok(broken.map(Item::id))
    }

    async fn mend(&mut self) -> Result<()> {
        let mut all = self.server.all();
        (all.is_broken, all.broken_blob, all.world.hidden) = (false, None, None);
        Ok(())
    }
}
