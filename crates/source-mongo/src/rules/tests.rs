use bson::{DateTime, oid::ObjectId};
use serde_json::json;

use super::*;

fn rules(value: Value) -> Rules {
    Rules::advanced(value)
}

fn problems(value: Value) -> Vec<String> {
    let found = parse(&rules(value)).unwrap_err();
    found.into_iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect()
}

#[test]
fn no_rules_read_everything() {
    for none in [Rules::default(), rules(json!({})), rules(Value::Null)] {
        assert!(matches!(parse(&none).unwrap(), Query::All));
    }
}

#[test]
fn a_find_rule_is_read_with_its_types() {
    let rule = json!({"find": {
        "filter": {"_id": {"$gt": {"$oid": "0123456789abcdef01234567"}}, "at": {"$date": "1970-01-01T00:00:00Z"}, "n": [1, 2.5]},
        "projection": {"name": 1}, "skip": 3, "limit": {"$numberLong": "7"}, "sort": {"name": -1},
    }});
    let Query::Find(find) = parse(&rules(rule)).unwrap() else { panic!("no find rule") };
    let id = ObjectId::parse_str("0123456789abcdef01234567").unwrap();
    let wanted = doc! {"_id": {"$gt": id}, "at": DateTime::from_millis(0), "n": [1, 2.5]};
    assert_eq!(find.filter, wanted);
    assert_eq!((find.skip, find.limit), (Some(3), Some(7)));
    assert_eq!(find.sort, Some(doc! {"name": -1}));
    assert!(!find.is_filter());
}

#[test]
fn a_filter_alone_tells_for_each_document() {
    let Query::Find(find) =
        parse(&rules(json!({"find": {"filter": {"a": 1}, "projection": {"a": 1}}}))).unwrap()
    else {
        panic!("no find rule")
    };
    assert!(find.is_filter());
}

#[test]
fn an_aggregate_rule_is_read_with_its_options() {
    let rule = json!({"aggregate": {
        "pipeline": [{"$match": {"a": 1}}, {"$project": {"a": 1}}],
        "options": {"allowDiskUse": true, "maxTimeMS": 500, "hint": "a_1", "let": {"x": 1}},
    }});
    let Query::Aggregate(rule) = parse(&rules(rule)).unwrap() else { panic!("no aggregate rule") };
    assert_eq!(rule.pipeline, [doc! {"$match": {"a": 1}}, doc! {"$project": {"a": 1}}]);
    let read = options::of_aggregate(&rule.options).unwrap();
    assert_eq!(read.allow_disk_use, Some(true));
    assert_eq!(read.max_time, Some(std::time::Duration::from_millis(500)));
    assert_eq!(read.let_vars, Some(doc! {"x": 1}));
}

#[test]
fn options_of_an_aggregate_rule_may_stand_beside_the_pipeline() {
    for (rule, wanted) in [
        (
            json!({"allowDiskUse": true, "maxTimeMS": 9, "let": {"x": 1}, "batchSize": 7}),
            doc! {"allowDiskUse": true, "maxTimeMS": 9, "let": {"x": 1}},
        ),
        (
            json!({"allow_disk_use": true, "max_time_ms": 9, "batch_size": 7}),
            doc! {"allowDiskUse": true, "maxTimeMS": 9},
        ),
        (
            json!({"hint": [["a", -1]], "comment": "c", "collation": {"locale": "de"}, "options": null}),
            doc! {"hint": {"a": -1}, "comment": "c", "collation": {"locale": "de"}},
        ),
        (
            json!({"allow_disk_use": true, "options": {"comment": "c"}}),
            doc! {"allowDiskUse": true, "comment": "c"},
        ),
    ] {
        let mut given = rule.clone();
        given["pipeline"] = json!([{"$match": {}}]);
        let Query::Aggregate(read) = parse(&rules(json!({ "aggregate": given }))).unwrap() else {
            panic!("no aggregate rule")
        };
        let sorted =
            |document: &Document| document.clone().into_iter().collect::<std::collections::BTreeMap<_, _>>();
        assert_eq!(sorted(&read.options), sorted(&wanted), "{rule}");
        let (_, command) = command("orders", &Query::Aggregate(read)).unwrap();
        assert!(wanted.iter().all(|(name, value)| command.get(name) == Some(value)), "{rule}: {command}");
    }
}

#[test]
fn the_defaults_of_pymongo_are_as_no_options() {
    let rule = json!({"filter": {"a": 1}, "projection": null, "skip": 0, "limit": 0, "sort": null, "let": null, "batch_size": 0});
    let Query::Find(find) = parse(&rules(json!({ "find": rule }))).unwrap() else { panic!("no find rule") };
    assert_eq!(*find, Find { filter: doc! {"a": 1}, ..Find::default() });
    assert!(find.is_filter());
}

#[test]
fn options_are_taken_in_both_spellings_and_those_without_effect_are_left_out() {
    let shell = json!({
        "filter": {"a": 1}, "projection": ["a", "b"], "sort": [["a", -1]], "hint": [["a", 1]], "allowDiskUse": true,
        "maxTimeMS": 500, "comment": "ours", "batchSize": 7, "noCursorTimeout": true, "cursorType": "tailable",
    });
    let pymongo = json!({
        "filter": {"a": 1}, "projection": {"a": 1, "b": 1}, "sort": {"a": -1}, "hint": {"a": 1}, "allow_disk_use": true,
        "max_time_ms": 500, "comment": "ours", "batch_size": 7, "no_cursor_timeout": true, "skip": null,
    });
    for rule in [shell, pymongo] {
        let Query::Find(find) = parse(&rules(json!({"find": rule}))).unwrap() else { panic!("no find rule") };
        assert_eq!((&find.projection, &find.sort), (&Some(doc! {"a": 1, "b": 1}), &Some(doc! {"a": -1})));
        let mut names: Vec<&str> = find.options.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["allowDiskUse", "comment", "hint", "maxTimeMS"]);
        let read = options::of_find(&find.options).unwrap();
        assert_eq!(
            (read.allow_disk_use, read.max_time),
            (Some(true), Some(std::time::Duration::from_millis(500)))
        );
        let (_, command) = command("orders", &Query::Find(find)).unwrap();
        assert_eq!(command.get_document("hint").unwrap(), &doc! {"a": 1});
    }
    let rule = json!({"aggregate": {"pipeline": [], "options": {"allow_disk_use": true, "max_time_ms": 9, "batchSize": 5}}});
    let Query::Aggregate(rule) = parse(&rules(rule)).unwrap() else { panic!("no aggregate rule") };
    let read = options::of_aggregate(&rule.options).unwrap();
    assert_eq!((read.allow_disk_use, read.batch_size), (Some(true), None));
}

#[test]
fn orders_that_are_lists_keep_their_order() {
    let rule =
        json!({"sort": [["b", -1], ["a", 1]], "projection": ["z", "y"], "hint": [["b", -1], ["a", 1]]});
    let Query::Find(find) = parse(&rules(json!({"find": rule}))).unwrap() else { panic!("no find rule") };
    let names = |document: &Document| document.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(find.sort.as_ref().unwrap()), ["b", "a"]);
    assert_eq!(names(find.projection.as_ref().unwrap()), ["z", "y"]);
    assert_eq!(names(find.options.get_document("hint").unwrap()), ["b", "a"]);
}

#[test]
fn options_that_select_documents_need_the_whole_query() {
    for (options, is_filter) in [
        (json!({"hint": "a_1", "comment": "c", "maxTimeMS": 5}), true),
        (json!({"collation": {"locale": "de"}}), false),
        (json!({"let": {"x": 1}}), false),
        (json!({"min": {"a": 1}, "hint": {"a": 1}}), false),
    ] {
        let Query::Find(find) = parse(&rules(json!({"find": options}))).unwrap() else {
            panic!("no find rule")
        };
        assert_eq!(find.is_filter(), is_filter, "{options}");
    }
}

#[test]
fn every_problem_is_told_with_its_place() {
    for (rule, wanted) in [
        (json!([]), vec!["advanced rules: must be an object"]),
        (
            json!({"fnd": {}}),
            vec!["fnd: is not known; did you mean `find`?", "advanced rules: give find or aggregate"],
        ),
        (
            json!({"find": {}, "aggregate": {}}),
            vec!["advanced rules: give either find or aggregate, not both"],
        ),
        (json!({"find": 7}), vec!["find: must be an object"]),
        (
            json!({"find": {"filtr": {}, "skip": -1, "limit": "x", "sort": []}}),
            vec![
                "find.filtr: is not known; did you mean `filter`?",
                "find.skip: -1: must be a whole number from 0 up",
                "find.limit: \"x\": must be a whole number from 0 up",
                "find.sort: must be an object",
            ],
        ),
        (
            json!({"find": {"maxTimeMS": "soon"}}),
            vec!["find: maxTimeMS: \"soon\": must be a whole number of milliseconds"],
        ),
        (
            json!({"find": {"allow_disk_us": true, "maxTimeMS": 1, "max_time_ms": 2}}),
            vec![
                "find.maxTimeMS: is given twice, in two spellings",
                "find.allowDiskUs: is not known; did you mean `allowDiskUse`?",
            ],
        ),
        (
            json!({"find": {"projection": {"_id": 0}}}),
            vec!["find.projection._id: must not be left out: documents are told apart by it"],
        ),
    ] {
        assert_eq!(problems(rule.clone()), wanted, "{rule}");
    }
}

#[test]
fn problems_of_a_pipeline_name_their_stage() {
    for (rule, wanted) in [
        (
            json!({"aggregate": {"pipline": []}}),
            vec![
                "aggregate.pipline: is not known; did you mean `pipeline`?",
                "aggregate.pipeline: must be an array of stages, such as [{\"$match\": {}}]",
            ],
        ),
        (
            json!({"aggregate": {"pipeline": [{"match": {}}, {"$out": "x"}, 7], "options": {"allowDiskUs": true}}}),
            vec![
                "aggregate.options.allowDiskUs: is not known; did you mean `allowDiskUse`?",
                "aggregate.pipeline[0]: must have exactly one key, the stage's name, which begins with $",
                "aggregate.pipeline[1]: $out can't be used: a rule only reads, and ends",
                "aggregate.pipeline[2]: must be an object",
            ],
        ),
        (
            json!({"aggregate": {"pipeline": [], "allow_disk_us": 1, "comment": "a", "options": {"comment": "b"}}}),
            vec![
                "aggregate.allowDiskUs: is not known; did you mean `allowDiskUse`?",
                "aggregate.options.comment: is given twice: here and beside the pipeline",
            ],
        ),
    ] {
        assert_eq!(problems(rule.clone()), wanted, "{rule}");
    }
}

#[test]
fn a_value_that_is_no_extended_json_is_told_with_its_path() {
    let found = problems(json!({"find": {"filter": {"$or": [{"a": 1}, {"b": {"$oid": "xyz"}}]}}}));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("find.filter.$or[1].b: "), "{found:?}");
    let found = problems(json!({"aggregate": {"pipeline": [], "options": {"maxTimeMS": "soon"}}}));
    assert!(found[0].starts_with("aggregate.options: "), "{found:?}");
    let found = problems(json!({"aggregate": {"pipeline": [], "maxTimeMS": "soon"}}));
    assert!(found[0].starts_with("aggregate: "), "{found:?}");
}

#[test]
fn a_query_of_wrong_rules_is_a_wrong_setting() {
    let error = Query::of(&rules(json!({"find": {"limt": 1}}))).unwrap_err();
    assert_eq!(error.kind(), connectors_core::ErrorKind::Config);
    assert!(error.to_string().contains("\n  find.limt: is not known; did you mean `limit`?"), "{error}");
}

#[test]
fn the_server_is_asked_about_the_query_itself() {
    let Query::Find(find) = parse(&rules(json!({"find": {"filter": {"a": 1}, "sort": {"a": 1}}}))).unwrap()
    else {
        panic!("no find rule")
    };
    let (place, command) = command("orders", &Query::Find(find)).unwrap();
    assert_eq!((place, command), ("find", doc! {"find": "orders", "filter": {"a": 1}, "sort": {"a": 1}}));
    assert!(super::command("orders", &Query::All).is_none());
}
