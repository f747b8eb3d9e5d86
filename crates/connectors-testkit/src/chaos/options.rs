//! What the chaos bench is told.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::Result;

/// How the bench is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program under test.
    pub program: PathBuf,
    /// The server that it writes to.
    pub target: Target,
    /// The seeds, one after the other.
    pub seeds: RangeInclusive<u64>,
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
    /// Reads `--program PATH (--embedded PATH | --es URL) [--seed N | --seeds N]`.
    ///
    /// # Errors
    /// What is not understood.
    pub fn of(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut program, mut target, mut seeds) = (None, None, 1..=20);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{argument} takes a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{argument} takes a number"));
            match argument.as_str() {
                "--program" => program = Some(value.into()),
                "--embedded" => target = Some(Target::Embedded(value.into())),
                "--es" => target = Some(Target::At(value.trim_end_matches('/').to_owned())),
                "--seed" => seeds = number()?..=number()?,
                "--seeds" => seeds = 1..=number()?,
                other => {
                    let known = "--program, --embedded, --es, --seed and --seeds are";
                    return Err(format!("{other} is no option; {known}").into());
                }
            }
        }
        let program = program.ok_or("--program PATH is needed: the program under test")?;
        let target = target.ok_or("--embedded PATH or --es URL is needed: the server to write to")?;
        Ok(Self { program, target, seeds })
    }
}
