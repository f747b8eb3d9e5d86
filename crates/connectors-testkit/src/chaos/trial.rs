//! A seed under way: the source, the servers, the program, and one round after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use connectors_core::Registered;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::Options;
use super::compare;
use super::extra::Extra;
use super::ground::Ground;
use super::marks::MarkFolder;
use super::program::{Launch, Program, Run, Running};
use super::schedule::{Incident, IncidentKind, Marks, Mode, Round, Schedule, Wire};
use super::tally::Tally;
use crate::ftest::index::Index;
use crate::proxy::{Plan, Proxy};
use crate::target::Server;
use crate::{Fixture, Result};

/// Runs without faults after which the index must be equal.
const HEALING: usize = 3;

/// Documents that are changed, and removed, while requests are held back.
const OUTDATED: (usize, usize) = (20, 10);

/// How long an answer is waited for where a peer falls silent.
const SHORT: Duration = Duration::from_secs(1);

/// All that a seed needs.
pub(super) struct Trial<F> {
    pub(super) fixture: F,
    pub(super) ground: Ground,
    /// In front of the backend, where it is a server.
    backend: Option<Proxy>,
    program: Program,
    index: String,
    marks: MarkFolder,
    max_body: u64,
    /// Whether the fixture has a trouble that is to be mended.
    is_troubled: bool,
    folder: TempDir,
}

impl<F: Fixture> Trial<F> {
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
            ground: Ground::new(server),
            backend,
            program,
            index: format!("chaos-{}-{}", std::process::id(), schedule.seed),
            marks: MarkFolder::new(folder.path().join("marks")),
            max_body: schedule.max_body,
            is_troubled: false,
            folder,
        })
    }

    pub(super) async fn run(&mut self, schedule: &Schedule) -> Result<()> {
        for (number, round) in schedule.rounds.iter().enumerate() {
            self.ground.tally.rounds += 1;
            let done = self.round(round).await;
            done.map_err(|error| {
                format!("round {number}: {error}\n  logs and data: {}", self.folder.path().display())
            })?;
        }
        Ok(())
    }

    /// Ends everything; what is kept after a failure is the folder with logs and data.
    pub(super) async fn end(self, is_failed: bool) -> (Tally, Result<()>) {
        let mut ground = self.ground;
        self.backend.iter().for_each(|backend| ground.count(backend, "backend_"));
        let Ground { server, tally, .. } = ground;
        let mut ended = self.fixture.stop().await;
        if !server.is_ours() {
            let removed = Index::at(&format!("{}/{}", server.url(), self.index));
            let removed = match removed {
                Ok(index) => index.remove().await,
                Err(error) => Err(error),
            };
            ended = ended.and(removed);
        }
        ended = ended.and(server.end().await);
        if is_failed {
            let _ = self.folder.keep();
        }
        (tally, ended)
    }

    async fn round(&mut self, round: &Round) -> Result<()> {
        self.change(round).await?;
        let before = compare::held(&self.index()?).await?;
        self.prepare(round).await?;
        let (runs, moved) = self.disturbed(round).await?;
        self.calm().await?;
        if !may_wait(round) {
            self.ground.deliver().await;
        }
        for run in &runs {
            self.judge(run)?;
            if !may_differ(round) {
                run.is_undisturbed()?;
            }
        }
        let after = compare::held(&self.index()?).await?;
        let source: BTreeSet<String> = self.fixture.expected().map(|(id, _)| id).collect();
        compare::kept((&before, &after), (&source, &moved.absent))?;
        if let Some(run) = runs.iter().find(|run| run.is_completed() && !moved.is_any) {
            self.equal(run).await?;
        }
        self.outdate().await?;
        self.heal(round).await
    }

    /// Changes and removes documents while requests that may hold them wait to be delivered.
    async fn outdate(&mut self) -> Result<()> {
        if self.ground.holds_back() {
            self.fixture.change(OUTDATED.0).await?;
            self.fixture.remove(OUTDATED.1).await?;
            self.ground.tally.fault("late_outdated", 1);
        }
        Ok(())
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
            self.ground.tally.fault(&format!("marks_{:?}", round.marks).to_lowercase(), 1);
        }
        if let Some(backend) = &self.backend {
            let plan = round.backend.as_ref().map_or_else(Plan::calm, Wire::plan);
            backend.set_plan(round.extra.on_backend(plan));
        }
        let Some(draw) = round.trouble else { return Ok(()) };
        let made = if draw.is_multiple_of(4) {
            self.fixture.break_in_the_middle().await?.then_some("listing_broken")
        } else {
            self.fixture.trouble(draw).await?
        };
        if let Some(name) = made {
            self.is_troubled = true;
            self.ground.tally.fault(&format!("backend_{name}"), 1);
        }
        Ok(())
    }

    /// Takes everything away that can go wrong.
    async fn calm(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_troubled) {
            self.fixture.mend().await?;
        }
        if let Some(backend) = &self.backend {
            // At the same address: an index belongs to a source at an address.
            backend.set_plan(Plan::calm());
            backend.cut().await;
            backend.up().await;
        }
        if self.ground.server.is_ours() && self.ground.server.is_full() {
            self.ground.restart(None).await?;
        }
        Ok(())
    }

    /// Runs without faults until one is completed; then all must be equal.
    async fn heal(&mut self, round: &Round) -> Result<()> {
        let mut last = String::new();
        for attempt in 0..HEALING {
            let is_incremental = round.heals_incrementally && attempt == 0;
            let mode = if is_incremental { Mode::Incremental } else { Mode::Full };
            let (marks, extra) = (Marks::Kept, Extra::default());
            let calm = Round { mode, marks, incident: None, wire: None, extra, ..round.clone() };
            let (runs, _) = self.disturbed(&calm).await?;
            self.ground.deliver().await;
            for run in &runs {
                self.judge(run)?;
                run.is_undisturbed()?;
            }
            if let Some(run) = runs.iter().find(|run| run.is_completed() && run.is_verified()) {
                return self.equal(run).await;
            }
            last = runs.iter().map(Run::ending_told).collect();
        }
        Err(format!("{HEALING} runs without faults were not completed; the last: {last}").into())
    }

    fn judge(&mut self, run: &Run) -> Result<()> {
        let tally = &mut self.ground.tally;
        tally.runs += 1;
        tally.uncompleted += u64::from(run.code.is_some() && !run.is_completed() && run.mode != Mode::Follow);
        tally.unverified += u64::from(run.is_completed() && !run.is_verified());
        tally.repairing += u64::from(run.has_repaired());
        run.judge()
    }

    /// A run that claims that all is equal is taken at its word.
    async fn equal(&mut self, run: &Run) -> Result<()> {
        match compare::equal(&self.fixture, &self.index()?).await {
            Ok(compared) => {
                self.ground.tally.compared += compared;
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
        Index::at(&format!("{}/{}", self.ground.server.url(), self.index))
    }

    /// What the requests of a round meet, sudden things apart.
    pub(super) fn plan(&self, round: &Round) -> Plan {
        let plan = round.wire.as_ref().map_or_else(Plan::calm, Wire::plan);
        round.extra.on(plan).max_body(self.max_body)
    }

    /// Begins the run of a round, or its two.
    pub(super) fn begin(&mut self, round: &Round, es: &str) -> Result<Vec<Running>> {
        let (is_impatient, index) = (round.extra.is_silent(), self.index.clone());
        let settings = self.settings();
        let settings = if is_impatient { self.fixture.impatient(settings, SHORT) } else { settings };
        let disk_full = round.marks == Marks::DiskFull;
        let modes = match round.mode {
            Mode::Twice => vec![Mode::Twice, Mode::Twice],
            Mode::Beside => vec![Mode::Full, Mode::Incremental],
            mode => vec![mode],
        };
        self.ground.tally.fault("second_command", modes.len() as u64 - 1);
        let launch = |mode| Launch { mode, settings: &settings, es, index: &index, disk_full, is_impatient };
        modes.into_iter().map(|mode| self.program.start(&launch(mode))).collect()
    }

    fn settings(&self) -> Map<String, Value> {
        match &self.backend {
            Some(proxy) => self.fixture.settings_through(proxy.address()),
            None => self.fixture.settings(),
        }
    }
}

/// Whether requests may be held back until an incremental sync has followed. A full one can't delete what is not there yet, and a
/// server that was killed may not know any more what it deleted.
fn may_wait(round: &Round) -> bool {
    let is_killed =
        |incident: Incident| matches!(incident.kind, IncidentKind::KillServer | IncidentKind::ServerFull(_));
    round.heals_incrementally && !round.extra.is_silent() && !round.incident.is_some_and(is_killed)
}

/// Whether anything can make an index differ from what a sync wrote.
fn may_differ(round: &Round) -> bool {
    let Round { wire, incident, extra, mode, .. } = round;
    let is_shared = matches!(mode, Mode::Twice | Mode::Beside);
    wire.is_some() || incident.is_some() || is_shared || *extra != Extra::default()
}
