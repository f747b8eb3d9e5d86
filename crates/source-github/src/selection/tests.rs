use connectors_core::ErrorKind;
use connectors_core::config::Config;
use serde_json::{Value, json};

use super::*;

fn selection(values: Value) -> Result<Selection> {
    let mut all = json!({"token": "t"});
    all.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    Selection::new(&GithubConfig::parse(all.as_object().unwrap()).unwrap())
}

#[test]
fn repositories_are_named_with_their_owner_or_within_an_organization() {
    for (values, shown) in [
        (json!({}), "own"),
        (json!({"repositories": "*,ada/a"}), "own"),
        (json!({"repositories": "ada/a, bob/b"}), "ada/a,bob/b"),
        (json!({"repo_type": "organization", "org_name": "acme"}), "acme"),
        (
            json!({"repo_type": "organization", "org_name": "acme", "repositories": "a,ACME/b"}),
            "acme/a,ACME/b",
        ),
    ] {
        assert_eq!(selection(values).unwrap().shown(), shown);
    }
    for (values, part) in [
        (json!({"repositories": "a"}), "owner/name"),
        (json!({"repositories": "https://github.com/ada/a"}), "without an address"),
        (json!({"repositories": "ada/"}), "owner/name"),
        (json!({"repo_type": "organization", "org_name": "acme", "repositories": "ada/a"}), "`org_name`"),
    ] {
        let error = selection(values).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn what_a_listing_names_is_admitted_whatever_its_case_and_its_old_name() {
    let named = selection(json!({"repositories": "ada/old,bob/b"})).unwrap();
    named.note("Bob/B");
    assert!(named.admits("ADA/Old", "x") && !named.admits("ada/new", "x") && !named.admits("ada/b", "ada"));
    named.note("ada/New");
    assert!(named.admits("Ada/new", "x"));
    let own = selection(json!({})).unwrap();
    assert!(own.admits("Ada/a", "ada") && !own.admits("bob/a", "ada"));
    let organization = selection(json!({"repo_type": "organization", "org_name": "acme"})).unwrap();
    assert!(organization.admits("Acme/a", "ada") && !organization.admits("ada/a", "ada"));
}

#[test]
fn an_app_reads_the_repositories_of_one_owner() {
    for (values, owner) in [
        (json!({"repo_type": "organization", "org_name": "Acme"}), Some("acme")),
        (json!({"repositories": "ada/a,Ada/b"}), Some("ada")),
        (json!({"repositories": "ada/a,bob/b"}), None),
        (json!({}), None),
    ] {
        assert_eq!(selection(values).unwrap().owner().ok().as_deref(), owner);
    }
}
