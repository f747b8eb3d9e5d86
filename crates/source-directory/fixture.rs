//! A folder with numbered files, as the behaviour suite and the end-to-end test fill and change it.

use std::fs;
use std::path::PathBuf;

use async_trait::async_trait;
use connectors_core::DocumentId;
use connectors_testkit::{Expected, Fixture, Population, Result, WrongSettings};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Files in one folder.
const PER_FOLDER: usize = 250;

/// A folder of its own, with what must be in it: texts of 50 to 450 bytes, or so many times as long.
pub(crate) struct Folder<const TIMES: usize = 1> {
    root: TempDir,
    population: Population,
}

impl<const TIMES: usize> Folder<TIMES> {
    fn write(&self, number: usize, revision: u32) -> Result<String> {
        let (relative, path) = (relative(number), self.root.path().join(relative(number)));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text(number, revision, TIMES))?;
        Ok(id(&relative))
    }

    fn broken_link(&self) -> PathBuf {
        self.root.path().join("0/broken")
    }

    fn settings_of(&self, directory: &str) -> Map<String, Value> {
        let settings = json!({ "directory": directory, "pattern": "**/*.txt", "follow_links": true });
        settings.as_object().cloned().unwrap_or_default()
    }
}

/// Where a file lies.
fn relative(number: usize) -> String {
    format!("{}/file {number}.txt", number / PER_FOLDER)
}

fn id(relative: &str) -> String {
    DocumentId::hashed(relative.as_bytes()).into_string()
}

/// What stands in it: another length with each revision, so that no clock is needed to see a change.
fn text(number: usize, revision: u32, times: usize) -> String {
    let line = format!("Document {number}, revision {revision}: Grüße aus der Datei.\n");
    line.repeat(times * (1 + number % 7) + revision as usize)
}

fn expected(number: usize, revision: u32, times: usize) -> Expected {
    let text = text(number, revision, times);
    Expected {
        content: Some(text.clone().into_bytes()),
        ..Expected::new(json!({
            "path": relative(number),
            "name": format!("file {number}.txt"),
            "extension": "txt",
            "size": text.len(),
            "mime_type": "text/plain",
        }))
    }
}

#[async_trait]
impl<const TIMES: usize> Fixture for Folder<TIMES> {
    async fn start() -> Result<Self> {
        Ok(Self { root: TempDir::new()?, population: Population::default() })
    }

    async fn stop(self) -> Result<()> {
        Ok(self.root.close()?)
    }

    fn settings(&self) -> Map<String, Value> {
        self.settings_of(&self.root.path().display().to_string())
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        let missing = self.root.path().join("nowhere").display().to_string();
        vec![WrongSettings {
            name: "a folder that is not there",
            settings: self.settings_of(&missing),
            cause: missing,
            fix: "`directory`".into(),
        }]
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        for entry in fs::read_dir(self.root.path())? {
            fs::remove_dir_all(entry?.path())?;
        }
        self.population = Population::of(count);
        self.population.iter().try_for_each(|(number, revision)| self.write(number, revision).map(drop))
    }

    async fn change(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        changed.into_iter().map(|(number, revision)| self.write(number, revision)).collect()
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        let removed = self.population.remove(count);
        removed
            .into_iter()
            .map(|number| {
                fs::remove_file(self.root.path().join(relative(number)))?;
                Ok(id(&relative(number)))
            })
            .collect()
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        let added = self.population.add(count);
        added.into_iter().map(|number| self.write(number, 0)).collect()
    }

    async fn insert_again(&mut self, count: usize) -> Result<Vec<String>> {
        let changed = self.population.change(count);
        let written = changed.into_iter().map(|(number, revision)| {
            fs::remove_file(self.root.path().join(relative(number)))?;
            self.write(number, revision)
        });
        written.collect()
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        Box::new(
            self.population
                .iter()
                .map(|(number, revision)| (id(&relative(number)), expected(number, revision, TIMES))),
        )
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// A link that leads nowhere may be a volume that is not mounted.
    async fn break_in_the_middle(&mut self) -> Result<bool> {
        std::os::unix::fs::symlink("nowhere", self.broken_link())?;
        Ok(true)
    }

    async fn mend(&mut self) -> Result<()> {
        Ok(fs::remove_file(self.broken_link())?)
    }
}
