//! What can be asked about connectors that the service runs, their jobs and their indices.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use connectors_core::config::address;
use connectors_service::protocol::JobType;
use url::Url;

use super::{Values, examples};

/// Make, look at and change connectors.
#[derive(Debug, Subcommand)]
pub(crate) enum Connector {
    /// Make a connector
    #[command(after_help = examples::CONNECTOR_CREATE)]
    Create(Create),
    /// List connectors
    #[command(after_help = examples::CONNECTOR_LIST)]
    List {
        /// With those that are marked as deleted
        #[arg(long)]
        all: bool,
    },
    /// Show a connector: state, settings (secrets masked), schedules
    #[command(after_help = examples::CONNECTOR_SHOW)]
    Show {
        /// Its id
        id: String,
    },
    /// Change settings or the name of a connector
    #[command(after_help = examples::CONNECTOR_UPDATE)]
    Update {
        /// Its id
        id: String,
        #[command(flatten)]
        values: Values,
        /// Another name
        #[arg(long)]
        name: Option<String>,
    },
    /// Remove a connector and its jobs that wait, after a yes; its index stays
    #[command(after_help = examples::CONNECTOR_DELETE)]
    Delete {
        /// Its id
        id: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Set when jobs of one type run
    #[command(after_help = examples::CONNECTOR_SCHEDULE)]
    Schedule {
        /// Its id
        id: String,
        /// Which jobs
        #[arg(long = "type", value_name = "TYPE", default_value = "full", value_parser = job_type())]
        job_type: JobType,
        /// `0 0 2 * * ?` (quartz) or `0 2 * * *` (cron) for every night at two, `@daily`, or `every 15m`
        #[arg(long = "at", value_name = "EXPRESSION", required_unless_present = "off")]
        at: Option<String>,
        /// Jobs of this type no longer run by themselves
        #[arg(long, conflicts_with = "at")]
        off: bool,
    },
}

/// Make a connector.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Service type, such as `dir`; `connectors sources` lists them
    #[arg(value_name = "TYPE")]
    pub(crate) service_type: String,
    /// The index that it keeps
    #[arg(long)]
    pub(crate) index: String,
    /// Its name [default: the name of the index]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its id [default: a random one]
    #[arg(long)]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// The language of its documents, such as `en`
    #[arg(long)]
    pub(crate) language: Option<String>,
    /// The ingest pipeline of its documents
    #[arg(long)]
    pub(crate) pipeline: Option<String>,
    /// When it is synced in full: `0 0 2 * * ?` (quartz), `0 2 * * *` (cron), `@daily`, or `every 15m`
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) schedule: Option<String>,
    /// Make it although another connector keeps the index: each sync deletes what the other one wrote
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// Ask for sync jobs and look at them.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Ask for a sync; the service takes it
    #[command(after_help = examples::JOB_START)]
    Start {
        /// The connector's id
        connector: String,
        /// What it does
        #[arg(long = "type", value_name = "TYPE", default_value = "full", value_parser = job_type())]
        job_type: JobType,
        /// Wait until it is over; ends with 0 where it is completed, and with 1 where it is not
        #[arg(long)]
        wait: bool,
    },
    /// List jobs, the newest last
    #[command(after_help = examples::JOB_LIST)]
    List {
        /// Only of this connector
        #[arg(long, value_name = "ID")]
        connector: Option<String>,
        /// Only in this state, such as `error`
        #[arg(long)]
        status: Option<String>,
        /// So many at the most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        last: u32,
    },
    /// Show a job
    #[command(after_help = examples::JOB_SHOW)]
    Show {
        /// Its id
        id: String,
    },
    /// Ask a job to stop
    #[command(after_help = examples::JOB_CANCEL)]
    Cancel {
        /// Its id
        id: String,
    },
}

/// Make the connectors of the service those that files declare. What is to be done is shown before.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// YAML files with `connectors:`, each with id, type, index, and what it wants of settings, schedule and rules
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete connectors that no file declares; their indices stay
    #[arg(long)]
    pub(crate) delete: bool,
    /// Take indices that connectors keep which no file declares
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// A yes that is given beforehand.
#[derive(Debug, Args)]
pub(crate) struct Yes {
    /// Do it without asking; needed where there is no terminal to ask on
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Look at the indices of connectors and syncs.
#[derive(Debug, Subcommand)]
pub(crate) enum Index {
    /// List the indices that connectors keep and that syncs made, with their sizes
    #[command(after_help = examples::INDEX_LIST)]
    List,
    /// Empty an index, after a yes; the next full sync fills it again
    #[command(after_help = examples::INDEX_CLEAN)]
    Clean {
        /// The index
        name: String,
        #[command(flatten)]
        yes: Yes,
    },
    /// Remove an index, after a yes
    #[command(after_help = examples::INDEX_DELETE)]
    Delete {
        /// The index
        name: String,
        #[command(flatten)]
        yes: Yes,
    },
}

/// Try address and credentials of Elasticsearch, and keep them in the settings file. The secret is asked for, or
/// read from standard input.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Its address
    #[arg(long, value_name = "URL", value_parser = address)]
    pub(crate) host: Option<Url>,
    /// Log in as this user; without one the secret is an API key
    #[arg(long)]
    pub(crate) username: Option<String>,
    /// The settings file [default: config.yml of this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Reads a type of job; its words stand in the help.
fn job_type() -> impl TypedValueParser<Value = JobType> {
    let words = JobType::ALL.iter().map(|job_type| job_type.word());
    PossibleValuesParser::new(words).try_map(|word| JobType::of(&word).ok_or("there is no such type of job"))
}
