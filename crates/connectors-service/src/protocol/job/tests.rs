use super::*;

const PENDING: &str = include_str!("../../../tests/fixtures/job-pending.json");
const COMPLETED: &str = include_str!("../../../tests/fixtures/job-completed.json");

fn read(text: &str) -> SyncJob {
    let mut hit: Value = serde_json::from_str(text).unwrap();
    hit["_seq_no"] = 1.into();
    hit["_primary_term"] = 1.into();
    SyncJob(Record::from_hit(&hit).unwrap())
}

fn with(text: &str, patch: Map<String, Value>) -> SyncJob {
    let mut job = read(text);
    job.0.fields.extend(patch);
    job
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

#[test]
fn a_job_of_another_service_is_read() {
    let job = read(COMPLETED);
    assert_eq!(job.connector_id(), Some("WKF_DaIBoFQ5ivwbC02j"));
    assert_eq!((job.index_name(), job.worker()), (Some("search-mongo1"), Some("worker-1")));
    assert_eq!((job.status(), job.job_type()), (Some(JobStatus::Completed), JobType::Full));
    assert_eq!((job.counts().indexed, job.counts().volume), (100_000, 229));
    assert_eq!(job.filtering()["rules"][0]["id"], "DEFAULT", "one object");
    let mut listed = read(COMPLETED);
    listed.0.fields["connector"]["filtering"] = json!([job.filtering()]);
    assert_eq!(listed.filtering(), job.filtering(), "or a list of one");
    assert!(job.created_at() < job.last_seen());
}

#[test]
fn a_new_job_has_every_field_that_others_write() {
    let fields = json!({
        "index_name": "docs", "service_type": "dir", "configuration": {"a": {"value": 1}},
        "filtering": [{"active": {"rules": [1]}, "draft": {}}], "pipeline": {"name": "p"},
    });
    let record = Record { id: "c".into(), version: (0, 1), fields: patch(fields) };
    let document = SyncJob::document(&Connector(record.clone()), (JobType::Full, Trigger::Scheduled), now());
    for (name, theirs) in &read(PENDING).0.fields {
        let ours = document.get(name).unwrap_or_else(|| panic!("{name}"));
        for inner in theirs.as_object().into_iter().flatten().map(|(inner, _)| inner) {
            assert!(ours.get(inner).is_some(), "{name}.{inner}");
        }
    }
    assert_eq!(document["connector"]["filtering"], json!({"rules": [1]}), "one object, and no list");
    let job = SyncJob(Record { fields: document, ..record.clone() });
    assert_eq!((job.status(), job.filtering()), (Some(JobStatus::Pending), &json!({"rules": [1]})));
    let access = SyncJob::document(&Connector(record), (JobType::AccessControl, Trigger::OnDemand), now());
    assert_eq!(access["connector"]["index_name"], ".search-acl-filter-docs");
}

#[test]
fn a_claim_keeps_the_first_start_and_counts_takeovers() {
    let first = with(PENDING, read(PENDING).claimed("w1", now()));
    assert_eq!((first.worker(), first.status()), (Some("w1"), Some(JobStatus::InProgress)));
    assert_eq!((first.0.date("started_at"), first.takeovers()), (Some(now()), 0));
    let later = now() + chrono::Duration::hours(1);
    let mut second = first.clone();
    second.0.fields.extend(first.claimed("w2", later));
    assert_eq!((second.0.date("started_at"), second.last_seen()), (Some(now()), Some(later)));
    assert_eq!((second.worker(), second.takeovers()), (Some("w2"), 1));
}

#[test]
fn the_ends_of_a_job_set_their_dates() {
    let counts = Counts { indexed: 3, deleted: 2, volume: 1, total: Some(9), ..Counts::default() };
    for (status, completed, canceled) in [
        (JobStatus::Completed, true, false),
        (JobStatus::Error, true, false),
        (JobStatus::Canceled, true, true),
        (JobStatus::Suspended, false, false),
    ] {
        let patch = SyncJob::ended(status, Some("why"), counts, now());
        assert_eq!(patch.contains_key("completed_at"), completed, "{status}");
        assert_eq!(patch.contains_key("canceled_at"), canceled, "{status}");
        assert_eq!((&patch["status"], &patch["error"]), (&json!(status.word()), &json!("why")));
        assert_eq!(
            (&patch["indexed_document_count"], &patch["total_document_count"]),
            (&json!(3), &json!(9))
        );
    }
}

#[test]
fn a_cancel_is_asked_for_only_where_it_can_be() {
    for (status, next) in [
        ("pending", Some("canceled")),
        ("suspended", Some("canceled")),
        ("in_progress", Some("canceling")),
        ("canceling", None),
        ("completed", None),
        ("error", None),
        ("unknown", None),
    ] {
        let job = with(PENDING, patch(json!({ "status": status })));
        let asked = job.cancel_requested(now());
        assert_eq!(asked.as_ref().map(|patch| patch["status"].as_str().unwrap()), next, "{status}");
        let has_date = asked.is_some_and(|patch| patch.contains_key("cancelation_requested_at"));
        assert_eq!(has_date, next.is_some());
    }
}

#[test]
fn the_connector_learns_of_starts_and_ends() {
    let started = patch_of_start(JobType::Full, now());
    assert_eq!(
        (&started["last_sync_status"], &started["status"]),
        (&json!("in_progress"), &json!("connected"))
    );
    assert!(started["error"].is_null() && started["last_sync_error"].is_null());
    let counts = Counts { indexed: 5, ..Counts::default() };
    let ended = patch_of_end(JobType::Full, (JobStatus::Completed, None), counts, now());
    assert_eq!(
        (&ended["last_sync_status"], &ended["last_indexed_document_count"]),
        (&json!("completed"), &json!(5))
    );
    assert!(ended.contains_key("last_synced") && !ended.contains_key("status"));
    let failed = patch_of_end(JobType::AccessControl, (JobStatus::Error, Some("no")), counts, now());
    assert_eq!((&failed["last_access_control_sync_error"], &failed["error"]), (&json!("no"), &json!("no")));
    assert!(!failed.contains_key("last_sync_status") && !failed.contains_key("last_indexed_document_count"));
}

#[test]
fn a_job_names_the_pipeline_of_its_documents() {
    let of = |pipeline: Value| with(PENDING, patch(json!({"connector": {"pipeline": pipeline}}))).pipeline();
    assert_eq!(of(json!({"name": "mine"})), Some(Pipeline::new("mine")));
    let told = of(json!({"name": "mine", "reduce_whitespace": false, "run_ml_inference": null})).unwrap();
    assert!(
        !told.flags.reduce_whitespace && told.flags.run_ml_inference && told.flags.extract_binary_content
    );
    for none in [json!(null), json!({}), json!({"name": ""}), json!({"name": null})] {
        assert_eq!(of(none), None);
    }
    for name in [json!(null), json!(""), json!("mine")] {
        let told = of(json!({"name": name, "extract_binary_content": false})).unwrap();
        assert_eq!(
            (told.name.as_str(), told.flags.extract_binary_content),
            (name.as_str().unwrap_or(""), false)
        );
    }
}
