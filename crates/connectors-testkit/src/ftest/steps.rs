//! The steps, each printed with its time.

use std::time::{Duration, Instant};

use connectors_core::{Context, Registered};
use serde_json::Value;
use tokio::time::sleep;

use super::compare::compare;
use super::index::Index;
use super::program::{Program, Run};
use crate::command::say;
use crate::{Fixture, Result};

/// Between two looks at the index while a sync is waited for.
const GLANCE: Duration = Duration::from_millis(10);

/// What the steps are done with.
pub(super) struct Steps {
    pub(super) source: &'static dyn Registered,
    pub(super) documents: usize,
    pub(super) program: Program,
    pub(super) index: Index,
}

impl Steps {
    pub(super) async fn all<F: Fixture>(&self, fixture: &mut F) -> Result<()> {
        let started = Instant::now();
        let share = (self.documents / 100).max(1);
        self.step("load", async { fixture.load(self.documents).await.map(|()| String::new()) }).await?;
        self.synced(fixture, ("first sync", &[]), &[("created", self.documents)]).await?;
        self.mapped(fixture).await?;
        fixture.change(share).await?;
        fixture.remove(share).await?;
        fixture.add(share).await?;
        let changed = [("created", share), ("updated", share), ("deleted", share)];
        self.synced(fixture, ("1 % changed, removed, added", &[]), &changed).await?;
        self.unchanged(fixture).await?;
        if self.source.capabilities().incremental {
            self.incremental(fixture, share).await?;
        }
        self.killed(fixture).await?;
        say(&format!("all steps: {:.1} s", started.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Removes the index unless it is to be kept.
    pub(super) async fn end(&self, keep: bool) {
        if !keep && let Err(error) = self.index.remove().await {
            say(&format!("  the index {} was left: {error}", self.index.name));
        }
    }

    async fn step(&self, name: &str, work: impl Future<Output = Result<String>>) -> Result<()> {
        let started = Instant::now();
        let told = work.await.map_err(|error| format!("{name}: {error}"))?;
        say(&format!("  {name}: {:.2} s{told}", started.elapsed().as_secs_f64()));
        Ok(())
    }

    /// One sync whose accounts must be these, then the comparison.
    async fn synced<F: Fixture>(
        &self,
        fixture: &F,
        (name, more): (&str, &[&str]),
        accounts: &[(&str, usize)],
    ) -> Result<()> {
        self.step(name, async {
            let run = self.program.sync(&fixture.settings(), &self.index.name, more).await?;
            let report = run.reports.last().ok_or("the program reported nothing")?;
            hold(report, accounts)?;
            Ok(figures(&run, report))
        })
        .await?;
        self.verify(fixture).await
    }

    async fn verify<F: Fixture>(&self, fixture: &F) -> Result<()> {
        self.step("compared by id and content", async {
            Ok(format!(", {} equal", compare(fixture, &self.index).await?))
        })
        .await
    }

    /// Each field that the source declares must be mapped as what it declares, as far as the server maps it.
    async fn mapped<F: Fixture>(&self, fixture: &F) -> Result<()> {
        self.step("fields mapped as declared", async {
            let connection = self.source.connect(&fixture.settings(), &Context::default())?;
            let declared = connection.source().declared_fields().await?;
            connection.source().close().await?;
            self.index.mapped(&declared).await?;
            Ok(format!(", {} declared", declared.len()))
        })
        .await
    }

    /// Two syncs in one process: the first sends nothing, the second may not even list.
    async fn unchanged<F: Fixture>(&self, fixture: &F) -> Result<()> {
        self.step("nothing changed, twice", async {
            let twice = ["--every", "0", "--times", "2"];
            let run = self.program.sync(&fixture.settings(), &self.index.name, &twice).await?;
            let [first, second] = &run.reports[..] else { return Err("two reports were expected".into()) };
            let all = self.documents;
            hold(first, &[("unchanged", all)])?;
            let is_skipped = second["status"] == "skipped";
            hold(second, &[("unchanged", if is_skipped { 0 } else { all })])?;
            if F::SKIPS && !is_skipped {
                return Err("the second sync listed, though nothing changed".into());
            }
            Ok(format!("{}, then {}", figures(&run, first), second["status"]))
        })
        .await
    }

    async fn incremental<F: Fixture>(&self, fixture: &mut F, share: usize) -> Result<()> {
        fixture.change(share).await?;
        fixture.remove(share).await?;
        fixture.add(share).await?;
        let changed = [("created", share), ("updated", share), ("deleted", share)];
        self.synced(fixture, ("incremental", &["--incremental"]), &changed).await
    }

    /// A sync into an empty index, ended by kill -9 when half is there, then a whole one.
    async fn killed<F: Fixture>(&self, fixture: &F) -> Result<()> {
        self.step("kill -9 half way", async {
            let index = &self.index;
            index.remove().await?;
            let mut child = self.program.start_slowly(&fixture.settings(), &self.index.name)?;
            let half = self.documents as u64 / 2;
            while index.count().await? < half && child.try_wait()?.is_none() {
                sleep(GLANCE).await;
            }
            child.kill().await?;
            Ok(format!(", at {} documents", index.count().await?))
        })
        .await?;
        self.synced(fixture, ("sync after the kill", &[]), &[]).await
    }
}

/// Fails unless the accounts are exactly these, nothing failed, and the listing was complete.
pub(super) fn hold(report: &Value, accounts: &[(&str, usize)]) -> Result<()> {
    for (name, wanted) in accounts.iter().chain(&[("failed", 0)]) {
        if report[*name].as_u64() != Some(*wanted as u64) {
            return Err(format!("{name} is {}, and must be {wanted}: {report}", report[*name]).into());
        }
    }
    let findings = [&report["ignored"]["fields"], &report["mismatched"]];
    if findings.iter().any(|found| found.as_array().is_some_and(|found| !found.is_empty())) {
        return Err(format!("the index does not hold what the source declares: {report}").into());
    }
    let is_done = report["status"] == "completed" || report["status"] == "skipped";
    if is_done { Ok(()) } else { Err(format!("the sync is not completed: {report}").into()) }
}

fn figures(run: &Run, report: &Value) -> String {
    let number = |name: &str| report[name].as_f64().unwrap_or_default();
    format!(
        ", {:.0} documents/s, peak {} MiB, {} requests, {:.2} MB sent, {:.2} MB received",
        number("listed") / number("seconds").max(0.001),
        run.peak,
        number("requests"),
        number("bytes_sent") / 1e6,
        number("bytes_received") / 1e6,
    )
}
