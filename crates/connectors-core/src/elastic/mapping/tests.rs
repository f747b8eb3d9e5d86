//! What presets promise.

use std::collections::BTreeSet;

use super::*;

#[test]
fn presets_are_read_by_the_names_that_they_show() {
    for preset in Preset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
        assert_eq!(Preset::read(&json!(preset)), Ok(preset), "the report spells it the same");
    }
    assert_eq!(Preset::read(&json!("Search")).unwrap_err(), "expected search, dynamic or reference");
}

#[test]
fn another_preset_is_told_with_the_way_to_it() {
    assert_eq!(Preset::Search.unlike(Preset::Search), None);
    let message = Preset::Dynamic.unlike(Preset::Search).unwrap();
    assert!(
        message.contains("mapped by `dynamic`")
            && message.contains("`index.mapping: search` holds for a new")
    );
}

/// A field of each kind.
fn every_kind() -> Vec<FieldSpec> {
    let kinds = [
        ("whole", FieldKind::Integer),
        ("number", FieldKind::Number),
        ("price", FieldKind::Scaled(100)),
        ("open", FieldKind::Boolean),
        ("made", FieldKind::Date),
        ("sku", FieldKind::Code),
        ("a.title", FieldKind::Label),
        ("notes", FieldKind::Prose),
        ("any", FieldKind::Object),
        ("labels", FieldKind::Flattened),
        ("place", FieldKind::GeoPoint),
    ];
    kinds.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec()
}

#[test]
fn declared_fields_are_mapped_by_their_kind() {
    let types = |preset, flavour| -> Vec<Value> {
        let properties = of_new(preset, &every_kind(), flavour)["properties"].clone();
        every_kind().iter().map(|field| properties[field.path.join(".")]["type"].clone()).collect()
    };
    let search = [
        "long",
        "double",
        "scaled_float",
        "boolean",
        "date",
        "keyword",
        "text",
        "text",
        "object",
        "flattened",
        "geo_point",
    ];
    assert_eq!(types(Preset::Search, Flavour::Elasticsearch), search);
    let mut reference = search;
    reference[5] = "text";
    assert_eq!(types(Preset::Reference, Flavour::Elasticsearch), reference);
    let mut open = search;
    open[9] = "flat_object";
    assert_eq!(types(Preset::Search, Flavour::OpenSearch), open);
    assert_eq!(
        types(Preset::Dynamic, Flavour::Elasticsearch),
        [const { Value::Null }; 11],
        "the server's own"
    );
}

#[test]
fn every_kind_is_held_by_what_it_is_mapped_as_and_no_kind_by_something_else() {
    for field in every_kind() {
        for preset in [Preset::Search, Preset::Reference] {
            let mapped = mapped(preset, field.kind, Flavour::Elasticsearch);
            assert!(field.kind.is_held_by(mapped["type"].as_str().unwrap()), "{}", field.kind);
        }
        assert!(!field.kind.is_held_by("ip") && !field.kind.to_string().is_empty());
    }
    assert!(!FieldKind::Number.is_held_by("long") && !FieldKind::Label.is_held_by("date"));
    assert_eq!(json!(FieldKind::Scaled(100)), "number in steps of 1/100");
}

#[test]
fn what_nobody_declared_is_mapped_by_more_than_its_first_value() {
    for preset in [Preset::Search, Preset::Reference] {
        let mapping = of_new(preset, &[], Flavour::Elasticsearch);
        assert_eq!(mapping["date_detection"], false, "{preset}");
        let templates = mapping["dynamic_templates"].as_array().unwrap().clone();
        for detected in ["long", "double"] {
            let fits = |template: &&Value| {
                template.as_object().unwrap().values().any(|rule| rule["match_mapping_type"] == detected)
            };
            let rule =
                templates.iter().find(fits).unwrap().as_object().unwrap().values().next().unwrap().clone();
            assert_eq!(rule["mapping"], json!({"type": "double"}), "{preset}: {detected}");
        }
    }
    assert_eq!(of_new(Preset::Dynamic, &[], Flavour::Elasticsearch), ours());
}

#[test]
fn no_declaration_touches_what_the_sync_needs() {
    let fields = [
        FieldSpec::new("id", FieldKind::Prose),
        FieldSpec::new("_sync.mark", FieldKind::Code),
        FieldSpec::new("_allow_access_control", FieldKind::Label),
    ];
    let properties = of_new(Preset::Search, &fields, Flavour::Elasticsearch)["properties"].clone();
    for (name, field) in ours()["properties"].as_object().unwrap() {
        assert_eq!(properties[name], *field, "{name}");
    }
}

#[test]
fn more_fields_than_an_index_maps_are_left_to_its_rules() {
    let label = |number: usize| FieldSpec::new(&format!("column {number}"), FieldKind::Label);
    let many: Vec<FieldSpec> = (0..2_000).map(label).collect();
    let properties = of_new(Preset::Search, &many, Flavour::Elasticsearch)["properties"].clone();
    let declared = properties.as_object().unwrap().keys().filter(|name| name.starts_with("column ")).count();
    assert_eq!(declared, MOST_DECLARED / 2, "a label is two fields");
}

#[test]
fn every_analyser_and_filter_that_is_named_is_defined() {
    let analysis = analysis(Preset::Reference).unwrap();
    let text = reference::text();
    let named = |field: &Value| -> Vec<String> {
        ["analyzer", "search_analyzer"]
            .iter()
            .filter_map(|key| Some(field[key].as_str()?.to_owned()))
            .collect()
    };
    let fields = text["fields"].as_object().unwrap().values().chain([&text]);
    let used: BTreeSet<String> = fields.flat_map(named).collect();
    let keys = |of: &Value| -> BTreeSet<String> { of.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(used, keys(&analysis["analyzer"]));
    let chains = analysis["analyzer"].as_object().unwrap().values();
    let mut filters: BTreeSet<String> = chains
        .flat_map(|analyzer| analyzer["filter"].as_array().unwrap())
        .map(|filter| filter.as_str().unwrap().to_owned())
        .collect();
    for built_in in ["cjk_width", "lowercase", "asciifolding"] {
        assert!(filters.remove(built_in));
    }
    assert_eq!(filters, keys(&analysis["filter"]));
    assert_eq!(super::analysis(Preset::Dynamic), None);
}

#[test]
fn the_normalizer_of_codes_is_defined() {
    let analysis = analysis(Preset::Search).unwrap();
    let name = code()["normalizer"].as_str().unwrap().to_owned();
    assert_eq!(analysis["normalizer"][name], json!({ "type": "custom", "filter": ["lowercase"] }));
}

#[test]
fn templates_have_names_of_their_own_and_the_general_one_of_strings_is_last() {
    let templates = templates(Preset::Search);
    let rules: Vec<(&String, &Value)> =
        templates.iter().flat_map(|template| template.as_object().unwrap()).collect();
    let names: BTreeSet<&String> = rules.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), templates.len());
    let strings: Vec<&Value> =
        rules.iter().map(|(_, rule)| *rule).filter(|rule| rule["match_mapping_type"] == "string").collect();
    let general: Vec<usize> = (0..strings.len()).filter(|place| strings[*place]["match"].is_null()).collect();
    assert_eq!(general, [strings.len() - 1], "the first that fits counts");
}
