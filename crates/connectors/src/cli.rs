//! What can be asked of the program.

mod examples;
mod service;

pub(crate) use service::{Apply, Connector, Create, Index, Job, Login, Yes};

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use connectors_core::sync::Pipeline;

/// Keeps Elasticsearch indices equal to third-party sources.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
    0  done: all is equal; run and follow were stopped
    1  failed
    2  wrong usage or wrong settings
    3  done in part: documents failed, or the listing was not complete
    4  deletes are withheld until --allow-deletes, or the index is that of another owner or tool
       until --take-over
    5  a difference was found (verify)
  130  stopped by Ctrl-C or SIGTERM, or ended at once by a second Ctrl-C
  143  ended at once by a second SIGTERM

Examples:
    connectors sync dir --set directory=. --index docs
    connectors search docs hello";

/// Above the options of every command in its help.
const EVERYWHERE: &str = "Options of every command";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Settings of the program [default: config.yml of this folder, if there is one]
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "CONNECTORS_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Address of Elasticsearch, in place of `elasticsearch.host`
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "CONNECTORS_ES", value_name = "URL", hide_env_values = true)]
    pub(crate) es: Option<String>,
    /// Answer with JSON; an error is a JSON object on the last line of standard error
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// Show times in UTC, not in the zone of this machine
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) utc: bool,
    /// error, warn, info, debug or trace; or a filter such as `connectors_core=debug`
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an index equal to a source
    #[command(after_help = examples::SYNC)]
    Sync(Sync),
    /// Stay, and apply the changes of a source as they come
    #[command(after_help = examples::FOLLOW)]
    Follow(Follow),
    /// Search an index
    #[command(after_help = examples::SEARCH)]
    Search(Search),
    /// List the connectors of this build, or the settings of one
    #[command(after_help = examples::SOURCES)]
    Sources {
        /// Service type, such as `dir`
        name: Option<String>,
    },
    /// Check the settings, and whether both ends can be reached
    #[command(after_help = examples::CHECK)]
    Check {
        /// Service type, such as `dir`; without one only Elasticsearch is tried
        #[arg(value_name = "TYPE")]
        name: Option<String>,
        #[command(flatten)]
        values: Values,
        /// Also report how this index is mapped, where settings or source say otherwise, and what it does not hold
        #[arg(long)]
        index: Option<String>,
    },
    /// Run the service: sync connectors by their schedules and when asked, until it is stopped
    #[command(after_help = examples::RUN)]
    Run,
    /// Try address and credentials of Elasticsearch, and keep them in the settings file
    #[command(after_help = examples::LOGIN)]
    Login(Login),
    /// Make the connectors of the service those that files declare
    #[command(after_help = examples::APPLY)]
    Apply(Apply),
    /// Make, look at and change connectors that the service runs
    #[command(subcommand, after_help = examples::CONNECTOR)]
    Connector(Connector),
    /// Ask for sync jobs and look at them
    #[command(subcommand, after_help = examples::JOB)]
    Job(Job),
    /// List, empty or remove the indices of connectors and syncs
    #[command(subcommand, after_help = examples::INDEX)]
    Index(Index),
    /// List documents that failed
    #[command(after_help = examples::FAILURES)]
    Failures {
        /// Only of this index
        #[arg(long)]
        index: Option<String>,
    },
    /// Compare an index with its source, without writing
    #[command(after_help = examples::VERIFY)]
    Verify(Verify),
    /// Print what a shell needs to complete this program's command lines
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Serve a data folder to other commands until none of them runs; they start it themselves
    #[command(hide = true)]
    EmbeddedServer(EmbeddedServer),
}

/// Serve a data folder to other commands.
#[derive(Debug, Args)]
pub(crate) struct EmbeddedServer {
    /// The data folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Answer requests without the folder's token too
    #[arg(long)]
    pub(crate) open: bool,
}

/// Which source, and its settings.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Service type, such as `dir`; `connectors sources` lists them
    #[arg(value_name = "TYPE")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) values: Values,
}

/// The settings of a source.
#[derive(Debug, Clone, Args)]
pub(crate) struct Values {
    /// A setting of the source, such as `directory=docs`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Settings of the source in a YAML or JSON file; `--set` goes over it
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// What is read, and what of it.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The ingest pipeline that documents go through
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// The source's own filter, in a YAML or JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}

/// Make an index equal to a source.
#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The index; made when it is not there
    #[arg(long)]
    pub(crate) index: String,
    /// Only show what a sync would do: how many documents it would create, update and delete, and the first of each. The whole
    /// source is listed, and nothing is written
    #[arg(long, conflicts_with_all = ["take_over", "mend", "retry_failed", "incremental", "access_control", "every"])]
    pub(crate) dry_run: bool,
    /// Delete however many documents the source no longer has
    #[arg(long)]
    pub(crate) allow_deletes: bool,
    /// Write into an index that belongs to another source or connector, or that holds documents of another tool; those that the
    /// source does not have are then deleted. Shows what is in it and asks
    #[arg(long)]
    pub(crate) take_over: bool,
    /// With --take-over: do not ask
    #[arg(long, requires = "take_over")]
    pub(crate) yes: bool,
    /// Read every document of the index too, and write those again that somebody edited there; without it, what carries the
    /// mark of the source's document is left alone
    #[arg(long, conflicts_with_all = ["incremental", "pipeline"])]
    pub(crate) mend: bool,
    /// Send documents again that failed before
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Apply only what changed since the last sync of this index
    #[arg(long)]
    pub(crate) incremental: bool,
    /// Instead of documents, keep who may search them: the identities of the source, in `.search-acl-filter-INDEX`
    #[arg(long, conflicts_with_all = ["incremental", "rules", "pipeline"])]
    pub(crate) access_control: bool,
    /// Stay, and sync again so many seconds after each end; a source that is certain that nothing changed is
    /// not even listed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) every: Option<Duration>,
    /// With --every: end after so many syncs
    #[arg(long, value_name = "N", requires = "every")]
    pub(crate) times: Option<u32>,
}

/// Stay, and apply the changes of a source as they come.
#[derive(Debug, Args)]
pub(crate) struct Follow {
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The index, which a full sync made
    #[arg(long)]
    pub(crate) index: String,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) every: Duration,
}

/// Compare an index with its source, without writing.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The index
    #[arg(long)]
    pub(crate) index: String,
    /// Read every document and file of the source, and compare each field with what the index holds
    #[arg(long)]
    pub(crate) deep: bool,
}

/// Search an index.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// The index
    pub(crate) index: String,
    /// Words to look for: '"two words"' as a phrase, 'conf*' by their beginning, 'disk -full' without documents that hold
    /// `full`. Single quotes keep the shell from reading these characters. A typo in a word of four or more letters is forgiven
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// Hits at the most
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) hits: u32,
}

/// True where these arguments ask for JSON, also where they are wrong otherwise.
pub(crate) fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut arguments = arguments.take_while(|argument| argument != "--");
    arguments.any(|argument| argument == "--json")
}

impl Reading {
    /// The ingest pipeline that documents go through, which is to do all that it can.
    pub(crate) fn pipeline(&self) -> Option<Pipeline> {
        self.pipeline.clone().map(Pipeline::new)
    }
}

fn seconds(argument: &str) -> Result<Duration, String> {
    let number = argument.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|_| "expected a number of seconds".to_owned())
}

fn key_value(argument: &str) -> Result<(String, String), String> {
    let (key, value) = argument.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests;
