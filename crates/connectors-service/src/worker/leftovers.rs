//! Files of marks whose indices are gone.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::{Context, Result};

use super::periodic::Periodic;
use crate::protocol::Store;

/// Between two passes over the folder.
pub(super) const EVERY: TimeDelta = TimeDelta::hours(24);
/// Younger files stay: they may belong to an index that was made after the server listed them.
const AGE: Duration = Duration::from_secs(24 * 3600);
/// The ends of files that are named by the uuid of an index.
const ENDS: [&str; 2] = ["marks", "dropped"];
/// The start of files that a sync writes before it names them.
const UNNAMED: &str = ".marks-";

/// Removes files of marks from `folder` that are a day old and whose indices are gone, once a day. Nothing is removed unless
/// the server lists all of its indices; marks that are missed cost reading, never truth. A failure is logged.
pub(super) async fn tidy(
    store: &Store,
    context: &Context,
    (folder, passes): (&Path, &Periodic),
    now: DateTime<Utc>,
) {
    if !passes.is_due(now) {
        return;
    }
    passes.done(now);
    match remove_leftovers(store, context, folder.to_owned()).await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "marks of indices that are gone are removed"),
        Err(error) => tracing::warn!(%error, "marks of indices that are gone were not removed"),
    }
}

async fn remove_leftovers(store: &Store, context: &Context, folder: PathBuf) -> Result<usize> {
    let Some(uuids) = store.all_uuids().await? else {
        tracing::debug!("the server does not list all of its indices, so no marks are removed");
        return Ok(0);
    };
    context.blocking(move || Ok(remove(&folder, &uuids, SystemTime::now())?)).await
}

/// Removes what is old and belongs to none of these indices.
fn remove(folder: &Path, uuids: &HashSet<String>, now: SystemTime) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let facts = entry.metadata()?;
        let is_old = now.duration_since(facts.modified()?).is_ok_and(|age| age >= AGE);
        if facts.is_file() && is_old && is_leftover(&entry.file_name().to_string_lossy(), uuids) {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_leftover(name: &str, uuids: &HashSet<String>) -> bool {
    if name.starts_with(UNNAMED) {
        return true;
    }
    let Some((uuid, end)) = name.rsplit_once('.') else { return false };
    // Elasticsearch's have 22 characters, the embedded server's 20.
    let is_uuid = (20..=22).contains(&uuid.len())
        && uuid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    ENDS.contains(&end) && is_uuid && !uuids.contains(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_files_of_our_naming_whose_index_is_gone_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let uuid = |last: char| format!("aB3-_{}{last}", "x".repeat(16));
        let now = SystemTime::now();
        let make = |name: &str, age: Duration| {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(now - age).unwrap();
        };
        let kept = [
            (format!("{}.marks", uuid('1')), AGE * 9),
            (format!("{}.marks", uuid('2')), AGE / 2),
            (format!("{}.text", uuid('2')), AGE * 9),
            ("notes.marks".to_owned(), AGE * 9),
            ("README".to_owned(), AGE * 9),
            (".marks-now".to_owned(), AGE / 2),
        ];
        let gone = [format!("{}.marks", uuid('3')), format!("{}.dropped", uuid('3')), ".marks-x1".to_owned()];
        kept.iter().for_each(|(name, age)| make(name, *age));
        gone.iter().for_each(|name| make(name, AGE * 2));
        assert_eq!(remove(folder.path(), &HashSet::from([uuid('1')]), now).unwrap(), 3);
        for (name, _) in &kept {
            assert!(folder.path().join(name).exists(), "{name}");
        }
        assert!(gone.iter().all(|name| !folder.path().join(name).exists()));
        assert_eq!(remove(&folder.path().join("none"), &HashSet::new(), now).unwrap(), 0);
    }
}
