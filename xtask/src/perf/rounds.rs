//! What is run for each kind of workload, one round after the other, so that what disturbs the machine for a while
//! disturbs all contestants alike.

use std::path::Path;

use super::Bench;
use super::outcome::{AGAIN, C1, C2, C3, C4, CHANGED, FORGETFUL, Outcome, US};
use super::stage::{Stage, write};
use super::workloads::{Kind, Touch, Workload};
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
///
/// # Errors
/// When anything fails, or an index is not equal to its source.
pub(super) fn run(bench: &Bench, workload: &Workload) -> Result<Outcome> {
    let mut outcome = Outcome::of(workload);
    let mut stage = Stage::open(bench, workload)?;
    let done = match workload.kind {
        Kind::Load | Kind::LoadInParts => load(bench, &mut stage, &mut outcome, workload.kind),
        Kind::Unchanged => unchanged(bench, &mut stage, &mut outcome),
        Kind::Touched(touch) => touched(bench, &mut stage, &mut outcome, touch),
        Kind::Large => large(bench, &mut stage, &mut outcome),
        Kind::Twice => twice(bench, &mut stage, &mut outcome),
        Kind::Mappings => mappings(bench, &mut stage, &mut outcome),
        Kind::Growth => growth(bench, &mut stage, &mut outcome),
    };
    stage.forget()?;
    done.and(stage.close())?;
    outcome.judge(workload);
    Ok(outcome)
}

/// Rounds of the raw post of everything, a first sync of it, and what else belongs to the workload.
fn beside_post(
    bench: &Bench,
    (stage, outcome): (&mut Stage, &mut Outcome),
    rest: impl Fn(&mut Stage, &mut Outcome) -> Result<()>,
) -> Result<()> {
    let pace = best_pace(bench, stage, outcome.documents)?;
    stage.fill("load", outcome.documents)?;
    let (from, bytes) = stage.record("all")?;
    outcome.bytes = bytes;
    for round in 1..=bench.options.rounds {
        bench.told(outcome, round);
        outcome.push(C1, stage.post(&from, pace)?);
        first(stage, outcome, US, &[])?;
        rest(stage, outcome)?;
    }
    Ok(())
}

fn load(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome, kind: Kind) -> Result<()> {
    beside_post(bench, (stage, outcome), |stage, outcome| {
        if kind == Kind::LoadInParts {
            stage.raw()?.into_iter().for_each(|sample| outcome.push(C2, sample));
            outcome.push(C3, stage.encode()?);
            outcome.push(C4, stage.sunk()?);
        }
        Ok(())
    })
}

fn first(stage: &mut Stage, outcome: &mut Outcome, name: &str, more: &[&str]) -> Result<()> {
    let (sample, equal) = stage.first(more)?;
    outcome.equal = equal;
    outcome.push(name, sample);
    Ok(())
}

/// The loader's best size and window, found out once for the whole run of the command: by trying, or from the command
/// line. The server, which is slow for its first documents, is warm afterwards.
fn best_pace(bench: &Bench, stage: &mut Stage, documents: u64) -> Result<(u64, u64)> {
    if let Some(pace) = bench.pace.get() {
        return Ok(*pace);
    }
    stage.fill("load", documents.min(TRIED))?;
    let (from, _) = stage.record("all")?;
    for _ in 0..WARMING {
        stage.post(&from, PACES[0])?;
    }
    let best = bench.options.pace.map_or_else(|| tried_out(bench, stage, &from), Ok)?;
    Ok(*bench.pace.get_or_init(|| best))
}

fn tried_out(bench: &Bench, stage: &mut Stage, from: &Path) -> Result<(u64, u64)> {
    let mut best = (f64::INFINITY, PACES[0]);
    for pace in PACES {
        let wall = stage.post(from, *pace)?.wall.min(stage.post(from, *pace)?.wall);
        bench.shell.note(format_args!("C1 with bulks of {} MiB, {} in flight: {wall:.2} s", pace.0, pace.1));
        if wall < best.0 {
            best = (wall, *pace);
        }
    }
    Ok(best.1)
}

fn unchanged(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome) -> Result<()> {
    stage.fill("load", outcome.documents)?;
    outcome.equal = stage.first(&[])?.1;
    stage.again(&[])?;
    for round in 1..=bench.options.rounds {
        bench.told(outcome, round);
        stage.raw()?.into_iter().for_each(|sample| outcome.push(C2, sample));
        outcome.push(AGAIN, stage.again(&[])?);
        outcome.push(CHANGED, stage.again(&["--every", "0", "--times", "2"])?);
        stage.lose_kept()?;
        outcome.push(FORGETFUL, stage.again(&[])?);
    }
    outcome.equal = stage.compare()?;
    Ok(())
}

fn touched(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome, touch: Touch) -> Result<()> {
    let hundredth = (outcome.documents / 100).max(1);
    let pace = best_pace(bench, stage, outcome.documents)?;
    stage.fill("load", hundredth)?;
    let (from, bytes) = stage.record("touched")?;
    // A delete is its action, about 50 bytes, and its hash in a question for its `_id`.
    outcome.bytes = if touch == Touch::Remove { hundredth * 100 } else { bytes };
    stage.fill("load", outcome.documents)?;
    stage.first(&[])?;
    for round in 1..=bench.options.rounds {
        bench.told(outcome, round);
        stage.fill(touch.word(), hundredth)?;
        let loaded = match touch {
            Touch::Remove => stage.unpost(&from, pace)?,
            Touch::Change | Touch::Add => stage.post(&from, pace)?,
        };
        outcome.push(C1, loaded);
        outcome.push(US, stage.again(&[])?);
        outcome.equal = stage.compare()?;
        outcome.push(AGAIN, stage.again(&[])?);
    }
    Ok(())
}

fn large(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome) -> Result<()> {
    stage.fill("load", outcome.documents)?;
    let (mut left, thousandth) = (outcome.documents, (outcome.documents / 1000).max(1));
    for round in 1..=bench.options.rounds {
        bench.told(outcome, round);
        stage.lose_kept()?;
        let (sink, url) = stage.sink(&[])?;
        outcome.push(US, stage.sync_to(&url)?);
        stage.must_hold(&url, left)?;
        stage.fill("remove", thousandth)?;
        left -= thousandth;
        outcome.push(AGAIN, stage.sync_to(&url)?);
        stage.must_hold(&url, left)?;
        sink.end()?;
    }
    Ok(())
}

fn twice(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome) -> Result<()> {
    beside_post(bench, (stage, outcome), |stage, outcome| {
        outcome.push(AGAIN, stage.again(&[])?);
        Ok(())
    })
}

fn mappings(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome) -> Result<()> {
    stage.fill("load", outcome.documents)?;
    for round in 1..=bench.options.rounds {
        bench.told(outcome, round);
        for preset in PRESETS {
            let file = bench.folder.join("mapping.yml");
            write(&file, format!("index:\n  mapping: {preset}\n").as_bytes())?;
            first(stage, outcome, preset, &["--config", &file.to_string_lossy()])?;
        }
    }
    Ok(())
}

fn growth(bench: &Bench, stage: &mut Stage, outcome: &mut Outcome) -> Result<()> {
    for part in [100, 10, 1] {
        let documents = (outcome.documents / part).max(1);
        stage.fill("load", documents)?;
        for round in 1..=bench.options.rounds {
            bench.told(outcome, round);
            outcome.push(&documents.to_string(), stage.sunk()?);
        }
    }
    Ok(())
}
