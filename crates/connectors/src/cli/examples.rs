//! What the help of each command ends with: two calls that work as they stand.

macro_rules! examples {
    ($($name:ident: $one:literal, $two:literal;)*) => {
        $(pub(super) const $name: &str = concat!("Examples:\n    ", $one, "\n    ", $two);)*
    };
}

examples! {
    SYNC: "connectors sync dir --set directory=. --index docs",
        "connectors sync dir --set directory=. --set pattern='**/*.md' --index notes --every 60";
    FOLLOW: "connectors follow mongodb --settings shop.yml --index orders",
        "connectors follow mongodb --settings shop.yml --index orders --every 10";
    SEARCH: "connectors search docs hello",
        "connectors search docs '\"disk full\" serv* -test' --hits 20";
    SOURCES: "connectors sources",
        "connectors sources dir";
    CHECK: "connectors check",
        "connectors check dir --set directory=. --index docs";
    RUN: "connectors run",
        "connectors run --es http://127.0.0.1:9200 --log info";
    LOGIN: "connectors login --host https://es.example.com:9200 --username elastic",
        "connectors login --host http://127.0.0.1:9200 --file test.yml";
    APPLY: "connectors apply fleet.yml",
        "connectors apply fleet.yml --delete --yes";
    CONNECTOR: "connectors connector create dir --id notes --index notes --set directory=.",
        "connectors connector list";
    CONNECTOR_CREATE: "connectors connector create dir --id notes --index notes --set directory=.",
        "connectors connector create dir --index docs --set directory=docs --schedule 'every 15m'";
    CONNECTOR_LIST: "connectors connector list",
        "connectors connector list --all --json";
    CONNECTOR_SHOW: "connectors connector show notes",
        "connectors connector show notes --json";
    CONNECTOR_UPDATE: "connectors connector update notes --set pattern='**/*.md'",
        "connectors connector update notes --name 'My notes'";
    CONNECTOR_DELETE: "connectors connector delete notes",
        "connectors connector delete notes --yes";
    CONNECTOR_SCHEDULE: "connectors connector schedule notes --at '0 2 * * MON-FRI'",
        "connectors connector schedule notes --off";
    JOB: "connectors job start notes",
        "connectors job list --connector notes";
    JOB_START: "connectors job start notes --wait",
        "connectors job start orders --type incremental";
    JOB_LIST: "connectors job list --connector notes",
        "connectors job list --status error --last 10";
    JOB_SHOW: "connectors job show \"$(connectors job list --json | jq -r '.[-1].id')\"",
        "connectors job show \"$(connectors job list --json | jq -r '.[-1].id')\" --json";
    JOB_CANCEL: "connectors job cancel \"$(connectors job list --json | jq -r '.[-1].id')\"",
        "connectors job cancel \"$(connectors job list --json | jq -r '.[-1].id')\" --json";
    INDEX: "connectors index list",
        "connectors index clean notes";
    INDEX_LIST: "connectors index list",
        "connectors index list --json";
    INDEX_CLEAN: "connectors index clean notes",
        "connectors index clean notes --yes";
    INDEX_DELETE: "connectors index delete notes",
        "connectors index delete notes --yes";
    COMPLETIONS: "connectors completions bash > connectors.bash",
        "connectors completions zsh > _connectors";
    FAILURES: "connectors failures",
        "connectors failures --index docs";
    VERIFY: "connectors verify dir --set directory=. --index docs",
        "connectors verify dir --set directory=. --index docs --deep";
}
