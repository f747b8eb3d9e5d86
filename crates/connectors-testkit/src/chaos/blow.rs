//! What happens suddenly while the program runs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use super::churn::{Moved, churn};
use super::course::Course;
use super::ground::Ground;
use super::program::{Run, Running};
use super::schedule::{Blow, BlowKind, Mode, Round};
use super::tally::Tally;
use crate::proxy::{Fault, Plan, Proxy};
use crate::{Fixture, Result};

/// Requests after which `follow` is asked to end, and the longest that this is waited for.
const FOLLOWED: (u64, Duration) = (40, Duration::from_secs(2));
/// Between two looks at a program that follows.
const GLANCE: Duration = Duration::from_millis(5);

impl Blow {
    /// The plan with a hold where the blow is to come.
    fn on(self, plan: Plan) -> Plan {
        plan.hold_after(self.after, if self.done { Fault::HoldAnswer } else { Fault::Hold })
    }
}

/// What is under way.
struct Scene<'a> {
    proxy: &'a Proxy,
    /// What follows the blow.
    plan: Plan,
    running: Vec<Running>,
}

impl<F: Fixture> Course<F> {
    /// Runs the program as the round says, with all that goes wrong, while the source changes.
    ///
    /// # Errors
    /// When a run hangs, and when what is asked can't be done.
    pub(super) async fn storm(&mut self, round: &Round) -> Result<(Vec<Run>, Moved)> {
        let plan = self.plan(round);
        if let Some(Blow { kind: BlowKind::ServerFull(kib), .. }) = round.blow {
            self.ground.fill(kib).await?;
        }
        let first = round.blow.map_or_else(|| plan.clone(), |blow| blow.on(plan.clone()));
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

impl Blow {
    async fn strike(self, scene: &mut Scene<'_>, ground: &mut Ground) -> Result<()> {
        match self.kind {
            BlowKind::KillProgram => {
                ground.tally.fault("kill_program", 1);
                ground.tally.killed += 1;
                scene.running.first_mut().map_or(Ok(()), Running::kill)?;
            }
            BlowKind::KillServer | BlowKind::ServerFull(_) if ground.server.is_ours() => {
                ground.tally.fault("kill_server", 1);
                scene.proxy.down().await;
                ground.restart(None).await?;
                scene.proxy.set_target(ground.server.address());
            }
            BlowKind::KillServer | BlowKind::ServerFull(_) => scene.proxy.down().await,
            BlowKind::Unreachable(time) => {
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
    /// Waits for the end of every run, with the blow that comes between.
    async fn play(mut self, round: &Round, ground: &mut Ground) -> Result<Vec<Running>> {
        let proxy = self.proxy;
        let is_struck = tokio::select! {
            ended = self.ended(round.mode) => { ended?; false }
            () = proxy.held() => true,
        };
        if let Some(blow) = round.blow.filter(|_| is_struck) {
            blow.strike(&mut self, ground).await?;
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
