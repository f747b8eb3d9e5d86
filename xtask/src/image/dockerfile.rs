//! A Dockerfile as stages of instructions: as much of its language as ours uses.

use crate::error::{Error, Result};

/// A whole Dockerfile.
#[derive(Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// Its stages, in order; the last one is the image.
    pub stages: Vec<Stage>,
}

/// What stands below one `FROM`.
#[derive(Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it begins with: an image, or an earlier stage.
    pub base: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its instructions, in order.
    pub instructions: Vec<Instruction>,
}

/// One instruction: `COPY --from=build /made/ /`.
#[derive(Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// Its word, in capitals.
    pub word: String,
    /// What stands before its arguments, as `--name=value`.
    pub flags: Vec<(String, String)>,
    /// Its arguments as they are written.
    pub rest: String,
}

impl Dockerfile {
    /// Reads the text of a Dockerfile.
    ///
    /// # Errors
    /// `Format` when it has no stage, or an instruction before the first one.
    pub fn parse(text: &str) -> Result<Self> {
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in logical_lines(text).into_iter().map(|(line, text)| instruction(line, &text)) {
            if instruction.word == "FROM" {
                stages.push(stage(&instruction));
            } else {
                let stage =
                    stages.last_mut().ok_or_else(|| unknown(&instruction, "stands before any FROM"))?;
                stage.instructions.push(instruction);
            }
        }
        if stages.is_empty() {
            return Err(Error::Format { what: "the Dockerfile".into(), cause: "it has no FROM".into() });
        }
        Ok(Self { stages })
    }

    /// The instructions of all stages but the last.
    pub fn before_last(&self) -> impl Iterator<Item = &Instruction> {
        self.stages[..self.stages.len() - 1].iter().flat_map(|stage| &stage.instructions)
    }

    /// The last stage.
    #[must_use]
    pub fn last(&self) -> &Stage {
        &self.stages[self.stages.len() - 1]
    }
}

impl Instruction {
    /// Its arguments: a JSON list's elements, else the words.
    ///
    /// # Errors
    /// `Format` for a list that is not JSON.
    pub fn arguments(&self) -> Result<Vec<String>> {
        if self.rest.starts_with('[') {
            return serde_json::from_str(&self.rest).map_err(|error| unknown(self, &error.to_string()));
        }
        Ok(self.rest.split_whitespace().map(str::to_owned).collect())
    }

    /// The variables of an `ENV`; a value in double quotes may hold spaces.
    ///
    /// # Errors
    /// `Format` where a variable has no value.
    pub fn variables(&self) -> Result<Vec<(String, String)>> {
        let mut variables = Vec::new();
        let mut rest = self.rest.as_str();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or_else(|| unknown(self, "expected NAME=VALUE"))?;
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or_else(|| unknown(self, "a quote is not closed"))?
                }
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            variables.push((name.to_owned(), value.to_owned()));
            rest = after.trim_start();
        }
        Ok(variables)
    }

    /// The value of a flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }
}

/// An error about an instruction.
#[must_use]
pub fn unknown(instruction: &Instruction, cause: &str) -> Error {
    Error::Format {
        what: format!(
            "line {} of the Dockerfile, {} {}",
            instruction.line, instruction.word, instruction.rest
        ),
        cause: cause.into(),
    }
}

/// Lines without comments, those that end in `\` joined with the next, each with the number that it begins at.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let part = line.strip_suffix('\\').map_or(line, str::trim_end);
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, whole)) => *whole = format!("{whole} {part}"),
            None => lines.push((number + 1, part.to_owned())),
        }
        goes_on = line.ends_with('\\');
    }
    lines
}

fn instruction(line: usize, text: &str) -> Instruction {
    let (word, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut flags = Vec::new();
    rest = rest.trim_start();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        flags.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Instruction { line, word: word.to_uppercase(), flags, rest: rest.to_owned() }
}

fn stage(from: &Instruction) -> Stage {
    let words: Vec<&str> = from.rest.split_whitespace().collect();
    let name = words.get(2).filter(|_| words[1].eq_ignore_ascii_case("as")).map(|name| (*name).to_owned());
    let base = words.first().copied().unwrap_or_default().to_owned();
    Stage { base, name, instructions: Vec::new() }
}

#[cfg(test)]
mod tests;
