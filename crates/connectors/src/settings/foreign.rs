//! The keys of elastic/connectors' config.yml that config.yml of this program lacks, and what becomes of each.

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    /// It sets this key of ours, unless the file gives that too.
    Sets(&'static str),
    /// It is applied in this way.
    Applied(&'static str),
    /// It has no effect, for this reason.
    Ignored(&'static str),
}
use Effect::{Applied, Ignored, Sets};

impl Effect {
    /// The effect in words, as docs/migrating.md lists it.
    pub(super) fn words(self) -> String {
        match self {
            Sets(key) => format!("sets `{key}`, unless the file gives that too"),
            Applied(how) => how.to_owned(),
            Ignored(why) => format!("has no effect here because {why}"),
        }
    }
}

/// Key → effect; a key that ends in `.*` stands for its whole section.
pub(super) const KEYS: &[(&str, Effect)] = &[
    ("connector_id", Applied("adds an entry to `connectors`")),
    ("service_type", Applied("the service type of `connector_id`; has no effect without that")),
    (
        "elasticsearch.ssl",
        Applied(
            "`true`: a host without a scheme is reached by https, and one with `http://` is refused; `false`: the scheme decides",
        ),
    ),
    (
        "elasticsearch.retry_on_timeout",
        Ignored("a request that times out is always retried, `elasticsearch.max_retries` times"),
    ),
    ("elasticsearch.retry_interval", Sets("elasticsearch.initial_backoff_duration")),
    (
        "elasticsearch.log_level",
        Ignored("`service.log_level` may be a filter by parts, such as `info,connectors_core=debug`"),
    ),
    ("elasticsearch.bulk.max_retries", Sets("elasticsearch.max_retries")),
    ("elasticsearch.bulk.retry_interval", Sets("elasticsearch.initial_backoff_duration")),
    (
        "elasticsearch.bulk.chunk_size",
        Ignored("a bulk is sent at `elasticsearch.bulk.chunk_max_mem_size` or at 5,000 operations"),
    ),
    (
        "elasticsearch.bulk.display_every",
        Ignored("progress is shown by time: a job's document holds its counts, at most ten seconds old"),
    ),
    (
        "elasticsearch.bulk.enable_operations_logging",
        Ignored("single operations are not logged; `connectors failures` lists those that failed"),
    ),
    (
        "elasticsearch.bulk.queue_max_size",
        Ignored("the queue is bounded by its size in memory, `elasticsearch.bulk.queue_max_mem_size`"),
    ),
    ("elasticsearch.bulk.queue_refresh_interval", Ignored("the queue wakes its writers and is not polled")),
    (
        "elasticsearch.bulk.queue_refresh_timeout",
        Ignored(
            "a full queue waits until its requests are answered or `elasticsearch.request_timeout` is over",
        ),
    ),
    (
        "elasticsearch.bulk.error_monitor.enabled",
        Applied(
            "`false`: sets `elasticsearch.bulk.error_monitor.max_total_errors` to 1000000, the highest, and the two other limits there to none",
        ),
    ),
    (
        "elasticsearch.bulk.error_monitor.error_queue_size",
        Ignored("failed documents are kept in an index, which `connectors failures` lists"),
    ),
    ("service.worker_mode", Ignored("each `connectors run` both schedules and runs jobs")),
    ("service.service_types", Applied("only these types are used, as if `sources` listed no other")),
    ("service.preflight_max_attempts", Ignored(WAITS)),
    ("service.preflight_idle", Ignored(WAITS)),
    ("service.max_errors", Ignored(GOES_ON)),
    ("service.max_errors_span", Ignored(GOES_ON)),
    (
        "service.max_concurrent_scheduling_tasks",
        Ignored("one look at all connectors, each `service.idling` seconds, makes the jobs that are due"),
    ),
    (
        "service.job_cleanup_interval",
        Ignored("jobs without a connector or a worker are looked for each `service.idling` seconds"),
    ),
    (
        "service.fips_mode",
        Applied(
            "`true` is refused: this program uses no FIPS-validated cryptography; `false` changes nothing",
        ),
    ),
    (
        "extraction_service.*",
        Ignored(
            "no extraction service is called: the program reads files that are text, and indexes others without it",
        ),
    ),
];

const WAITS: &str = "`connectors run` waits for a server that is away until it answers";
const GOES_ON: &str =
    "errors do not end `connectors run`: they are those of a job or a connector, and it goes on";

/// The effect of a key; none for one that is not in the table.
pub(super) fn effect(key: &str) -> Option<(&'static str, Effect)> {
    KEYS.iter().find(|(name, _)| covers(name, key)).copied()
}

/// True where this entry of the table stands for a key.
pub(super) fn covers(name: &str, key: &str) -> bool {
    name == key || name.strip_suffix(".*").is_some_and(|section| is_within(key, section))
}

/// True for a section and for what is in it.
fn is_within(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_guide_with_the_same_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/migrating.md");
        let guide = std::fs::read_to_string(path).unwrap();
        let rows: Vec<String> =
            KEYS.iter().map(|(key, effect)| format!("| `{key}` | {} |", effect.words())).collect();
        let missing: Vec<&String> =
            rows.iter().filter(|row| !guide.lines().any(|line| line == *row)).collect();
        assert!(missing.is_empty(), "docs/migrating.md lacks:\n{missing:#?}");
    }

    #[test]
    fn a_section_is_known_with_all_that_is_in_it() {
        for key in ["extraction_service", "extraction_service.host", "extraction_service.a.b"] {
            assert!(matches!(effect(key), Some((_, Ignored(_)))), "{key}");
        }
        assert_eq!(effect("extraction_services"), None);
    }
}
