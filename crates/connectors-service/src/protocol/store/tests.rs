mod api;

use super::*;
use crate::protocol::{JobType, NewConnector, Trigger, timestamp};
use connectors_core::elastic::Settings;
use connectors_testkit::memory::SOURCE;
use connectors_testkit::proxy::{Fault, Plan, Proxy};
use elastic_embedded::{Options, Server};
use tempfile::TempDir;

async fn store() -> (Store, (Server, TempDir)) {
    let data = TempDir::new().unwrap();
    let server = Server::start(Options::new(data.path().to_owned())).await.unwrap();
    let client = Client::connect(Settings::new(server.url().parse().unwrap())).await.unwrap();
    (Store::open(&client, true).await.unwrap(), (server, data))
}

fn connector() -> Map<String, Value> {
    let asked = NewConnector { name: "n".into(), index_name: "docs".into(), ..NewConnector::default() };
    asked.document(&SOURCE, DateTime::UNIX_EPOCH)
}

fn patch(fields: Value) -> Map<String, Value> {
    fields.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_indices_are_made_once_under_their_aliases() {
    let (store, _server) = store().await;
    let again = Store::open(store.client(), true).await.unwrap();
    assert!(!again.has_api, "the embedded server has no connector API");
    let answer: Value = store.client().json(&Request::get("/.elastic-connectors/_mapping")).await.unwrap();
    let mapping = &answer[".elastic-connectors-v1"]["mappings"];
    assert_eq!(mapping["_meta"]["pipeline"]["default_name"], "search-default-ingestion");
    assert_eq!((&mapping["_meta"]["version"], &mapping["dynamic"]), (&json!(1), &json!("false")));
    let answer: Value =
        store.client().json(&Request::get("/.elastic-connectors-sync-jobs/_mapping")).await.unwrap();
    assert_eq!(
        answer[".elastic-connectors-sync-jobs-v1"]["mappings"]["properties"]["status"]["type"],
        "keyword"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_counts_only_for_the_version_that_was_read() {
    let (store, _server) = store().await;
    assert!(store.create(Kind::Connector, "a b/c.1", &connector()).await.unwrap());
    assert!(!store.create(Kind::Connector, "a b/c.1", &connector()).await.unwrap(), "an id is given once");
    let read = store.connector("a b/c.1").await.unwrap().unwrap();
    let fields = patch(json!({"error": "e", "scheduling": {"full": {"enabled": true}}}));
    let Written::Done(written) = store.update(Kind::Connector, &read.0, &fields).await.unwrap() else {
        panic!("the first writer wins")
    };
    assert_eq!(store.connector("a b/c.1").await.unwrap().unwrap().0, written, "other fields are untouched");
    assert_eq!(written.text("scheduling.full.interval"), Some("0 0 0 * * ?"));
    assert_eq!(store.update(Kind::Connector, &read.0, &fields).await.unwrap(), Written::Conflict);
    assert!(store.delete(Kind::Connector, "a b/c.1").await.unwrap());
    assert_eq!(store.update(Kind::Connector, &written, &fields).await.unwrap(), Written::Conflict);
    assert!(!store.delete(Kind::Connector, "a b/c.1").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_again_on_what_others_wrote() {
    let (store, _server) = store().await;
    store.create(Kind::Connector, "c", &connector()).await.unwrap();
    let count = |record: &Record| Ok(Some(patch(json!({"n": record.count("n") + 1}))));
    let all = futures::future::join_all((0..5).map(|_| store.change(Kind::Connector, "c", count))).await;
    assert!(all.iter().all(|changed| changed.as_ref().unwrap().is_some()));
    assert_eq!(store.connector("c").await.unwrap().unwrap().0.count("n"), 5);
    assert_eq!(store.change(Kind::Connector, "none", count).await.unwrap(), None);
    assert_eq!(store.change(Kind::Connector, "c", |_| Ok(None)).await.unwrap(), None);
    let calls = std::sync::atomic::AtomicU64::new(0);
    let stubborn = |record: &Record| {
        let stale = Record { version: (0, 1), ..record.clone() };
        calls.fetch_add(stale.version.1, std::sync::atomic::Ordering::Relaxed);
        Err(Error::config("no"))
    };
    assert_eq!(store.change(Kind::Connector, "c", stubborn).await.unwrap_err().to_string(), "no");
    assert_eq!(calls.into_inner(), 1, "what a change refuses is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_come_oldest_first_and_by_state() {
    let (store, _server) = store().await;
    let connector = Connector(Record { id: "c".into(), version: (0, 1), fields: connector() });
    for (id, second, status) in [("b", 2, "pending"), ("a", 1, "pending"), ("z", 0, "completed")] {
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let mut job = SyncJob::document(&connector, (JobType::Full, Trigger::OnDemand), at);
        job.insert("status".into(), status.into());
        store.create(Kind::Job, id, &job).await.unwrap();
    }
    let ids = |jobs: Vec<SyncJob>| jobs.iter().map(|job| job.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(store.jobs_in(&[JobStatus::Pending]).await.unwrap()), ["a", "b"]);
    let all = json!({"match_all": {}});
    assert_eq!(ids(store.jobs(&all, Some(2)).await.unwrap()), ["a", "b"], "the newest two, in their order");
    assert_eq!(
        store.job("z").await.unwrap().unwrap().0.value("created_at"),
        &timestamp(DateTime::UNIX_EPOCH)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_found_however_many_pages_it_takes() {
    let (mut store, _server) = store().await;
    store.page = 3;
    for number in 0..10 {
        assert!(store.create(Kind::Connector, &format!("c{number}"), &connector()).await.unwrap());
    }
    let found = store.connectors().await.unwrap();
    let ids: Vec<&str> = found.iter().map(Connector::id).collect();
    assert_eq!(ids, (0..10).map(|number| format!("c{number}")).collect::<Vec<_>>());
    let document = SyncJob::document(&found[0], (JobType::Full, Trigger::OnDemand), DateTime::UNIX_EPOCH);
    for _ in 0..6 {
        store.add(Kind::Job, &document).await.unwrap();
    }
    assert_eq!(store.jobs_in(&JobStatus::OPEN).await.unwrap().len(), 6, "just two pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_marked_as_removed_is_none_and_its_id_is_free() {
    let (store, _server) = store().await;
    store.create(Kind::Connector, "c", &connector()).await.unwrap();
    let removed = patch(json!({"deleted": true}));
    store.change(Kind::Connector, "c", |_| Ok(Some(removed.clone()))).await.unwrap();
    assert!(store.connectors().await.unwrap().is_empty() && store.connector("c").await.unwrap().is_none());
    let all = store.connectors_and_removed().await.unwrap();
    assert!(all.len() == 1 && all[0].is_removed(), "{all:?}");
    assert_eq!(store.change(Kind::Connector, "c", |_| Ok(Some(removed.clone()))).await.unwrap(), None);
    assert_eq!(store.add_connector(Some("c"), &connector()).await.unwrap().as_deref(), Some("c"));
    assert!(store.connector("c").await.unwrap().is_some());
}

/// A store whose requests meet the faults of a plan, and are tried again.
async fn through(store: &Store, plan: Plan) -> (Store, Proxy) {
    let server = store.client.settings().host.socket_addrs(|| None).unwrap().remove(0);
    let proxy = Proxy::http(server, Plan::calm()).await.unwrap();
    let mut settings = Settings::new(proxy.url().parse().unwrap());
    settings.retry.initial = std::time::Duration::from_millis(1);
    let shaky = Store::open(&Client::connect(settings).await.unwrap(), true).await.unwrap();
    proxy.set_plan(plan);
    (shaky, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_again_after_a_lost_answer_is_made_once() {
    let (store, _server) = store().await;
    let (shaky, proxy) = through(&store, Plan::calm()).await;
    let lose_one = || proxy.set_plan(Plan::scripted([Some(Fault::LoseAnswer)]));
    lose_one();
    let id = shaky.add_connector(None, &connector()).await.unwrap().unwrap();
    let connector_made = store.connector(&id).await.unwrap().unwrap();
    lose_one();
    let asks = (JobType::Full, Trigger::OnDemand);
    let job = shaky.add_job(&connector_made, asks, DateTime::UNIX_EPOCH).await.unwrap();
    lose_one();
    assert_eq!(shaky.add_connector(Some("c"), &connector()).await.unwrap().as_deref(), Some("c"));
    assert_eq!(proxy.injected().get("lose_answer"), Some(&3));
    assert_eq!(store.connectors().await.unwrap().len(), 2);
    let jobs = store.jobs_in(&JobStatus::OPEN).await.unwrap();
    assert_eq!(jobs.iter().map(SyncJob::id).collect::<Vec<_>>(), [job]);

    let asked = NewConnector { name: "n".into(), index_name: "docs".into(), ..NewConnector::default() };
    let other = asked.document(&SOURCE, DateTime::from_timestamp(1, 0).unwrap());
    assert_eq!(shaky.add_connector(Some("c"), &other).await.unwrap(), None, "it is another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_removed_only_as_it_was_checked() {
    let (store, _server) = store().await;
    store.create(Kind::Connector, "c", &connector()).await.unwrap();
    let refused = store.remove_connector("c", |_| Err(Error::config("it was changed"))).await;
    assert_eq!(refused.unwrap_err().to_string(), "it was changed");
    let read = store.connector("c").await.unwrap().unwrap();
    let other = patch(json!({"name": "other"}));
    store.update(Kind::Connector, &read.0, &other).await.unwrap();
    assert!(!store.delete_unchanged(Kind::Connector, &read.0).await.unwrap(), "somebody wrote it since");
    assert!(
        store
            .remove_connector("c", |record| {
                assert_eq!(record.text("name"), Some("other"));
                Ok(())
            })
            .await
            .unwrap()
    );
    assert!(!store.remove_connector("c", |_| Ok(())).await.unwrap(), "it is gone");
}
