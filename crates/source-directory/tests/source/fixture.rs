//! A folder with numbered files, as the behaviour suite and the end-to-end test fill and change it.

use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use connectors_core::DocumentId;
use connectors_testkit::{Expected, Fixture, Population, Result, WrongSettings};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Files in one folder.
const PER_FOLDER: usize = 250;

/// A file that anybody can list and open and nobody can read: its first page belongs to no process.
const UNREADABLE: &str = "/proc/self/mem";

/// A folder of its own, with what must be in it: texts of 50 to 450 bytes, or so many times as long.
pub(crate) struct Folder<const TIMES: usize = 1> {
    root: TempDir,
    population: Population,
    named: Vec<String>,
    unreadable: Option<usize>,
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

    /// What is to be indexed of a file.
    fn expected_of(&self, number: usize, revision: u32) -> Expected {
        let expected = expected(number, revision, TIMES);
        if self.unreadable != Some(number) {
            return expected;
        }
        let Value::Object(mut fields) = expected.body else { return expected };
        fields.insert("size".into(), json!(0));
        Expected::new(Value::Object(fields))
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
    /// A folder has no credentials.
    const UNTRIED: &'static [&'static str] =
        &["secrets_stay_out_of_logs", "secrets_stay_out_of_errors", "secrets_stay_out_of_debug"];

    async fn start() -> Result<Self> {
        Ok(Self {
            root: TempDir::new()?,
            population: Population::default(),
            named: Vec::new(),
            unreadable: None,
        })
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
        self.named.clear();
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

    /// A name with a `/` is one of a file in a folder.
    async fn add_named(&mut self, names: &[&str]) -> Result<Vec<String>> {
        for name in names {
            let relative = format!("named/{name}.txt");
            let path = self.root.path().join(&relative);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, name)?;
            self.named.push(relative);
        }
        Ok(self.named.iter().map(|relative| id(relative)).collect())
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        let numbered = self.population.iter();
        let numbered =
            numbered.map(|(number, revision)| (id(&relative(number)), self.expected_of(number, revision)));
        let named = self.named.iter();
        Box::new(numbered.chain(named.map(|path| (id(path), Expected::new(json!({ "path": path }))))))
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// A link that leads nowhere may be a volume that is not mounted.
    async fn break_in_the_middle(&mut self) -> Result<bool> {
        std::os::unix::fs::symlink("nowhere", self.broken_link())?;
        Ok(true)
    }

    async fn break_a_content(&mut self) -> Result<Option<String>> {
        let Some((number, _)) = self.population.iter().next() else { return Ok(None) };
        if !Path::new(UNREADABLE).exists() {
            return Ok(None);
        }
        let path = self.root.path().join(relative(number));
        fs::remove_file(&path)?;
        std::os::unix::fs::symlink(UNREADABLE, path)?;
        self.unreadable = Some(number);
        Ok(Some(id(&relative(number))))
    }

    async fn mend(&mut self) -> Result<()> {
        if let Some(number) = self.unreadable.take() {
            fs::remove_file(self.root.path().join(relative(number)))?;
            let revision = self.population.iter().find(|(other, _)| *other == number);
            return self.write(number, revision.map_or(0, |(_, revision)| revision)).map(drop);
        }
        Ok(fs::remove_file(self.broken_link())?)
    }
}
