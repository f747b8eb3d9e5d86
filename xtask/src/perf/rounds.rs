//! What is run for each kind of workload, one round after the other, so that what disturbs the machine for a while
//! disturbs all contestants alike.

use std::path::Path;

use super::Bench;
use super::outcome::{AGAIN, C1, C2, C3, C4, CHANGED, FORGETFUL, Outcome, US};
use super::stage::{Stage, write};
use super::workloads::{Kind, REMOVE, Workload};
use crate::error::Result;

/// Sizes of a bulk in MiB and bulks in flight among which the loader's best is looked for.
const PACES: &[(u64, u64)] = &[(5, 2), (5, 1), (2, 2), (10, 2), (5, 3), (5, 4)];
/// Documents with which the best is looked for.
const TRIED: u64 = 100_000;
/// Loads before the first one that counts.
const WARMING: usize = 3;
/// Presets of the mapping; the first is the server's own way.
const PRESETS: &[&str] = &["dynamic", "search", "reference"];

/// Runs a workload from its start to its end.
pub(super) fn run(bench: &Bench, workload: &Workload) -> Result<Outcome> {
    let (mut outcome, mut stage) = (Outcome::of(workload), Stage::open(bench, workload)?);
    let mut run = Run { bench, stage: &mut stage, outcome: &mut outcome };
    let done = match workload.kind {
        Kind::Load => run.beside_post(|_| Ok(())),
        Kind::LoadInParts => run.beside_post(Run::parts),
        Kind::Twice => run.beside_post(|run| run.again(AGAIN, &[])),
        Kind::Unchanged => run.unchanged(),
        Kind::Touched(word) => run.touched(word),
        Kind::Large => run.large(),
        Kind::Mappings => run.mappings(),
        Kind::Growth => run.growth(),
    };
    stage.forget()?;
    done.and(stage.close())?;
    outcome.judge(workload);
    Ok(outcome)
}

struct Run<'a, 'b> {
    bench: &'a Bench<'b>,
    stage: &'a mut Stage<'b>,
    outcome: &'a mut Outcome,
}

impl Run<'_, '_> {
    fn rounds(&mut self, mut round: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        for number in 1..=self.bench.args.rounds {
            let Outcome { workload, title, .. } = self.outcome;
            self.bench.shell.note(format_args!("{workload} {title}: round {number}"));
            round(self)?;
        }
        Ok(())
    }

    /// The program, from an empty index to an equal one.
    fn first(&mut self, name: &str, more: &[&str]) -> Result<()> {
        let (sample, equal) = self.stage.first(more)?;
        self.outcome.equal = equal;
        self.outcome.push(name, sample);
        Ok(())
    }

    /// The program, into the index as it is.
    fn again(&mut self, name: &str, more: &[&str]) -> Result<()> {
        self.outcome.push(name, self.stage.again(more)?);
        Ok(())
    }

    /// Raw batches of the driver, where there is a program for them.
    fn raw(&mut self) -> Result<()> {
        self.stage.raw()?.into_iter().for_each(|sample| self.outcome.push(C2, sample));
        Ok(())
    }

    /// Rounds of the raw post of everything, a first sync of it, and what else belongs to the workload.
    fn beside_post(&mut self, rest: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        let pace = self.best_pace()?;
        self.stage.fill("load", self.outcome.documents)?;
        let (from, bytes) = self.stage.record("all")?;
        self.outcome.bytes = bytes;
        self.rounds(|run| {
            run.outcome.push(C1, run.stage.post(&from, pace, &[])?);
            run.first(US, &[])?;
            rest(run)
        })
    }

    fn parts(&mut self) -> Result<()> {
        self.raw()?;
        self.outcome.push(C3, self.stage.encode()?);
        self.outcome.push(C4, self.stage.sunk(&[])?);
        Ok(())
    }

    /// The loader's best size and window, found out once for the whole run of the command: by trying, or from the
    /// command line. The server, which is slow for its first documents, is warm afterwards.
    fn best_pace(&mut self) -> Result<(u64, u64)> {
        if let Some(pace) = self.bench.pace.get() {
            return Ok(*pace);
        }
        self.stage.fill("load", self.outcome.documents.min(TRIED))?;
        let (from, _) = self.stage.record("all")?;
        for _ in 0..WARMING {
            self.stage.post(&from, PACES[0], &[])?;
        }
        let best = self.bench.args.pace.map_or_else(|| self.tried_out(&from), Ok)?;
        Ok(*self.bench.pace.get_or_init(|| best))
    }

    fn tried_out(&mut self, from: &Path) -> Result<(u64, u64)> {
        let mut best = (f64::INFINITY, PACES[0]);
        for (bulk, window) in PACES.iter().copied() {
            let mut wall = || Ok(self.stage.post(from, (bulk, window), &[])?.wall);
            let wall = f64::min(wall()?, wall()?);
            let tried = format_args!("C1 with bulks of {bulk} MiB, {window} in flight: {wall:.2} s");
            self.bench.shell.note(tried);
            if wall < best.0 {
                best = (wall, (bulk, window));
            }
        }
        Ok(best.1)
    }

    fn unchanged(&mut self) -> Result<()> {
        self.stage.fill("load", self.outcome.documents)?;
        self.stage.first(&[])?;
        self.stage.again(&[])?;
        self.rounds(|run| {
            run.raw()?;
            run.again(AGAIN, &[])?;
            run.again(CHANGED, &["--every", "0", "--times", "2"])?;
            run.stage.lose_kept()?;
            run.again(FORGETFUL, &[])
        })?;
        self.outcome.equal = self.stage.compare()?;
        Ok(())
    }

    fn touched(&mut self, word: &str) -> Result<()> {
        let hundredth = (self.outcome.documents / 100).max(1);
        let pace = self.best_pace()?;
        self.stage.fill("load", hundredth)?;
        let (from, bytes) = self.stage.record("touched")?;
        let is_removed = word == REMOVE;
        // A delete is its action, about 50 bytes, and its hash in a question for its `_id`.
        self.outcome.bytes = if is_removed { hundredth * 100 } else { bytes };
        let how: &[&str] = if is_removed { &["--deletes"] } else { &[] };
        self.stage.fill("load", self.outcome.documents)?;
        self.stage.first(&[])?;
        self.rounds(|run| {
            run.stage.fill(word, hundredth)?;
            run.outcome.push(C1, run.stage.post(&from, pace, how)?);
            run.again(US, &[])?;
            run.outcome.equal = run.stage.compare()?;
            run.again(AGAIN, &[])
        })
    }

    fn large(&mut self) -> Result<()> {
        self.stage.fill("load", self.outcome.documents)?;
        let (mut left, thousandth) = (self.outcome.documents, (self.outcome.documents / 1000).max(1));
        self.rounds(|run| {
            run.stage.lose_kept()?;
            let (sink, url) = run.stage.sink(&[])?;
            run.outcome.push(US, run.stage.sync_to(&url)?);
            run.stage.must_hold(&url, left)?;
            run.stage.fill(REMOVE, thousandth)?;
            left -= thousandth;
            run.outcome.push(AGAIN, run.stage.sync_to(&url)?);
            run.stage.must_hold(&url, left)?;
            sink.end()
        })
    }

    fn mappings(&mut self) -> Result<()> {
        self.stage.fill("load", self.outcome.documents)?;
        let file = self.bench.folder.join("mapping.yml");
        self.rounds(|run| {
            PRESETS.iter().try_for_each(|preset| {
                write(&file, &format!("index:\n  mapping: {preset}\n"))?;
                run.first(preset, &["--config", &file.to_string_lossy()])
            })
        })
    }

    fn growth(&mut self) -> Result<()> {
        for part in [100, 10, 1] {
            let documents = (self.outcome.documents / part).max(1);
            self.stage.fill("load", documents)?;
            self.rounds(|run| {
                run.outcome.push(&documents.to_string(), run.stage.sunk(&[])?);
                Ok(())
            })?;
        }
        Ok(())
    }
}
