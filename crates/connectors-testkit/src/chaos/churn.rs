//! The source changes while the program runs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::sleep;

use super::tally::Tally;
use crate::proxy::Proxy;
use crate::{Fixture, Result};

/// Between two looks at how far the program is.
const GLANCE: Duration = Duration::from_millis(1);

/// What is done to some documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Churn {
    Change,
    Remove,
    Add,
    /// Removed and inserted again at once, in another version.
    InsertAgain,
}

/// A change after so many requests to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) after: u64,
    pub(super) count: usize,
    pub(super) churn: Churn,
}

/// What became of documents while the program ran.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// Those that were not there at some time.
    pub(super) absent: BTreeSet<String>,
    /// Whether anything changed.
    pub(super) is_any: bool,
}

/// Changes the source as the program reaches the requests of the steps, until it ends.
///
/// # Errors
/// What the backend answers.
pub(super) async fn churn<F: Fixture>(
    fixture: &mut F,
    steps: &[Step],
    (proxy, over, tally): (&Proxy, &AtomicBool, &mut Tally),
) -> Result<Moved> {
    let mut moved = Moved::default();
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.after);
    for step in steps {
        while proxy.met() < step.after && !over.load(Relaxed) {
            sleep(GLANCE).await;
        }
        if over.load(Relaxed) {
            break;
        }
        let (ids, name) = match step.churn {
            Churn::Change => (fixture.change(step.count).await?, "source_changed"),
            Churn::Remove => (fixture.remove(step.count).await?, "source_removed"),
            Churn::Add => (fixture.add(step.count).await?, "source_added"),
            Churn::InsertAgain => (fixture.insert_again(step.count).await?, "source_inserted_again"),
        };
        if ids.is_empty() {
            continue;
        }
        tally.fault(name, 1);
        moved.is_any = true;
        if step.churn != Churn::Change {
            moved.absent.extend(ids);
        }
    }
    Ok(moved)
}
