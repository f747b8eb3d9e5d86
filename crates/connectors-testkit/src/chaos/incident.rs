//! What happens suddenly while the program runs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use super::churn::{Moved, churn};
use super::ground::Ground;
use super::program::{Run, Running};
use super::schedule::{Incident, IncidentKind, Mode, Round};
use super::tally::Tally;
use super::trial::Trial;
use crate::proxy::{Fault, Plan, Proxy};
use crate::{Fixture, Result};

/// Requests after which `follow` is asked to end, and the longest that this is waited for.
const FOLLOWED: (u64, Duration) = (40, Duration::from_secs(2));
/// Between two looks at a program that follows.
const GLANCE: Duration = Duration::from_millis(5);

impl Incident {
    /// The plan with a hold where the incident is to come.
    fn on(self, plan: Plan) -> Plan {
        plan.hold_after(self.after, if self.done { Fault::HoldAnswer } else { Fault::Hold })
    }
}

/// What is under way.
struct Scene<'a> {
    proxy: &'a Proxy,
    /// What follows the incident.
    plan: Plan,
    running: Vec<Running>,
}

impl<F: Fixture> Trial<F> {
    /// Runs the program as the round says, with all that goes wrong, while the source changes.
    ///
    /// # Errors
    /// When a run hangs, and when what is asked can't be done.
    pub(super) async fn disturbed(&mut self, round: &Round) -> Result<(Vec<Run>, Moved)> {
        let plan = self.plan(round);
        if let Some(Incident { kind: IncidentKind::ServerFull(kib), .. }) = round.incident {
            self.ground.fill(kib).await?;
        }
        let first = round.incident.map_or_else(|| plan.clone(), |incident| incident.on(plan.clone()));
        let proxy = Proxy::http(self.ground.server.address(), first).await?;
        let running = self.begin(round, &proxy.url())?;
        let (over, mut moves) = (AtomicBool::new(false), Tally::default());
        let scene = Scene { proxy: &proxy, plan, running };
        let (ended, moved) = tokio::join!(
            async {
                let ended = scene.play(round, &mut self.ground).await;
                over.store(true, Relaxed);
                ended
            },
            churn(&mut self.fixture, &round.extra.churn, (&proxy, &over, &mut moves)),
        );
        self.ground.tally.add(&moves);
        let mut runs = Vec::new();
        for running in ended? {
            runs.push(running.finish().await?);
        }
        self.ground.count(&proxy, "");
        self.ground.keep(proxy);
        Ok((runs, moved?))
    }
}

impl Incident {
    async fn happen(self, scene: &mut Scene<'_>, ground: &mut Ground) -> Result<()> {
        match self.kind {
            IncidentKind::KillProgram => {
                ground.tally.fault("kill_program", 1);
                ground.tally.killed += 1;
                scene.running.first_mut().map_or(Ok(()), Running::kill)?;
            }
            IncidentKind::KillServer | IncidentKind::ServerFull(_) if ground.server.is_ours() => {
                ground.tally.fault("kill_server", 1);
                scene.proxy.down().await;
                ground.restart(None).await?;
                scene.proxy.set_target(ground.server.address());
            }
            IncidentKind::KillServer | IncidentKind::ServerFull(_) => scene.proxy.down().await,
            IncidentKind::Unreachable(time) => {
                ground.tally.fault("server_unreachable", 1);
                scene.proxy.down().await;
                sleep(time).await;
            }
        }
        scene.proxy.set_plan(scene.plan.clone());
        scene.proxy.cut().await;
        scene.proxy.up().await;
        Ok(())
    }
}

impl Scene<'_> {
    /// Waits for the end of every run, with the incident that comes between.
    async fn play(mut self, round: &Round, ground: &mut Ground) -> Result<Vec<Running>> {
        let proxy = self.proxy;
        let is_struck = tokio::select! {
            ended = self.ended(round.mode) => { ended?; false }
            () = proxy.held() => true,
        };
        if let Some(incident) = round.incident.filter(|_| is_struck) {
            incident.happen(&mut self, ground).await?;
            self.ended(round.mode).await?;
        }
        Ok(self.running)
    }

    /// Waits for the end of every run; one that follows is asked to end in time.
    async fn ended(&mut self, mode: Mode) -> Result<()> {
        if mode == Mode::Follow {
            self.ask_to_end().await?;
        }
        for running in &mut self.running {
            running.ended().await?;
        }
        Ok(())
    }

    async fn ask_to_end(&mut self) -> Result<()> {
        let (started, met) = (Instant::now(), self.proxy.met());
        let Some(running) = self.running.first_mut() else { return Ok(()) };
        while self.proxy.met() < met + FOLLOWED.0 && started.elapsed() < FOLLOWED.1 && !running.has_ended()? {
            sleep(GLANCE).await;
        }
        if let Some(id) = running.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        Ok(())
    }
}
