//! The program's settings: the defaults of config.yml, what a file changes, what the command line does.

mod adopt;
mod allow;
mod environment;
mod files;
mod foreign;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod served;
mod service;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connectors_core::config::{Config, Problems, Secret};
use connectors_core::elastic::{self, Auth, BulkSettings, Preset, Retry};
use connectors_core::sync::{Options, Share, TakeOver, Tolerance};
use connectors_core::{Error, Limits, Result};
use connectors_service::secrets::{self, Secrets};
use connectors_service::worker::{Allow, Served};
use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use serde_json::{Map, Value};
use url::Url;

use crate::cli::Global;
use crate::logging::Format;
use adopt::{Adopted, adopt};
use files::parse;
#[cfg(test)]
use files::set_once;
pub(crate) use files::{file, of_source};
use tree::{Tree, flatten, once_each, unusable};

/// The file with every setting and its default, as of this build.
const DEFAULTS: &str = include_str!("../../../config.yml");

connectors_core::config! {
    /// What config.yml holds, by dotted keys with `_` between parts.
    pub(crate) struct Keys {
        #[label = "elasticsearch.host"]
        pub(crate) elasticsearch_host: Option<Url>,
        #[label = "elasticsearch.username"]
        pub(crate) elasticsearch_username: Option<String>,
        #[label = "elasticsearch.password"]
        pub(crate) elasticsearch_password: Option<Secret>,
        #[label = "elasticsearch.api_key"]
        pub(crate) elasticsearch_api_key: Option<Secret>,
        #[label = "elasticsearch.bearer_token"]
        pub(crate) elasticsearch_bearer_token: Option<Secret>,
        #[label = "elasticsearch.ca_certs"]
        pub(crate) elasticsearch_ca_certs: Option<PathBuf>,
        #[label = "elasticsearch.verify_certs"]
        pub(crate) elasticsearch_verify_certs: bool,
        #[label = "elasticsearch.request_timeout", between(1, 86_400)]
        pub(crate) elasticsearch_request_timeout: u32,
        #[label = "elasticsearch.max_retries", between(0, 100)]
        pub(crate) elasticsearch_max_retries: u32,
        #[label = "elasticsearch.initial_backoff_duration", between(0, 3600)]
        pub(crate) elasticsearch_initial_backoff_duration: f64,
        #[label = "elasticsearch.backoff_multiplier", between(1, 100)]
        pub(crate) elasticsearch_backoff_multiplier: f64,
        #[label = "elasticsearch.max_wait_duration", between(0, 86_400)]
        pub(crate) elasticsearch_max_wait_duration: f64,
        #[label = "elasticsearch.feature_use_connectors_api"]
        pub(crate) elasticsearch_feature_use_connectors_api: bool,
        #[label = "elasticsearch.compression"]
        pub(crate) elasticsearch_compression: Option<bool>,
        #[label = "elasticsearch.bulk.chunk_max_mem_size", between(1, 1024)]
        pub(crate) elasticsearch_bulk_chunk_max_mem_size: u32,
        #[label = "elasticsearch.bulk.max_concurrency", between(1, 1024)]
        pub(crate) elasticsearch_bulk_max_concurrency: u32,
        #[label = "elasticsearch.bulk.queue_max_mem_size", between(1, 65_536)]
        pub(crate) elasticsearch_bulk_queue_max_mem_size: u32,
        #[label = "elasticsearch.bulk.max_text_document_size", between(1, 2047)]
        pub(crate) elasticsearch_bulk_max_text_document_size: Option<u32>,
        #[label = "elasticsearch.bulk.concurrent_downloads", between(1, 10_000)]
        pub(crate) elasticsearch_bulk_concurrent_downloads: u32,
        #[label = "elasticsearch.bulk.error_monitor.max_total_errors", between(1, 1_000_000)]
        pub(crate) elasticsearch_bulk_error_monitor_max_total_errors: u32,
        #[label = "elasticsearch.bulk.error_monitor.max_consecutive_errors", between(0, 1_000_000)]
        pub(crate) elasticsearch_bulk_error_monitor_max_consecutive_errors: u32,
        #[label = "elasticsearch.bulk.error_monitor.max_error_rate", between(0, 1)]
        pub(crate) elasticsearch_bulk_error_monitor_max_error_rate: f64,
        #[label = "elasticsearch.bulk.error_monitor.error_window_size", between(1, 1_000_000)]
        pub(crate) elasticsearch_bulk_error_monitor_error_window_size: u32,
        #[label = "index.mapping"]
        pub(crate) index_mapping: Preset,
        #[label = "embedded.data"]
        pub(crate) embedded_data: Option<PathBuf>,
        #[label = "embedded.open"]
        pub(crate) embedded_open: bool,
        #[label = "sync.delete_max_share", between(0, 1)]
        pub(crate) sync_delete_max_share: f64,
        #[label = "sync.delete_floor"]
        pub(crate) sync_delete_floor: u64,
        #[label = "sync.marks"]
        pub(crate) sync_marks: Option<PathBuf>,
        #[label = "sync.max_silence", between(1, 86_400)]
        pub(crate) sync_max_silence: u32,
        #[label = "sync.max_retry_after", between(1, 86_400)]
        pub(crate) sync_max_retry_after: u32,
        #[label = "sync.take_over"]
        pub(crate) sync_take_over: bool,
        #[label = "service.max_file_download_size", between(1, 2_147_483_647)]
        pub(crate) service_max_file_download_size: u64,
        #[label = "service.secrets"]
        pub(crate) service_secrets: Option<PathBuf>,
        #[label = "service.worker_name"]
        pub(crate) service_worker_name: Option<String>,
        #[label = "service.idling", between(1, 86_400)]
        pub(crate) service_idling: u32,
        #[label = "service.heartbeat", between(1, 1800)]
        pub(crate) service_heartbeat: u32,
        #[label = "service.check_interval", between(1, 604_800)]
        pub(crate) service_check_interval: u32,
        #[label = "service.max_concurrent_content_syncs", between(1, 10_000)]
        pub(crate) service_max_concurrent_content_syncs: u32,
        #[label = "service.max_concurrent_access_control_syncs", between(1, 10_000)]
        pub(crate) service_max_concurrent_access_control_syncs: u32,
        #[label = "service.native"]
        pub(crate) service_native: bool,
        #[label = "service.timezone"]
        pub(crate) service_timezone: String,
        #[label = "service.missed_runs", one_of(&[("once", "once"), ("skip", "skip"), ("all", "all")])]
        pub(crate) service_missed_runs: String,
        #[label = "service.job_retention.days", between(0, 36_500)]
        pub(crate) service_job_retention_days: u32,
        #[label = "service.job_retention.count", between(0, 1_000_000)]
        pub(crate) service_job_retention_count: u32,
        #[label = "service.listen"]
        pub(crate) service_listen: Option<String>,
        #[label = "service.log_level"]
        pub(crate) service_log_level: String,
        #[label = "service.log_format", one_of(&[("plain", "plain"), ("ecs", "ecs")])]
        pub(crate) service_log_format: String,
    }
}

/// The settings of one run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    keys: Keys,
    /// Service types that may be used.
    pub(crate) sources: Vec<String>,
    /// The connectors that the service is limited to.
    served: BTreeMap<String, Served>,
    /// What connectors of the service may use.
    allow: Allow,
    /// Settings of the file that have no effect, with the reason.
    notes: Vec<String>,
}

impl Settings {
    /// Reads the file that the options or the working directory name, over the defaults.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let here = Path::new("config.yml");
        let path = global.config.as_deref().or_else(|| here.exists().then_some(here));
        secrets::mask_logins(global.es.as_deref().map(Value::from).iter());
        let Some(path) = path else { return Self::over(global, &Value::Null, "no settings file") };
        let given = file(path)?;
        secrets::mask_logins([&given]);
        Self::over(global, &given, &path.display().to_string())
    }

    fn over(global: &Global, given: &Value, shown: &str) -> Result<Self> {
        let defaults = flatten(&parse(DEFAULTS, "the defaults")?);
        let mut tree = Tree::new(defaults);
        once_each(given, shown)?;
        let Adopted { given, notes, renamed, types } =
            adopt(flatten(given), &tree).map_err(|problem| unusable(&problem, shown))?;
        tree.lay_over(given, shown)?;
        if let Some(es) = &global.es {
            tree.set("elasticsearch.host", es.as_str().into());
        }
        if let Some(level) = &global.log {
            tree.set("service.log_level", level.as_str().into());
        }
        let (mut values, sources) = tree.split("sources");
        let served = served::served(values.remove("connectors"), shown)?;
        let allow = allow::allow(&mut values, shown)?;
        let values: Map<String, Value> =
            values.into_iter().map(|(key, value)| (key.replace('.', "_"), value)).collect();
        let keys = Keys::parse(&values)
            .map_err(|problems| unusable(&by_label(problems, global, &renamed), shown))?;
        let is_wanted = |name: &String| types.as_ref().is_none_or(|types| types.contains(name));
        let sources = sources.into_keys().filter(is_wanted).collect();
        Ok(Self { keys, sources, served, allow, notes })
    }

    /// Logs once which settings have no effect, and why.
    pub(crate) fn log_notes(&self) {
        for note in &self.notes {
            tracing::info!("settings: {note}");
        }
    }

    /// The level or filter of the log.
    pub(crate) fn log(&self) -> &str {
        &self.keys.service_log_level
    }

    /// How log lines look.
    pub(crate) fn log_format(&self) -> Format {
        if self.keys.service_log_format == "ecs" { Format::Ecs } else { Format::Plain }
    }

    /// True when the server's connector API may be used.
    pub(crate) fn wants_connectors_api(&self) -> bool {
        self.keys.elasticsearch_feature_use_connectors_api
    }

    /// The folder of the embedded server.
    pub(crate) fn data(&self) -> Result<PathBuf> {
        self.keys.embedded_data.clone().or_else(platform_folder).ok_or_else(|| {
            Error::config(
                "this platform names no folder for data; set `embedded.data`, or `elasticsearch.host`",
            )
        })
    }

    /// True when programs without the token of the data folder may use the embedded server.
    pub(crate) fn is_embedded_open(&self) -> bool {
        self.keys.embedded_open
    }

    /// The folder where marks are kept between syncs; none where the platform names no folder for data.
    pub(crate) fn marks(&self) -> Option<PathBuf> {
        let platform = || platform_folder().map(|folder| folder.join("marks"));
        self.keys.sync_marks.clone().or_else(platform)
    }

    /// What references in the settings of sources lead to.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::new(self.keys.service_secrets.clone())
    }

    /// How to reach Elasticsearch; none without a host.
    pub(crate) fn elastic(&self) -> Result<Option<elastic::Settings>> {
        let Some(host) = self.keys.elasticsearch_host.clone() else {
            return self.is_without_login().map(|()| None);
        };
        if self.keys.elasticsearch_ca_certs.is_some() && !self.keys.elasticsearch_verify_certs {
            return Err(Error::config(
                "`elasticsearch.ca_certs` names whom to trust, and `elasticsearch.verify_certs: false` trusts anybody; leave one of \
                 them out",
            ));
        }
        let mut settings = self.tuned(host);
        settings.auth = self.auth()?;
        settings.verify_certs = self.keys.elasticsearch_verify_certs;
        settings.compression = self.keys.elasticsearch_compression;
        if let Some(path) = &self.keys.elasticsearch_ca_certs {
            let pem = fs::read(path).map_err(|error| {
                Error::config("elasticsearch.ca_certs can't be read")
                    .with("file", path.display())
                    .caused_by(error)
            })?;
            settings.ca_certs = Some(pem);
        }
        Ok(Some(settings))
    }

    /// The settings that hold for any server, the embedded one too.
    pub(crate) fn tuned(&self, host: Url) -> elastic::Settings {
        let keys = &self.keys;
        let mut settings = elastic::Settings::new(host);
        settings.timeout = Duration::from_secs(keys.elasticsearch_request_timeout.into());
        settings.retry = Retry {
            max: keys.elasticsearch_max_retries as usize,
            initial: Duration::from_secs_f64(keys.elasticsearch_initial_backoff_duration),
            multiplier: keys.elasticsearch_backoff_multiplier as f32,
            longest: Duration::from_secs_f64(keys.elasticsearch_max_wait_duration),
            ..Retry::default()
        };
        settings.bulk = BulkSettings {
            chunk_bytes: (keys.elasticsearch_bulk_chunk_max_mem_size as usize) << 20,
            max_concurrency: keys.elasticsearch_bulk_max_concurrency as usize,
            queue_bytes: (keys.elasticsearch_bulk_queue_max_mem_size as usize) << 20,
        };
        settings
    }

    /// What sources and contents may use.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_content: self.keys.service_max_file_download_size,
            max_text: self.keys.elasticsearch_bulk_max_text_document_size.map(|size| u64::from(size) << 20),
            silence: Duration::from_secs(self.keys.sync_max_silence.into()),
            concurrent_contents: self.keys.elasticsearch_bulk_concurrent_downloads as usize,
            retry: Retry {
                longest_asked: Duration::from_secs(self.keys.sync_max_retry_after.into()),
                ..Limits::default().retry
            },
        }
    }

    /// How a sync is done.
    pub(crate) fn sync(&self) -> Options {
        Options {
            delete_share: self.keys.sync_delete_max_share,
            delete_floor: self.keys.sync_delete_floor,
            tolerance: self.tolerance(),
            mapping: self.keys.index_mapping,
            take_over: if self.keys.sync_take_over { TakeOver::Unowned } else { TakeOver::Never },
            ..Options::default()
        }
    }

    /// How many documents of a sync may fail.
    fn tolerance(&self) -> Tolerance {
        let keys = &self.keys;
        let most = keys.elasticsearch_bulk_error_monitor_max_error_rate;
        let window = keys.elasticsearch_bulk_error_monitor_error_window_size.into();
        Tolerance {
            total: keys.elasticsearch_bulk_error_monitor_max_total_errors as usize,
            in_a_row: Some(keys.elasticsearch_bulk_error_monitor_max_consecutive_errors.into())
                .filter(|most| *most > 0),
            of_last: (most < 1.0).then_some(Share { most, window }),
        }
    }

    /// Refuses credentials without a server: the embedded one, which takes none, would be used in its place.
    fn is_without_login(&self) -> Result<()> {
        let keys = &self.keys;
        let given = [
            ("elasticsearch.username", keys.elasticsearch_username.is_some()),
            ("elasticsearch.password", keys.elasticsearch_password.is_some()),
            ("elasticsearch.api_key", keys.elasticsearch_api_key.is_some()),
            ("elasticsearch.bearer_token", keys.elasticsearch_bearer_token.is_some()),
            ("elasticsearch.ca_certs", keys.elasticsearch_ca_certs.is_some()),
        ];
        let Some((name, _)) = given.into_iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
        Err(Error::config(format!(
            "`{name}` is set, and `elasticsearch.host` is not; set it or give `--es URL`, or leave `{name}` out to use the \
             embedded server"
        )))
    }

    fn auth(&self) -> Result<Auth> {
        let keys = &self.keys;
        let user = keys.elasticsearch_username.clone();
        let password = keys.elasticsearch_password.clone();
        let (key, token) = (keys.elasticsearch_api_key.clone(), keys.elasticsearch_bearer_token.clone());
        match (user, password, key, token) {
            (None, None, None, None) => Ok(Auth::None),
            (Some(user), Some(password), None, None) => Ok(Auth::Basic(user, password)),
            (None, None, Some(key), None) => Ok(Auth::ApiKey(key)),
            (None, None, None, Some(token)) => Ok(Auth::Bearer(token)),
            _ => Err(Error::config(
                "give one way to log in to Elasticsearch: `username` with `password`, `api_key`, or `bearer_token`",
            )),
        }
    }
}

/// Our part of the platform's folder for data.
fn platform_folder() -> Option<PathBuf> {
    choose_native_strategy().ok().map(|folders| folders.data_dir().join("connectors"))
}

/// The problems with the keys as a file spells them, or as the command line does.
fn by_label(mut problems: Problems, global: &Global, renamed: &adopt::Renamed) -> Problems {
    let fields = Keys::fields();
    for problem in &mut problems.0 {
        if problem.field == "elasticsearch_host" && global.es.is_some() {
            problem.field = "--es (or CONNECTORS_ES)".into();
            continue;
        }
        if let Some(field) = fields.iter().find(|field| field.name == problem.field) {
            let label = renamed.get(field.label.as_str()).copied();
            problem.field = label.unwrap_or(&field.label).to_owned();
        }
    }
    problems
}

#[cfg(test)]
mod tests;
