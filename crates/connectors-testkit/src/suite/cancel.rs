//! A listing that is dropped half way.

use std::time::{Duration, Instant};

use connectors_core::Connection;
use tokio::runtime::{Builder, Handle};

use super::changes::begin_a_listing;
use super::stage::{Connect, Stage, list};
use super::{Broken, Outcome, Promise, always, broken, promises};
use crate::Fixture;

/// What is left over must be so each time.
const ATTEMPTS: usize = 3;
/// The least time within which work must have ended.
const SETTLE: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(5);

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, dropping_a_listing_ends_its_work, a_listing_after_a_dropped_one_is_complete]
}

async fn dropping_a_listing_ends_its_work<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    stage.fixture.load(F::DOCUMENTS).await?;
    let mut left = String::new();
    for _ in 0..ATTEMPTS {
        let connect = stage.connector();
        let joined = tokio::task::spawn_blocking(move || left_over(&connect)).await;
        match joined.map_err(|error| Broken::Promise(format!("panicked: {error}")))?? {
            None => return Ok(()),
            Some(text) => left = text,
        }
    }
    broken(left)
}

/// What still runs after a listing was dropped, in a runtime that holds nothing else.
fn left_over(connect: &Connect) -> Result<Option<String>, Broken> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Broken::Fixture(error.into()))?;
    let (tasks, patience) = runtime.block_on(async {
        let connection = connect.connect()?;
        let begun = Instant::now();
        list(&*connection).await?;
        let patience = SETTLE.max(begun.elapsed() / 4);
        Ok::<_, Broken>((tasks_left_over(&*connection, patience).await?, patience))
    })?;
    let begun = Instant::now();
    runtime.shutdown_timeout(patience);
    if tasks > 0 {
        return Ok(Some(format!("{tasks} tasks more than before still run {patience:?} after the drop")));
    }
    let blocking = begun.elapsed() >= patience;
    Ok(blocking.then(|| format!("blocking work still runs {patience:?} after the drop")))
}

/// Tasks above those of an idle connection, after the time in which they may end.
async fn tasks_left_over(connection: &dyn Connection, patience: Duration) -> Result<usize, Broken> {
    let metrics = Handle::current().metrics();
    let alive = || metrics.num_alive_tasks();
    let mut idle = alive();
    for _ in 0..20 {
        tokio::time::sleep(LOOK).await;
        idle = idle.min(alive());
    }
    begin_a_listing(connection).await?;
    let dropped = Instant::now();
    while alive() > idle && dropped.elapsed() < patience {
        tokio::time::sleep(LOOK).await;
    }
    Ok(alive().saturating_sub(idle))
}

async fn a_listing_after_a_dropped_one_is_complete<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    for _ in 0..3 {
        begin_a_listing(&*connection).await?;
    }
    stage.is_whole(&list(&*connection).await?)
}
