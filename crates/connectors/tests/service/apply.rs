//! `connectors apply`: a fleet in a file.

use serde_json::{Value, json};

use super::place::Place;

fn fleet(place: &Place, more: &str) {
    let folder = place.docs();
    let text = format!(
        "connectors:
  - id: notes
    type: dir
    name: Notes
    index: notes
    settings: {{directory: '{}'}}
    schedule: {{full: 0 0 2 * * ?}}
    rules: {{basic: [{{policy: exclude, field: path, rule: ends_with, value: .tmp}}]}}
{more}",
        folder.display()
    );
    place.write("fleet.yml", text.as_bytes());
}

fn actions(plan: &Value) -> Vec<(&str, &str)> {
    let steps = plan.as_array().unwrap().iter();
    steps.map(|step| (step["id"].as_str().unwrap(), step["action"].as_str().unwrap())).collect()
}

fn apply(place: &Place, words: &[&str]) -> Value {
    place.json(&[&["apply", "fleet.yml"], words].concat())
}

fn change(place: &Place) {
    fleet(place, "");
    let text = std::fs::read_to_string(place.root().join("fleet.yml")).unwrap();
    let other = text
        .replace("name: Notes", "name: Other")
        .replace("0 0 2", "0 0 3")
        .replace("type: dir\n", "type: dir\n    language: de\n");
    place.write("fleet.yml", other.as_bytes());
    let plan = apply(place, &["--yes"]);
    assert_eq!(actions(&plan), [("more", "keep"), ("notes", "change")]);
    let told = &plan[1]["differences"];
    assert_eq!(told.as_array().unwrap().len(), 3, "{told}");
    let notes = place.json(&["connector", "show", "notes"]);
    assert_eq!((&notes["name"], &notes["language"]), (&json!("Other"), &json!("de")));
    assert_eq!(notes["scheduling"]["full"]["interval"], "0 0 3 * * ?");
    assert_eq!(notes["filtering"][0]["active"]["rules"][0]["value"], ".tmp", "what is as declared stays");
}

#[test]
fn a_fleet_is_made_changed_and_reduced_and_then_nothing_is_left_to_do() {
    let place = Place::new();
    let more = format!(
        "  - {{id: more, type: dir, index: more, settings: {{directory: '{}'}}}}",
        place.docs().display()
    );
    fleet(&place, &more);
    let unsaid = place.run(&["apply", "fleet.yml"]);
    assert!(
        unsaid.code == 2 && unsaid.err.contains("+ notes (dir)") && unsaid.err.contains("--yes"),
        "{}",
        unsaid.err
    );
    assert_eq!(place.json(&["connector", "list"]), json!([]), "nothing is done unsaid");

    assert_eq!(actions(&apply(&place, &["--yes"])), [("notes", "create"), ("more", "create")]);
    let notes = place.json(&["connector", "show", "notes"]);
    assert_eq!((&notes["name"], &notes["status"]), (&json!("Notes"), &json!("configured")));
    assert_eq!(notes["scheduling"]["full"], json!({"enabled": true, "interval": "0 0 2 * * ?"}));
    let active = &notes["filtering"][0]["active"];
    assert_eq!(
        (&active["rules"][0]["value"], &active["validation"]["state"]),
        (&json!(".tmp"), &json!("valid"))
    );
    assert_eq!(
        actions(&apply(&place, &[])),
        [("notes", "none"), ("more", "none")],
        "no yes is needed for nothing"
    );

    change(&place);
    assert_eq!(actions(&apply(&place, &["--yes", "--delete"])), [("more", "delete"), ("notes", "none")]);
    assert_eq!(place.json(&["connector", "list"]).as_array().unwrap().len(), 1);
    let nothing = place.run(&["apply", "fleet.yml", "--delete"]);
    assert_eq!(nothing.code, 0, "{}", nothing.err);
    assert!(nothing.out.contains("0 to create, 0 to change, 0 to delete, 1 unchanged"), "{}", nothing.out);
}

#[test]
fn settings_are_changed_with_the_status_that_follows_and_files_with_faults_do_nothing() {
    let place = Place::new();
    fleet(&place, "");
    apply(&place, &["--yes"]);
    place.write("elsewhere/a.txt", b"a");
    let elsewhere = place.root().join("elsewhere").display().to_string();
    let text = std::fs::read_to_string(place.root().join("fleet.yml")).unwrap();
    place.write("fleet.yml", text.replace(&place.docs().display().to_string(), &elsewhere).as_bytes());
    let plan = apply(&place, &["--yes"]);
    assert_eq!(plan[0]["differences"][0]["key"], "settings.directory", "{plan}");
    let notes = place.json(&["connector", "show", "notes"]);
    assert_eq!(notes["configuration"]["directory"]["value"], elsewhere.as_str());
    assert!(notes["configuration"]["directory"]["label"].is_string(), "the form stays");
    assert_eq!(notes["status"], "configured");

    let text = std::fs::read_to_string(place.root().join("fleet.yml")).unwrap();
    place.write("fleet.yml", text.replace("{full: 0 0 2 * * ?}", "every 15m").as_bytes());
    let plan = apply(&place, &["--yes"]);
    assert_eq!(plan[0]["differences"][0]["after"], "0 0/15 * * * ?", "{plan}");
    assert_eq!(apply(&place, &[])[0]["action"], "none", "what is kept is what is declared");

    for (name, text, words) in [
        (
            "fleet.yml",
            "{id: a, type: dir, index: a, settings: {directory: x}, schedule: every 7m}",
            "divide the minute, the hour",
        ),
        (
            "fleet.yml",
            "{id: a, type: dir, index: a, settings: {directory: x}, schedule: 15}",
            "expected a text, such as",
        ),
        ("fleet.yml", "{id: a, type: dri, index: a}", "did you mean `dir`?"),
        ("fleet.yml", "{id: a, type: dir, index: A*, settings: {directory: x}}", "connector"),
        ("none.yml", "", "can't be read"),
    ] {
        place.write("fleet.yml", text.as_bytes());
        let refused = place.run(&["apply", name, "--yes"]);
        assert!(refused.code == 2 && refused.err.contains(words), "{text}: {} {}", refused.code, refused.err);
    }
    assert_eq!(place.json(&["connector", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn the_fleet_of_the_documentation_is_applied_as_it_stands() {
    let page = include_str!("../../../../docs/service.md");
    let (_, fleet) = page.split_once("```yaml\n").unwrap();
    let (fleet, _) = fleet.split_once("```").unwrap();
    let place = Place::new();
    place.write("fleet.yml", fleet.as_bytes());
    assert_eq!(actions(&apply(&place, &["--yes"])), [("handbook", "create"), ("orders", "create")]);
    assert_eq!(actions(&apply(&place, &[])), [("handbook", "none"), ("orders", "none")]);
    let orders = place.json(&["connector", "show", "orders"]);
    assert_eq!(orders["scheduling"]["incremental"]["interval"], "0 0/1 * * * ?");
}
