//! A server with numbered items, as the behaviour suite and the end-to-end test fill and change it.

use async_trait::async_trait;
use connectors_testkit::{Expected, Fixture, Population, Result, WrongSettings};
use serde_json::{Map, Value, json};

use crate::server::{self, CLIENT, GUEST, SECRET, Server, TOKEN};

/// Where nothing listens: a port that is kept for another service, which nobody runs.
const NOBODY: &str = "http://127.0.0.1:9";

/// A server of its own, with what must be in it.
pub(crate) struct __Name__Server {
    server: Server,
    population: Population,
}

impl __Name__Server {
    fn settings_with(&self, name: &str, value: &str) -> Map<String, Value> {
        let mut settings = self.settings();
        settings.insert(name.to_owned(), json!(value));
        settings
    }

    fn put(&self, items: &[(usize, u32)]) -> Vec<String> {
        self.server.change(|items_of| items.iter().for_each(|(number, revision)| items_of.put(*number, *revision)));
        items.iter().map(|(number, _)| server::id(*number)).collect()
    }
}

fn expected(number: usize, revision: u32) -> Expected {
    Expected {
        content: Some(server::text(number, revision).into_bytes()),
        timestamp: Some(server::updated_at(number, revision).to_utc()),
        ..Expected::new(json!({
            "title": server::title(number, revision),
            "tags": server::tags(number),
            "folder": server::folder(number),
        }))
    }
}

#[async_trait]
impl Fixture for __Name__Server {
    /// The server makes the ids of its items. Where users choose them, implement `add_named` instead.
    const UNTRIED: &'static [&'static str] = &["awkward_names_get_ids_of_their_own"];

    async fn start() -> Result<Self> {
        Ok(Self { server: Server::start().await?, population: Population::default() })
    }

    async fn stop(self) -> Result<()> {
        Ok(())
    }

    fn settings(&self) -> Map<String, Value> {
        let settings = json!({
            "host": self.server.url(), "client_id": CLIENT, "client_secret": SECRET, "rate": 1000,
        });
        settings.as_object().cloned().unwrap_or_default()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let [host, secret, client] =
            [("host", NOBODY), ("client_secret", "wr0ng-secret"), ("client_id", GUEST)].map(|(name, value)| self.settings_with(name, value));
        vec![
            WrongSettings::new("wrong port", host, "nothing listens", "check `host`"),
            WrongSettings::new("wrong secret", secret, "invalid_client", "`client_secret`"),
            WrongSettings::new("a client without rights", client, "lack a right", "`items.read`"),
        ]
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.population = Population::of(count);
        self.server.change(|items| {
            items.clear();
            self.population.iter().for_each(|(number, revision)| items.put(number, revision));
        });
        Ok(())
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        Ok(self.put(&changed))
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        let removed = self.population.remove(count);
        self.server.change(|items| removed.iter().for_each(|number| items.remove(*number)));
        Ok(removed.into_iter().map(server::id).collect())
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        let added: Vec<(usize, u32)> = self.population.add(count).into_iter().map(|number| (number, 0)).collect();
        Ok(self.put(&added))
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        Box::new(self.population.iter().map(|(number, revision)| (server::id(number), expected(number, revision))))
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    async fn break_in_the_middle(&mut self) -> Result<bool> {
        self.server.change(|items| items.is_broken = true);
        Ok(true)
    }

    async fn mend(&mut self) -> Result<()> {
        self.server.change(|items| items.mend());
        Ok(())
    }

    async fn break_a_content(&mut self) -> Result<Option<String>> {
        let broken = self.population.iter().nth(self.population.len() / 2).map(|(number, _)| number);
        self.server.change(|items| items.broken_file = broken);
        Ok(broken.map(server::id))
    }
}
