//! What the image is, read from its Dockerfile: how its program is built, what lies where, how it runs.

use crate::error::{Error, Result};
use crate::image::dockerfile::{Dockerfile, Instruction, unknown};

/// The image.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The command that builds the program.
    pub build: Vec<String>,
    /// The folders that its build makes, with their mode.
    pub folders: Vec<(String, u32)>,
    /// What is copied into it, in order.
    pub copies: Vec<Copy>,
    /// The environment of its program.
    pub environment: Vec<(String, String)>,
    /// The user and group that its program runs as.
    pub user: (u32, u32),
    /// Its program, before the arguments.
    pub entry: Vec<String>,
    /// The command that tells whether it is well.
    pub health: Vec<String>,
}

/// One `COPY` of the final stage.
#[derive(Debug, PartialEq, Eq)]
pub struct Copy {
    /// True for what an earlier stage made, false for files of the workspace.
    pub is_made: bool,
    /// What is copied.
    pub sources: Vec<String>,
    /// Where to; below it where it ends in `/`.
    pub target: String,
}

impl Plan {
    /// Reads the plan.
    ///
    /// # Errors
    /// `Format` for an instruction that the check would not follow, so that the two can't drift apart; `Gate` for a
    /// Dockerfile whose image would not be what it has to be.
    pub fn of(file: &Dockerfile) -> Result<Self> {
        let mut plan = Self { build: build(file)?, folders: folders(file)?, ..Self::default() };
        if file.last().base != "scratch" {
            return Err(Error::Gate(format!("the image is built on {}, not on scratch", file.last().base)));
        }
        file.last().instructions.iter().try_for_each(|instruction| plan.follow(instruction))?;
        plan.judged()
    }

    fn follow(&mut self, instruction: &Instruction) -> Result<()> {
        match instruction.word.as_str() {
            "COPY" => self.copies.push(copy(instruction)?),
            "ENV" => self.environment.extend(instruction.variables()?),
            "USER" => self.user = user(instruction)?,
            "ENTRYPOINT" => self.entry = list(instruction)?,
            "HEALTHCHECK" => self.health = list(&command_of(instruction)?)?,
            // They change nothing about the files, and the program is given its arguments.
            "CMD" | "EXPOSE" | "LABEL" | "STOPSIGNAL" | "VOLUME" | "WORKDIR" => {}
            _ => return Err(unknown(instruction, "the check does not know what it does to the image")),
        }
        Ok(())
    }

    fn judged(self) -> Result<Self> {
        let lacking = [
            (self.user.0 == 0 || self.user.1 == 0, "its program runs as root: give it a USER of numbers"),
            (self.entry.is_empty(), "it has no ENTRYPOINT"),
            (self.health.is_empty(), "it has no HEALTHCHECK"),
        ];
        match lacking.iter().find(|(lacks, _)| *lacks) {
            Some((_, what)) => Err(Error::Gate(format!("the image: {what}"))),
            None => Ok(self),
        }
    }
}

fn build(file: &Dockerfile) -> Result<Vec<String>> {
    for instruction in file.before_last().filter(|instruction| instruction.word == "ENV") {
        if let Some((_, command)) = instruction.variables()?.into_iter().find(|(name, _)| name == "BUILD") {
            return Ok(command.split_whitespace().map(str::to_owned).collect());
        }
    }
    Err(Error::Format { what: "the Dockerfile".into(), cause: "no stage has ENV BUILD=\"cargo …\"".into() })
}

/// The folders of each `RUN mkdir -p -m MODE FOLDER…`.
fn folders(file: &Dockerfile) -> Result<Vec<(String, u32)>> {
    let mut folders = Vec::new();
    for instruction in file.before_last().filter(|instruction| instruction.word == "RUN") {
        let words = instruction.arguments()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let ["mkdir", "-p", "-m", mode, made @ ..] = words.as_slice() {
            let mode = u32::from_str_radix(mode, 8)
                .map_err(|_| unknown(instruction, "expected a mode of octal digits"))?;
            folders.extend(made.iter().map(|folder| ((*folder).to_owned(), mode)));
        }
    }
    Ok(folders)
}

fn copy(instruction: &Instruction) -> Result<Copy> {
    if instruction.flags.iter().any(|(flag, _)| flag != "from") {
        return Err(unknown(instruction, "the check knows no other flag than --from"));
    }
    let mut sources = instruction.arguments()?;
    let target = sources.pop().filter(|_| !sources.is_empty());
    let target = target.ok_or_else(|| unknown(instruction, "expected SOURCE… TARGET"))?;
    Ok(Copy { is_made: instruction.flag("from").is_some(), sources, target })
}

fn user(instruction: &Instruction) -> Result<(u32, u32)> {
    let numbers = instruction.rest.split_once(':');
    let numbers = numbers.and_then(|(user, group)| Some((user.parse().ok()?, group.parse().ok()?)));
    numbers.ok_or_else(|| unknown(instruction, "expected two numbers: the image has no list of users"))
}

/// What follows the flags of a health check.
fn command_of(instruction: &Instruction) -> Result<Instruction> {
    let rest =
        instruction.rest.strip_prefix("CMD ").ok_or_else(|| unknown(instruction, "expected CMD [\"…\"]"))?;
    Ok(Instruction {
        rest: rest.trim().to_owned(),
        flags: Vec::new(),
        word: instruction.word.clone(),
        ..*instruction
    })
}

fn list(instruction: &Instruction) -> Result<Vec<String>> {
    if !instruction.rest.starts_with('[') {
        return Err(unknown(instruction, "expected a list: the image has no shell"));
    }
    instruction.arguments()
}

#[cfg(test)]
pub(crate) mod tests;
