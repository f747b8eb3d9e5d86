//! A seed under way: the source, the servers, the program, and one round after the other.

use std::collections::BTreeSet;

use connectors_core::Registered;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::Options;
use super::compare;
use super::marks::MarkFolder;
use super::program::{Launch, Program, Run, Running};
use super::schedule::{Marks, Mode, Round, Schedule, Wire};
use super::server::Server;
use super::tally::Tally;
use crate::ftest::index::Index;
use crate::proxy::{Plan, Proxy};
use crate::{Fixture, Result};

/// Runs without faults after which the index must be equal.
const HEALING: usize = 3;

/// The ids that an index holds.
pub(super) type Held = BTreeSet<String>;

/// All that a seed needs.
pub(super) struct Course<F> {
    fixture: F,
    pub(super) server: Server,
    /// In front of the backend, where it is a server.
    backend: Option<Proxy>,
    program: Program,
    index: String,
    marks: MarkFolder,
    max_body: u64,
    /// Whether the fixture has a trouble that is to be mended.
    is_troubled: bool,
    /// Documents that were set aside in this round.
    set_aside: u64,
    pub(super) tally: Tally,
    folder: TempDir,
}

impl<F: Fixture> Course<F> {
    pub(super) async fn start(
        source: &'static dyn Registered,
        options: &Options,
        schedule: &Schedule,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("chaos-").tempdir()?;
        let program = Program::new(&options.program, folder.path(), source.name())?;
        let server = Server::start(&options.target, &folder.path().join("server")).await?;
        let mut fixture = F::start().await?;
        fixture.load(schedule.documents).await?;
        let backend = match fixture.address() {
            Some(address) => Some(Proxy::tcp(address, Plan::calm()).await?),
            None => None,
        };
        Ok(Self {
            fixture,
            server,
            backend,
            program,
            index: format!("chaos-{}-{}", std::process::id(), schedule.seed),
            marks: MarkFolder::new(folder.path().join("marks")),
            max_body: schedule.max_body,
            is_troubled: false,
            set_aside: 0,
            tally: Tally { seeds: 1, ..Tally::default() },
            folder,
        })
    }

    pub(super) async fn run(&mut self, schedule: &Schedule) -> Result<()> {
        for (number, round) in schedule.rounds.iter().enumerate() {
            self.tally.rounds += 1;
            let done = self.round(round).await;
            done.map_err(|error| {
                format!("round {number}: {error}\n  logs and data: {}", self.folder.path().display())
            })?;
        }
        Ok(())
    }

    /// Ends everything; what is kept after a failure is the folder with logs and data.
    pub(super) async fn end(self, is_failed: bool) -> (Tally, Result<()>) {
        let mut ended = self.fixture.stop().await;
        if !self.server.is_ours() {
            let removed = Index::at(&format!("{}/{}", self.server.url(), self.index));
            let removed = match removed {
                Ok(index) => index.remove().await,
                Err(error) => Err(error),
            };
            ended = ended.and(removed);
        }
        ended = ended.and(self.server.end().await);
        if is_failed {
            let _ = self.folder.keep();
        }
        (self.tally, ended)
    }

    async fn round(&mut self, round: &Round) -> Result<()> {
        self.change(round).await?;
        let before = compare::held(&self.index()?).await?;
        self.prepare(round).await?;
        let runs = self.storm(round).await?;
        self.calm().await?;
        self.set_aside = 0;
        for run in &runs {
            self.judge(run)?;
        }
        let after = compare::held(&self.index()?).await?;
        let source: BTreeSet<String> = self.fixture.expected().map(|(id, _)| id).collect();
        compare::kept((&before, &after), &source)?;
        if let Some(run) = runs.iter().find(|run| run.is_completed()) {
            self.equal(run).await?;
        }
        self.heal(round).await
    }

    async fn change(&mut self, round: &Round) -> Result<()> {
        if round.changed > 0 {
            self.fixture.change(round.changed).await?;
        }
        if round.removed > 0 {
            self.fixture.remove(round.removed).await?;
        }
        if round.added > 0 {
            self.fixture.add(round.added).await?;
        }
        Ok(())
    }

    /// All that goes wrong from the beginning.
    async fn prepare(&mut self, round: &Round) -> Result<()> {
        if round.marks != Marks::Kept && self.marks.damage(round.marks)? {
            self.tally.fault(&format!("marks_{:?}", round.marks).to_lowercase(), 1);
        }
        if let (Some(wire), Some(backend)) = (&round.backend, &self.backend) {
            backend.set_plan(wire.plan());
        }
        let Some(draw) = round.trouble else { return Ok(()) };
        let made = if draw.is_multiple_of(4) {
            self.fixture.break_in_the_middle().await?.then_some("listing_broken")
        } else {
            self.fixture.trouble(draw).await?
        };
        if let Some(name) = made {
            self.is_troubled = true;
            self.tally.fault(&format!("backend_{name}"), 1);
        }
        Ok(())
    }

    /// Takes everything away that can go wrong.
    async fn calm(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_troubled) {
            self.fixture.mend().await?;
        }
        if let Some(backend) = self.backend.take() {
            self.count(&backend, "backend_");
            drop(backend);
        }
        if let Some(address) = self.fixture.address() {
            self.backend = Some(Proxy::tcp(address, Plan::calm()).await?);
        }
        if self.server.is_ours() && self.server.is_full() {
            self.restart(None).await?;
        }
        Ok(())
    }

    /// Runs without faults until one is completed; then all must be equal.
    async fn heal(&mut self, round: &Round) -> Result<()> {
        let mut last = String::new();
        for attempt in 0..HEALING {
            let may_skip_failed = round.heals_incrementally && self.set_aside == 0 && attempt == 0;
            let mode = if may_skip_failed { Mode::Incremental } else { Mode::Full };
            let calm = Round { mode, marks: Marks::Kept, blow: None, wire: None, ..round.clone() };
            let runs = self.storm(&calm).await?;
            for run in &runs {
                self.judge(run)?;
            }
            if let Some(run) = runs.iter().find(|run| run.is_completed()) {
                return self.equal(run).await;
            }
            last = runs.iter().map(Run::ending_told).collect();
        }
        Err(format!("{HEALING} runs without faults were not completed; the last: {last}").into())
    }

    fn judge(&mut self, run: &Run) -> Result<()> {
        self.tally.runs += 1;
        self.tally.uncompleted +=
            u64::from(run.code.is_some() && !run.is_completed() && run.mode != Mode::Follow);
        self.set_aside += run.set_aside();
        run.judge()
    }

    /// A run that claims that all is equal is taken at its word.
    async fn equal(&mut self, run: &Run) -> Result<()> {
        match compare::equal(&self.fixture, &self.index()?).await {
            Ok(compared) => {
                self.tally.compared += compared;
                Ok(())
            }
            Err(error) => {
                let (mode, log) = (run.mode, run.log.display());
                Err(format!(
                    "the run {mode:?} was completed, and all is not equal; its log is {log}\n{error}"
                )
                .into())
            }
        }
    }

    fn index(&self) -> Result<Index> {
        Index::at(&format!("{}/{}", self.server.url(), self.index))
    }

    /// What the requests of a round meet, sudden things apart.
    pub(super) fn plan(&self, round: &Round) -> Plan {
        round.wire.as_ref().map_or_else(Plan::calm, Wire::plan).max_body(self.max_body)
    }

    /// Begins the run of a round, or its two.
    pub(super) fn begin(&mut self, round: &Round, es: &str) -> Result<Vec<Running>> {
        let (settings, index) = (self.settings(), self.index.clone());
        let disk_full = round.marks == Marks::DiskFull;
        let launch = Launch { mode: round.mode, settings: &settings, es, index: &index, disk_full };
        let count = if round.mode == Mode::Twice { 2 } else { 1 };
        (0..count).map(|_| self.program.start(&launch)).collect()
    }

    fn settings(&self) -> Map<String, Value> {
        match &self.backend {
            Some(proxy) => self.fixture.settings_through(proxy.address()),
            None => self.fixture.settings(),
        }
    }

    pub(super) async fn restart(&mut self, room: Option<u64>) -> Result<()> {
        self.tally.restarts += 1;
        self.server.restart(room).await
    }

    /// Takes what a proxy did into the counts; holds are no faults of their own.
    pub(super) fn count(&mut self, proxy: &Proxy, prefix: &str) {
        for (kind, count) in proxy.injected() {
            if !kind.starts_with("hold") {
                self.tally.fault(&format!("{prefix}{kind}"), count);
            }
        }
    }
}
