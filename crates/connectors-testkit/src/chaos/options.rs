//! What the chaos bench is told.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::random::Random;
use crate::target::Target;

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
    /// No seed but the first is begun after this long.
    pub within: Option<Duration>,
}

impl Options {
    /// Reads `--program PATH (--embedded PATH | --es URL) [--seed N | [--seeds N] [--fresh N]] [--seconds N]`. Without
    /// `--seed` the known seeds come first, then those from 1 to N and the fresh ones, which follow from the clock, in turn.
    ///
    /// # Errors
    /// What is not understood.
    pub fn of(arguments: impl Iterator<Item = String>, known: &[u64]) -> Result<Self> {
        let (mut program, mut target, mut seed, mut seeds, mut drawn) = (None, None, None, USUAL, 0);
        let mut within = None;
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
                "--seconds" => within = Some(Duration::from_secs(number()?)),
                other => {
                    let known = "--program, --embedded, --es, --seed, --seeds, --fresh and --seconds are";
                    return Err(format!("{other} is no option; {known}").into());
                }
            }
        }
        let program = program.ok_or("--program PATH is needed: the program under test")?;
        let target = target.ok_or("--embedded PATH or --es URL is needed: the server to write to")?;
        let all = || known.iter().copied().chain(in_turn(1..=seeds, fresh(drawn))).collect();
        Ok(Self { program, target, seeds: seed.map_or_else(all, |seed| vec![seed]), within })
    }
}

/// The numbers of both in turn; what one has more of comes last.
fn in_turn(
    mut one: impl Iterator<Item = u64>,
    mut other: impl Iterator<Item = u64>,
) -> impl Iterator<Item = u64> {
    let pair = move || match (one.next(), other.next()) {
        (None, None) => None,
        (one, other) => Some([one, other]),
    };
    std::iter::from_fn(pair).flatten().flatten()
}

/// So many seeds that nobody has drawn before, as far as the clock goes on.
fn fresh(count: u64) -> impl Iterator<Item = u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut random = Random::seeded(now.as_nanos() as u64);
    (0..count).map(move |_| random.below(FRESH))
}
