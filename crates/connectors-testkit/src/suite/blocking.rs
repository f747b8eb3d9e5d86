//! A watch on the runtime while the source runs.

use std::time::Duration;

use super::exercise::exercise;
use super::stage::{Connect, Stage};
use super::{Broken, Outcome, Promise, always, broken, promises};
use crate::Fixture;
use crate::watch::{Stall, watch};

/// A stall must show each time: the machine may be busy.
const ATTEMPTS: usize = 3;
/// How long the source may keep the runtime's thread, beyond what the machine itself is late.
const BOUND: Duration = Duration::from_millis(250);

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, the_runtime_is_never_blocked]
}

async fn the_runtime_is_never_blocked<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    stage.fixture.load(F::DOCUMENTS).await?;
    let mut least: Option<Stall> = None;
    for _ in 0..ATTEMPTS {
        let connect = stage.connector();
        let joined = tokio::task::spawn_blocking(move || stall(&connect)).await;
        let stall = joined.map_err(|error| Broken::Promise(format!("panicked: {error}")))??;
        if stall.by_code() <= BOUND {
            return Ok(());
        }
        least = least.filter(|least| least.by_code() <= stall.by_code()).or(Some(stall));
    }
    broken(format!(
        "the runtime's thread was kept from everything else for {:?} (allowed: {BOUND:?}): use async calls, or \
         Context::blocking for what has none",
        least.map(Stall::by_code).unwrap_or_default()
    ))
}

fn stall(connect: &Connect) -> Result<Stall, Broken> {
    let watched = watch(async {
        let connection = connect.connect()?;
        Ok::<_, Broken>(exercise(&*connection).await)
    });
    let (errors, stall) = watched.map_err(|error| Broken::Fixture(error.into()))?;
    match errors?.pop() {
        Some(error) => Err(Broken::Source { doing: "running on a single thread", error }),
        None => Ok(stall),
    }
}
