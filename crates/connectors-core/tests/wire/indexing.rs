//! How the index comes to be, and what is asked of one that is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connectors_core::elastic::{Preset, Request, index};
use connectors_core::sync::Status;
use connectors_core::{Error, ErrorKind, FieldKind, FieldSpec};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Call, Fault, Manner, Memory, World, accounts};

fn mapping(world: &World) -> Value {
    world.fake.kept().indices["docs"].mappings.clone()
}

#[tokio::test]
async fn a_new_index_has_our_fields_and_forgives_odd_values() {
    for (is_old, newest) in [(false, json!(true)), (true, Value::Null)] {
        let world = World::of(Manner { is_old, ..Manner::default() }, |_| ()).await;
        assert!(!index::exists(&world.client, "docs").await.unwrap());
        assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
        assert!(index::exists(&world.client, "docs").await.unwrap());
        let settings = world.fake.kept().indices["docs"].settings.clone();
        assert_eq!(settings["index.mapping.ignore_malformed"], true);
        assert_eq!(settings["index.mapping.total_fields.ignore_dynamic_beyond_limit"], newest);
        let mapping = mapping(&world);
        assert_eq!(mapping["_meta"]["sync"]["version"], 2);
        assert_eq!(mapping["_meta"]["sync"]["key"].as_str().unwrap().len(), 64);
        assert_eq!(mapping["_meta"]["sync"].get("loading"), None, "its first listing ended");
        assert_eq!(mapping["properties"]["_sync"]["properties"]["id"], json!({"type": "long"}));
        assert_eq!(
            mapping["properties"]["_sync"]["properties"]["mark"],
            json!({"type": "long", "index": false})
        );
        let count = index::count(&world.client, "docs", &json!({"match_all": {}})).await.unwrap();
        assert_eq!(count, 1);
    }
}

#[tokio::test]
async fn a_new_index_is_loaded_before_it_is_asked_anything() {
    let world = World::one_by_one().await;
    let asked_before_a_bulk = |seen: usize| -> Vec<String> {
        let kept = world.fake.kept();
        let of_index = kept.seen[seen..].iter().filter(|seen| seen.path.starts_with("/docs/"));
        let mut paths = of_index.map(|seen| seen.path.trim_start_matches("/docs/").to_owned());
        let mut asked: Vec<String> = paths.by_ref().take_while(|path| path != "_bulk").collect();
        // Settings are asked for before each bulk, as the index may be another one by then; that refreshes nothing.
        asked.dedup();
        asked
    };
    assert_eq!(world.sync(&Memory::numbered(3)).await.created, 3);
    assert_eq!(
        asked_before_a_bulk(0),
        ["_mapping", "_settings"],
        "asked, it would be refreshed all the time"
    );
    let seen = world.fake.kept().seen.len();
    assert_eq!(world.sync(&Memory::numbered(4)).await.created, 1);
    assert!(asked_before_a_bulk(seen).contains(&"_refresh".to_owned()));
}

#[tokio::test]
async fn a_new_index_is_refreshed_for_searches_alone_until_its_first_listing_ends() {
    let world = World::new().await;
    let idle_after = || world.fake.kept().indices["docs"].settings["index.search.idle.after"].clone();
    let fails = |path: &'static str| {
        move |call: &Call| if call.path.ends_with(path) { Fault::Status(403) } else { Fault::None }
    };
    world.fake.script(fails("/_bulk"));
    assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Failed);
    assert_eq!(idle_after(), Value::Null, "a sync that fails has ended too");

    world.fake.kept().indices.clear();
    world.fake.script(fails("/_settings"));
    world.sync(&Memory::numbered(1)).await;
    assert_eq!(idle_after(), "0s");
    world.fake.script(|_| Fault::None);
    for changes in [1, 0] {
        world.fake.forget_calls();
        assert_eq!(world.sync(&Memory::numbered(1)).await.created, changes, "the next sync sees to it");
        let seen = world.fake.seen("/docs/_settings");
        assert_eq!(seen.iter().filter(|seen| seen.method == "PUT").count() as u64, changes);
        assert_eq!(idle_after(), Value::Null);
    }
}

#[tokio::test]
async fn what_is_loaded_becomes_searchable_while_the_last_bulk_is_on_its_way() {
    let world = World::new().await;
    let refreshed = Arc::new(Notify::new());
    world.fake.script(move |call| match call.path.as_str() {
        "/docs/_bulk" => Fault::Hold(refreshed.clone()),
        "/docs/_refresh" => {
            refreshed.notify_one();
            Fault::None
        }
        _ => Fault::None,
    });
    assert_eq!(world.sync(&Memory::numbered(1)).await.created, 1, "the bulk is answered after a refresh");
}

#[tokio::test]
async fn a_server_that_is_gone_is_not_asked_to_refresh_as_well() {
    let world = World::one_by_one().await;
    world.fake.script(|call| if call.is_bulk() { Fault::Status(503) } else { Fault::None });
    assert_eq!(world.sync(&Memory::numbered(30)).await.status, Status::Failed);
    let asked = |path: &str| world.fake.seen(path).iter().filter(|seen| seen.method != "GET").count();
    assert_eq!((asked("/docs/_refresh"), asked("/docs/_settings")), (0, 0));
    world.fake.behave();
    assert_eq!(world.sync(&Memory::numbered(30)).await.created, 30);
    assert_eq!(asked("/docs/_settings"), 1, "the next sync sees to it");
}

#[tokio::test]
async fn a_sync_is_none_the_worse_for_settings_that_it_may_not_change() {
    let world = World::new().await;
    world.fake.script(|call| {
        let is_change = (call.method.as_str(), call.path.as_str()) == ("PUT", "/docs/_settings");
        if is_change { Fault::Status(403) } else { Fault::None }
    });
    let report = world.sync(&Memory::numbered(2)).await;
    assert_eq!((report.status, report.created, report.verified), (Status::Completed, 2, true));
}

#[tokio::test]
async fn an_index_is_made_by_its_preset_and_keeps_it() {
    let mut world = World::new().await;
    world.options.mapping = Preset::Dynamic;
    let report = world.sync(&Memory::numbered(1)).await;
    assert_eq!(report.mapping, Some(Preset::Dynamic));
    let before = mapping(&world);
    assert_eq!(
        (&before["_meta"]["sync"]["mapping"], &before["dynamic_templates"]),
        (&json!("dynamic"), &Value::Null)
    );
    for other in [Preset::Search, Preset::Reference] {
        world.options.mapping = other;
        let report = world.sync(&Memory::numbered(1)).await;
        assert_eq!((report.mapping, report.unchanged), (Some(Preset::Dynamic), 1), "nothing is sent again");
        assert_eq!(mapping(&world), before);
        assert_eq!(world.sync_into(&Memory::numbered(1), other.name()).await.mapping, Some(other));
    }
    let kept = world.fake.kept();
    let templates = &kept.indices["search"].mappings["dynamic_templates"];
    assert!(templates.as_array().unwrap().len() > 1, "{templates}");
    assert_eq!(kept.indices["reference"].settings["analysis"]["filter"]["front_ngram"]["max_gram"], 12);
}

#[tokio::test]
async fn a_server_without_analysers_gets_the_default_in_place_of_reference() {
    for status in [400, 501] {
        let mut world = World::new().await;
        world.options.mapping = Preset::Reference;
        // With all settings, and without each that some servers refuse.
        let refusals = AtomicUsize::new(3);
        world.fake.script(move |call| {
            let is_making = (call.method.as_str(), call.path.as_str()) == ("PUT", "/docs");
            let left = refusals.load(Ordering::Relaxed);
            if !is_making || left == 0 {
                return Fault::None;
            }
            refusals.store(left - 1, Ordering::Relaxed);
            Fault::Status(status)
        });
        let report = world.sync(&Memory::numbered(1)).await;
        assert_eq!((report.status, report.mapping), (Status::Completed, Some(Preset::Search)));
        assert_eq!(mapping(&world)["_meta"]["sync"]["mapping"], "search");
        assert_eq!(index::preset(&world.client, "docs").await.unwrap(), Some(Preset::Search));
    }
}

#[tokio::test]
async fn fields_that_are_declared_later_are_added_where_nothing_is() {
    let world = World::new().await;
    let fields = [("sku", FieldKind::Code), ("maker.name", FieldKind::Label), ("size.unit", FieldKind::Code)]
        .map(|(name, kind)| FieldSpec::new(name, kind));
    for (preset, name) in [(Preset::Search, "docs"), (Preset::Dynamic, "other")] {
        index::prepare(&world.client, name, preset, &[]).await.unwrap();
    }
    let mut made = mapping(&world);
    made["properties"]["maker"] = json!({"properties": {"country": {"type": "text"}}});
    made["properties"]["size"] = json!({"type": "long"});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = made;
    world.fake.forget_calls();
    for name in ["docs", "docs", "other"] {
        index::prepare(&world.client, name, Preset::Search, &fields).await.unwrap();
    }
    let now = mapping(&world);
    assert_eq!(now["properties"]["sku"]["normalizer"], "lowercase");
    assert_eq!(
        (&now["_meta"]["sync"]["version"], &now["_meta"]["sync"]["mapping"]),
        (&json!(2), &json!("search"))
    );
    assert_eq!(now["properties"]["size"], json!({"type": "long"}), "a number is in the way of its unit");
    assert!(world.fake.kept().indices["other"].mappings["properties"]["sku"].is_null());
    assert!(world.fake.seen("/other/_mapping").iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn what_a_source_declares_is_mapped_before_anything_is_written() {
    for preset in [Preset::Search, Preset::Reference] {
        let mut world = World::new().await;
        world.options.mapping = preset;
        let source = Memory::numbered(1);
        let declare = |fields: &[(&str, FieldKind)]| {
            let fields = fields.iter().map(|(name, kind)| FieldSpec::new(name, *kind));
            *source.declared.lock().unwrap() = Ok(fields.collect());
        };
        declare(&[("n", FieldKind::Integer)]);
        assert_eq!(world.sync(&source).await.status, Status::Completed);
        declare(&[("n", FieldKind::Integer), ("made", FieldKind::Date)]);
        assert_eq!(world.sync(&source).await.status, Status::Completed);
        let properties = mapping(&world)["properties"].clone();
        assert_eq!((&properties["n"]["type"], &properties["made"]["type"]), (&json!("long"), &json!("date")));
        world.fake.forget_calls();
        world.sync(&source).await;
        assert!(world.fake.seen("/docs/_mapping").iter().all(|seen| seen.method == "GET"), "once is enough");
    }
}

#[tokio::test]
async fn a_catalogue_that_can_not_be_read_ends_the_sync_before_an_index_is_made() {
    let world = World::new().await;
    let source = Memory::numbered(1);
    *source.declared.lock().unwrap() = Err(ErrorKind::Denied);
    let report = world.sync(&source).await;
    assert_eq!((report.status, report.listed), (Status::Failed, 0));
    assert!(report.error.unwrap().contains("the catalogue can't be read"));
    assert!(!index::exists(&world.client, "docs").await.unwrap());
}

#[tokio::test]
async fn an_index_of_an_earlier_version_gets_the_rules_for_fields_to_come() {
    for (preset, rules) in [(Preset::Search, true), (Preset::Reference, true), (Preset::Dynamic, false)] {
        let mut world = World::new().await;
        world.options.mapping = preset;
        world.sync(&Memory::numbered(1)).await;
        let wanted = mapping(&world);
        let mut before = wanted.clone();
        for rule in ["date_detection", "dynamic_templates"] {
            before.as_object_mut().unwrap().remove(rule);
        }
        world.fake.kept().indices.get_mut("docs").unwrap().mappings = before;
        world.fake.forget_calls();
        for _ in 0..2 {
            assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
        }
        assert_eq!(mapping(&world), wanted, "{preset}");
        let seen = world.fake.seen("/docs/_mapping");
        let puts = seen.iter().filter(|seen| seen.method == "PUT").count();
        assert_eq!(puts, usize::from(rules), "{preset}: once is enough");
    }
}

#[tokio::test]
async fn a_type_that_the_server_lacks_is_replaced_in_new_and_existing_indices() {
    let lacking = "scaled_float";
    let world = World::of(Manner { lacks: Some(lacking), ..Manner::default() }, |_| ()).await;
    let source = Memory::numbered(1);
    for (number, name) in ["price", "cost"].into_iter().enumerate() {
        *source.declared.lock().unwrap() = Ok(vec![FieldSpec::new(name, FieldKind::Scaled(100))]);
        let report = world.sync(&source).await;
        assert_eq!((report.status, report.mapping), (Status::Completed, Some(Preset::Search)), "{report:?}");
        let mapping = world.fake.kept().indices["docs"].mappings.clone();
        assert_eq!(mapping["properties"][name], json!({"type": "double"}), "{number}");
    }
}

#[tokio::test]
async fn the_mapping_of_another_tool_is_the_servers_own() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    assert_eq!(world.sync(&Memory::numbered(1)).await.mapping, None);
    assert_eq!(index::preset(&world.client, "docs").await.unwrap(), Some(Preset::Dynamic));
    assert_eq!(index::preset(&world.client, "nowhere").await.unwrap(), None);
}

#[tokio::test]
async fn an_index_of_somebody_else_gets_what_it_lacks() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    let theirs =
        json!({"_meta": {"owner": "ada"}, "properties": {"body": {"type": "keyword"}, "x": {"type": "ip"}}});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = theirs;
    assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
    let mapping = mapping(&world);
    assert_eq!(
        (&mapping["_meta"]["owner"], &mapping["_meta"]["sync"]["version"]),
        (&json!("ada"), &json!(2))
    );
    assert_eq!(mapping["properties"]["body"], json!({"type": "keyword"}), "theirs stay as they are");
    assert_eq!(mapping["properties"]["_sync"]["properties"]["scope"]["type"], "keyword");
    world.fake.forget_calls();
    world.sync(&Memory::numbered(1)).await;
    assert!(world.fake.seen("_mapping").iter().all(|seen| seen.method == "GET"), "once is enough");
}

#[tokio::test]
async fn a_guessed_mapping_is_completed() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    let long = json!({"type": "long"});
    let guessed = json!({"properties": {"_sync": {"properties": {"id": long, "mark": long}}}});
    world.fake.kept().indices.get_mut("docs").unwrap().mappings = guessed;
    assert_eq!(world.sync(&Memory::numbered(1)).await.status, Status::Completed);
    let sync = &mapping(&world)["properties"]["_sync"]["properties"];
    assert_eq!(sync["scope"], json!({"type": "keyword", "index": false}));
    assert_eq!(sync["mark"], long);
}

#[tokio::test]
async fn a_wrong_sync_field_is_a_clear_error() {
    let world = World::new().await;
    world.fake.seed("docs", []);
    for wrong in [json!({"type": "keyword"}), json!({"properties": {"id": {"type": "text"}}})] {
        world.fake.kept().indices.get_mut("docs").unwrap().mappings = json!({"properties": {"_sync": wrong}});
        let report = world.sync(&Memory::numbered(1)).await;
        assert_eq!((report.status, report.listed), (Status::Failed, 0));
        let error = report.error.unwrap();
        assert!(error.contains("maps `_sync` as something else; sync into another index"), "{error}");
        assert!(error.contains("index: docs"), "{error}");
    }
}

#[tokio::test]
async fn an_index_that_another_worker_makes_at_once_is_no_error() {
    let world = World::new().await;
    let fake = world.fake.clone();
    world.fake.script(move |call| {
        if (call.method.as_str(), call.path.as_str()) == ("PUT", "/docs") {
            fake.seed("docs", []);
        }
        Fault::None
    });
    assert_eq!(accounts(&world.sync(&Memory::numbered(2)).await), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_refused_index_says_why() {
    let world = World::new().await;
    world.fake.script(|call| if call.method == "PUT" { Fault::Status(400) } else { Fault::None });
    let report = world.sync(&Memory::numbered(1)).await;
    assert_eq!(report.status, Status::Failed);
    let error = report.error.unwrap();
    let expected = "Elasticsearch refused the request (request: PUT /docs, status: 400, reason: scripted: as the test wants it)";
    assert_eq!(error, expected);
    assert_eq!(world.fake.seen("/docs").iter().filter(|seen| seen.method == "PUT").count(), 3);
}

#[tokio::test]
async fn a_name_that_no_index_can_have_is_told_before_anything_is_done() {
    let world = World::new().await;
    world.fake.forget_calls();
    for name in ["Docs", "a b", "_docs", ""] {
        let report = world.sync_into(&Memory::numbered(1), name).await;
        assert_eq!(report.status, Status::Failed);
        assert!(report.error.unwrap().contains("the index name can't be used"), "{name}");
    }
    assert!(world.fake.seen("").is_empty());
}

#[tokio::test]
async fn errors_name_the_request_and_the_servers_reason() {
    let world = World::with(|settings| settings.retry.max = 0).await;
    let cases = [
        (400, ErrorKind::Config, "Elasticsearch refused the request"),
        (
            401,
            ErrorKind::Denied,
            "Elasticsearch does not know these credentials; see elasticsearch.username and elasticsearch.password, \
             elasticsearch.api_key or elasticsearch.bearer_token",
        ),
        (403, ErrorKind::Denied, "these credentials lack a privilege in Elasticsearch"),
        (404, ErrorKind::Missing, "Elasticsearch has no such thing"),
        (429, ErrorKind::Busy(None), "Elasticsearch is too busy"),
        (500, ErrorKind::Transient, "Elasticsearch failed"),
        (501, ErrorKind::Config, "Elasticsearch refused the request"),
    ];
    for (status, kind, what) in cases {
        world.fake.script(move |_| Fault::Status(status));
        let error: Error =
            world.client.json::<Value>(&Request::delete("/x").query("a", "b")).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        let place = format!("(request: DELETE /x, status: {status}, reason: scripted: as the test wants it)");
        assert_eq!(error.to_string(), format!("{what} {place}"));
    }
    world.fake.behave();
    let error = world.client.json::<u64>(&Request::get("/")).await.unwrap_err();
    assert!(error.to_string().contains("was not understood (request: GET /)"), "{error}");
}
