//! All indices of a data folder, and the points in time open on them.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value};

use super::damaged::Damaged;
use super::folder;
use super::index::Index;
use super::meta::{Meta, Settings};
use crate::failure::{Failure, Result};
use crate::filter_path::wildcard;
use crate::identity;
use crate::mapping::Mapping;
use crate::search::Pits;

/// The node: what every request works on.
pub(crate) struct Node {
    folder: PathBuf,
    indices: RwLock<BTreeMap<String, Arc<Index>>>,
    damaged: RwLock<Vec<Damaged>>,
    pub(crate) pits: Pits,
    /// What tells this folder's server from others: it is kept in the folder.
    pub(crate) id: String,
}

/// What an index is created with.
#[derive(Debug, Default)]
pub(crate) struct Creation {
    pub(crate) settings: Settings,
    pub(crate) mapping: Mapping,
    pub(crate) aliases: Map<String, Value>,
}

impl Node {
    /// Opens every index of the folder that can be opened. What a killed deletion or creation left over is removed.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        let folder = data.join("indices");
        std::fs::create_dir_all(&folder)?;
        let (mut indices, mut damaged) = (BTreeMap::new(), Vec::new());
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if folder::is_left_over(&path) {
                std::fs::remove_dir_all(&path)?;
                continue;
            }
            match whole(&path) {
                Ok(Some(index)) => {
                    indices.insert(index.meta().name.clone(), Arc::new(index));
                }
                Ok(None) => tracing::warn!(folder = %path.display(), "what is in this folder is no index"),
                Err(failure) => damaged.push(Damaged::new(&path, failure)),
            }
        }
        let id = identity::of_folder(data)?;
        let (indices, damaged) = (RwLock::new(indices), RwLock::new(damaged));
        Ok(Node { folder, indices, damaged, pits: Pits::default(), id })
    }

    /// Commits every index.
    ///
    /// # Errors
    /// The first of those that could not be committed.
    pub(crate) fn commit(&self) -> Result<()> {
        let indices = self.indices.read().unwrap_or_else(PoisonError::into_inner).clone();
        let done: Vec<_> = indices.values().map(|index| index.refresh()).collect();
        done.into_iter().collect()
    }

    /// Commits and closes every index.
    pub(crate) fn close(&self) -> Result<()> {
        let indices = std::mem::take(&mut *self.indices.write().unwrap_or_else(PoisonError::into_inner));
        indices.values().try_for_each(|index| index.close())
    }

    /// Makes a new index.
    pub(crate) fn create(&self, name: &str, creation: Creation) -> Result<Arc<Index>> {
        check_name(name)?;
        self.check_damaged(name)?;
        let mut indices = self.indices.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indices.get(name) {
            return Err(exists(name, &index.meta().uuid));
        }
        if indices.values().any(|index| index.meta().aliases.contains_key(name)) {
            return Err(Failure::new(
                400,
                "invalid_index_name_exception",
                format!("Invalid index name [{name}], already exists as alias"),
            ));
        }
        let limit = creation.settings.limits().total_fields;
        if creation.mapping.count() > limit {
            return Err(Failure::argument(format!("Limit of total fields [{limit}] has been exceeded")));
        }
        let mut meta = Meta::new(name, creation.settings, creation.mapping);
        meta.aliases = creation.aliases;
        let index = Arc::new(Index::create(&self.folder.join(&meta.uuid), meta)?);
        indices.insert(name.to_owned(), index.clone());
        Ok(index)
    }

    /// Deletes an index. An alias is no index here.
    pub(crate) fn delete(&self, name: &str) -> Result<()> {
        let mut damaged = self.damaged.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = damaged.iter().position(|index| index.name == name) {
            damaged[at].remove()?;
            damaged.remove(at);
            return Ok(());
        }
        drop(damaged);
        let mut indices = self.indices.write().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = indices.get(name) else {
            return Err(Failure::index_not_found(name));
        };
        index.remove()?;
        indices.remove(name);
        Ok(())
    }

    /// The one index of a name or alias.
    pub(crate) fn index(&self, name: &str) -> Result<Arc<Index>> {
        let mut found = self.named(name)?;
        match found.len() {
            0 => Err(Failure::index_not_found(name)),
            1 => Ok(found.remove(0)),
            _ => Err(Failure::argument(format!(
                "alias [{name}] has more than one index associated with it, can't execute a single index op"
            ))),
        }
    }

    /// The index to write to, created if there is none of that name.
    pub(crate) fn index_or_create(&self, name: &str) -> Result<Arc<Index>> {
        let named = self.named(name)?;
        let for_writes = |index: &&Arc<Index>| {
            let meta = index.meta();
            meta.aliases.get(name).is_some_and(|options| options["is_write_index"] == true)
        };
        if let Some(index) = named.iter().find(for_writes) {
            return Ok(index.clone());
        }
        if !named.is_empty() {
            return self.index(name);
        }
        match self.create(name, Creation::default()) {
            Err(failure) if !self.named(name)?.is_empty() && failure.status() == 400 => self.index(name),
            other => other,
        }
    }

    /// The indices of an expression: names, aliases and patterns with `*`, comma between them.
    pub(crate) fn select(&self, expression: &str) -> Result<Vec<Arc<Index>>> {
        let mut chosen: BTreeMap<String, Arc<Index>> = BTreeMap::new();
        for part in expression.split(',').filter(|part| !part.is_empty()) {
            let found = if part == "_all" {
                self.fitting("*")
            } else if part.contains('*') {
                self.fitting(part)
            } else {
                self.named(part)?
            };
            if found.is_empty() && !part.contains('*') && part != "_all" {
                return Err(Failure::index_not_found(part));
            }
            chosen.extend(found.into_iter().map(|index| (index.meta().name.clone(), index)));
        }
        Ok(chosen.into_values().collect())
    }

    /// True for a name that is an alias, and not an index.
    pub(crate) fn is_alias(&self, name: &str) -> bool {
        self.named(name).is_ok_and(|named| named.first().is_some_and(|index| index.meta().name != name))
    }

    /// The indices of a name or alias.
    ///
    /// # Errors
    /// If one of them is damaged.
    fn named(&self, name: &str) -> Result<Vec<Arc<Index>>> {
        self.check_damaged(name)?;
        let found: Vec<_> = {
            let indices = self.indices.read().unwrap_or_else(PoisonError::into_inner);
            match indices.get(name) {
                Some(index) => vec![index.clone()],
                None => indices
                    .values()
                    .filter(|index| index.meta().aliases.contains_key(name))
                    .cloned()
                    .collect(),
            }
        };
        found.into_iter().map(|index| self.mended(index)).collect()
    }

    /// The index, opened again where it had failed for want of room and there is room now.
    fn mended(&self, index: Arc<Index>) -> Result<Arc<Index>> {
        if !index.may_be_opened_again() {
            return Ok(index);
        }
        let mut indices = self.indices.write().unwrap_or_else(PoisonError::into_inner);
        let name = index.meta().name.clone();
        // Another request may have done it.
        match indices.get(&name).filter(|now| !now.is_full()) {
            Some(now) => Ok(now.clone()),
            None => match Index::open(&index.folder) {
                Ok(Some(opened)) => {
                    tracing::warn!(index = name, "there is room on the disk: writes go on");
                    let opened = Arc::new(opened);
                    indices.insert(name, opened.clone());
                    Ok(opened)
                }
                // There is no room, or it was deleted.
                _ => Ok(index),
            },
        }
    }

    /// The damaged indices of a name or pattern, which no pattern of a search leads to.
    pub(crate) fn damaged(&self, pattern: &str) -> Vec<Damaged> {
        let fits =
            |index: &&Damaged| pattern.split(',').any(|part| part == "_all" || wildcard(part, &index.name));
        let damaged = self.damaged.read().unwrap_or_else(PoisonError::into_inner);
        damaged.iter().filter(fits).cloned().collect()
    }

    /// Refuses a name of a damaged index. One for which there was no room is opened once there is.
    fn check_damaged(&self, name: &str) -> Result<()> {
        let is_it = |index: &Damaged| index.is_called(name);
        if !self.damaged.read().unwrap_or_else(PoisonError::into_inner).iter().any(is_it) {
            return Ok(());
        }
        let mut damaged = self.damaged.write().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = damaged.iter().position(is_it) else { return Ok(()) };
        if damaged[at].may_be_whole() {
            match whole(&damaged[at].folder) {
                Ok(Some(index)) => {
                    let mut indices = self.indices.write().unwrap_or_else(PoisonError::into_inner);
                    indices.insert(index.meta().name.clone(), Arc::new(index));
                    damaged.remove(at);
                    return Ok(());
                }
                Ok(None) => {}
                Err(failure) => damaged[at] = Damaged::new(&damaged[at].folder, failure),
            }
        }
        Err(damaged[at].refusal())
    }

    fn fitting(&self, pattern: &str) -> Vec<Arc<Index>> {
        let indices = self.indices.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |index: &&Arc<Index>| {
            let meta = index.meta();
            let asked = pattern.starts_with('.') && meta.name.starts_with('.');
            (asked || !meta.settings.hidden())
                && (wildcard(pattern, &meta.name)
                    || meta.aliases.keys().any(|alias| wildcard(pattern, alias)))
        };
        indices.values().filter(fits).cloned().collect()
    }
}

/// Opens an index; a panic of the engine on files that it did not write is a failure too.
fn whole(folder: &Path) -> Result<Option<Index>> {
    catch_unwind(|| Index::open(folder)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Failure::internal(said.unwrap_or("the engine panicked")))
    })
}

fn exists(name: &str, uuid: &str) -> Failure {
    Failure::new(400, "resource_already_exists_exception", format!("index [{name}/{uuid}] already exists"))
        .with("index_uuid", uuid)
        .with("index", name)
}

fn check_name(name: &str) -> Result<()> {
    let reason = if name.is_empty() || name == "." || name == ".." {
        "must not be '.' or '..'"
    } else if name.starts_with(['_', '-', '+']) {
        "must not start with '_', '-', or '+'"
    } else if name.chars().any(char::is_uppercase) {
        "must be lowercase"
    } else if name.contains(['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':']) {
        "must not contain the following characters ['\\','/','*','?','\"','<','>','|',' ',',','#',':']"
    } else if name.len() > 255 {
        "index name is too long"
    } else {
        return Ok(());
    };
    Err(Failure::new(400, "invalid_index_name_exception", format!("Invalid index name [{name}], {reason}"))
        .with("index_uuid", "_na_")
        .with("index", name))
}
