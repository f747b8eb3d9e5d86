//! What the chaos bench is told.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::random::Random;

/// Fresh seeds are below this, so that they are short enough to be copied.
const FRESH: u64 = 1_000_000_000;
/// Seeds of a run that names none.
const USUAL: u64 = 20;

/// How the bench is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program under test.
    pub program: PathBuf,
    /// The server that it writes to.
    pub target: Target,
    /// The seeds, one after the other.
    pub seeds: Vec<u64>,
}

/// A server that the program writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `elastic-embedded` at this path, in a process of its own that is killed and restarted at will.
    Embedded(PathBuf),
    /// One that runs already, at this address of HTTP.
    At(String),
}

impl Options {
    /// Reads `--program PATH (--embedded PATH | --es URL) [--seed N | [--seeds N] [--fresh N]]`. Without `--seed` the
    /// known seeds come first, then those from 1 to N, then the fresh ones, which follow from the clock.
    ///
    /// # Errors
    /// What is not understood.
    pub fn of(arguments: impl Iterator<Item = String>, known: &[u64]) -> Result<Self> {
        let (mut program, mut target, mut seed, mut seeds, mut drawn) = (None, None, None, USUAL, 0);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{argument} takes a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{argument} takes a number"));
            match argument.as_str() {
                "--program" => program = Some(value.into()),
                "--embedded" => target = Some(Target::Embedded(value.into())),
                "--es" => target = Some(Target::At(value.trim_end_matches('/').to_owned())),
                "--seed" => seed = Some(number()?),
                "--seeds" => seeds = number()?,
                "--fresh" => drawn = number()?,
                other => {
                    let known = "--program, --embedded, --es, --seed, --seeds and --fresh are";
                    return Err(format!("{other} is no option; {known}").into());
                }
            }
        }
        let program = program.ok_or("--program PATH is needed: the program under test")?;
        let target = target.ok_or("--embedded PATH or --es URL is needed: the server to write to")?;
        let all = || known.iter().copied().chain(1..=seeds).chain(fresh(drawn)).collect();
        Ok(Self { program, target, seeds: seed.map_or_else(all, |seed| vec![seed]) })
    }
}

/// So many seeds that nobody has drawn before, as far as the clock goes on.
fn fresh(count: u64) -> impl Iterator<Item = u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut random = Random::seeded(now.as_nanos() as u64);
    (0..count).map(move |_| random.below(FRESH))
}
