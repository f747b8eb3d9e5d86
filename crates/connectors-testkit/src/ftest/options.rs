//! What the end-to-end test is told.

use std::path::PathBuf;

use crate::Result;

/// How the end-to-end test is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program under test.
    pub program: PathBuf,
    /// Where Elasticsearch is.
    pub es: String,
    /// How many documents; more than 10,000, the most that one page of Elasticsearch holds, shows more.
    pub documents: usize,
    /// True leaves the index behind.
    pub keep: bool,
}

impl Options {
    /// Reads `--program PATH --es URL [--docs N] [--keep]`.
    ///
    /// # Errors
    /// What is not understood.
    pub fn of(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { program: PathBuf::new(), es: String::new(), documents: 12_000, keep: false };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} takes a value"));
            match argument.as_str() {
                "--program" => options.program = value()?.into(),
                "--es" => options.es = value()?.trim_end_matches('/').to_owned(),
                "--docs" => options.documents = value()?.parse().map_err(|_| "--docs takes a number")?,
                "--keep" => options.keep = true,
                other => {
                    return Err(
                        format!("{other} is no option; --program, --es, --docs and --keep are").into()
                    );
                }
            }
        }
        if options.program.as_os_str().is_empty() {
            return Err("--program PATH is needed: the program under test".into());
        }
        if options.es.is_empty() {
            return Err("--es URL is needed: the server to write to".into());
        }
        if options.documents < 100 {
            return Err("--docs takes a number from 100: of fewer, 1 % is less than one".into());
        }
        Ok(options)
    }
}
