//! The index against the source, as a diff: by id, then by content.

use std::collections::{BTreeMap, BTreeSet};

use crate::ftest::compare::difference;
use crate::ftest::index::Index;
use crate::{Expected, Fixture, Result};

/// The ids that an index holds.
pub(super) type Held = BTreeSet<String>;

/// Differences that are shown.
const SHOWN: usize = 8;
/// Documents compared at a time.
const CHUNK: usize = 500;

/// The ids of an index; doubled is what stands there twice.
///
/// # Errors
/// When the index can't be asked, and for a doubled id.
pub(super) async fn held(index: &Index) -> Result<Held> {
    let ids = index.ids().await?;
    let (count, held) = (ids.len(), Held::from_iter(ids));
    if count == held.len() { Ok(held) } else { Err(format!("{} ids are doubled", count - held.len()).into()) }
}

/// Compares every document, and that there are no others; hands back how many were equal.
///
/// # Errors
/// How many are lost, left over and stale, and the first of them.
pub(super) async fn equal<F: Fixture>(fixture: &F, index: &Index) -> Result<u64> {
    let expected: BTreeMap<String, Expected> = fixture.expected().collect();
    let held = held(index).await?;
    let lost = expected.keys().filter(|id| !held.contains(*id)).map(|id| format!("- {id} is lost"));
    let left_over =
        held.iter().filter(|id| !expected.contains_key(*id)).map(|id| format!("+ {id} is left over"));
    let mut lines: Vec<String> = lost.chain(left_over).collect();
    let both: Vec<(&String, &Expected)> = expected.iter().filter(|(id, _)| held.contains(*id)).collect();
    for chunk in both.chunks(CHUNK) {
        let ids: Vec<&str> = chunk.iter().map(|(id, _)| id.as_str()).collect();
        for ((id, wanted), found) in chunk.iter().zip(index.documents(&ids).await?) {
            let differs = difference(wanted, &found.unwrap_or_default());
            lines.extend(differs.map(|difference| format!("  {id} is stale\n{difference}")));
        }
    }
    if lines.is_empty() { Ok(expected.len() as u64) } else { Err(shown(&lines).into()) }
}

/// What must not have happened to ids while things went wrong; `absent` is what the source lacked at some time meanwhile.
///
/// # Errors
/// What was deleted though the source had it all the time, and what came from nowhere.
pub(super) fn kept(
    (before, after): (&Held, &Held),
    (source, absent): (&BTreeSet<String>, &BTreeSet<String>),
) -> Result<()> {
    let was_there = |id: &String| source.contains(id) && !absent.contains(id);
    let is_known = |id: &String| source.contains(id) || absent.contains(id) || before.contains(id);
    let deleted = before.iter().filter(|id| was_there(id) && !after.contains(*id));
    let from_nowhere = after.iter().filter(|id| !is_known(id));
    let deleted = deleted.map(|id| format!("- {id} was wrongly deleted"));
    let lines: Vec<String> =
        deleted.chain(from_nowhere.map(|id| format!("+ {id} came from nowhere"))).collect();
    if lines.is_empty() { Ok(()) } else { Err(shown(&lines).into()) }
}

fn shown(lines: &[String]) -> String {
    let more = if lines.len() > SHOWN { format!("\n  … {} in all", lines.len()) } else { String::new() };
    format!("{}{more}", lines[..lines.len().min(SHOWN)].join("\n"))
}
