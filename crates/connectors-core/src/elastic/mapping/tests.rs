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
    let told = Preset::Dynamic.unlike(Preset::Search).unwrap();
    assert!(told.contains("mapped by `dynamic`") && told.contains("`index.mapping: search` holds for a new"));
}

#[test]
fn declared_fields_are_mapped_by_their_kind() {
    let fields = [("sku", FieldKind::Code), ("a.title", FieldKind::Label), ("notes", FieldKind::Prose)];
    let mapping = of_new(Preset::Search, &fields);
    let properties = &mapping["properties"];
    assert_eq!((&properties["sku"]["type"], &properties["sku"]["fields"]), (&json!("keyword"), &Value::Null));
    assert_eq!(properties["a.title"], label(LABEL));
    assert_eq!(properties["notes"], json!({"type": "text"}));
    for preset in [Preset::Dynamic, Preset::Reference] {
        assert_eq!(of_new(preset, &fields)["properties"]["sku"], Value::Null, "{preset}");
    }
}

#[test]
fn no_declaration_touches_what_the_sync_needs() {
    let fields = [
        ("id", FieldKind::Prose),
        ("_sync.mark", FieldKind::Code),
        ("_allow_access_control", FieldKind::Label),
    ];
    assert_eq!(of_new(Preset::Search, &fields)["properties"], ours()["properties"]);
}

#[test]
fn every_analyser_and_filter_that_is_named_is_defined() {
    let analysis = analysis(Preset::Reference).unwrap();
    let text = reference_text();
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
fn templates_have_names_of_their_own_and_the_general_one_is_last() {
    let templates = search_templates();
    let templates = templates.as_array().unwrap();
    let names: BTreeSet<&String> =
        templates.iter().flat_map(|template| template.as_object().unwrap().keys()).collect();
    assert_eq!(names.len(), templates.len());
    let general: Vec<usize> = (0..templates.len())
        .filter(|place| templates[*place].as_object().unwrap().values().all(|rule| rule["match"].is_null()))
        .collect();
    assert_eq!(general, [templates.len() - 1], "the first that fits counts");
}
