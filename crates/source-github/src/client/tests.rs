use connectors_core::ErrorKind;
use connectors_core::config::Config;

use super::*;

fn config(values: Value) -> GithubConfig {
    GithubConfig::parse(values.as_object().unwrap()).unwrap()
}

#[test]
fn the_interfaces_are_where_the_product_has_them() {
    let (base, graphql, rest) = place(&config(json!({"token": "t"}))).unwrap();
    assert_eq!((base.as_str(), graphql, rest), ("https://api.github.com/", "/graphql", ""));
    let server = json!({"token": "t", "data_source": "github_server", "host": "https://git.example.com"});
    let (base, graphql, rest) = place(&config(server)).unwrap();
    assert_eq!((base.as_str(), graphql, rest), ("https://git.example.com/", "/api/graphql", "/api/v3"));
    let error = place(&config(json!({"token": "t", "data_source": "github_server"}))).unwrap_err();
    assert!(error.to_string().contains("`host`"), "{error}");
}

#[test]
fn settings_that_can_not_work_are_refused_before_any_call() {
    for (values, part) in [
        (json!({"auth_method": "github_app", "private_key": "x", "repositories": "a/b"}), "`app_id`"),
        (
            json!({"auth_method": "github_app", "app_id": 7, "private_key": "x", "repositories": "a/b"}),
            "private_key",
        ),
        (json!({"auth_method": "github_app", "app_id": 7, "private_key": "x"}), "one owner"),
        (json!({"token": "t", "ssl_enabled": true, "ssl_ca": "nonsense"}), "BEGIN CERTIFICATE"),
    ] {
        let Err(error) = Client::new(&config(values), &Context::default()) else { panic!("taken: {part}") };
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn the_scopes_of_a_classic_token_are_checked_and_a_fine_grained_one_has_none() {
    for (organization, scopes, missing) in [
        (false, Some("repo, gist"), None),
        (false, Some("gist"), Some("missing: repo,")),
        (true, Some("repo, admin:org"), None),
        (true, Some("repo"), Some("missing: read:org,")),
        (true, Some(""), Some("missing: repo, read:org,")),
        (true, None, None),
    ] {
        let values = if organization {
            json!({"token": "t", "repo_type": "organization", "org_name": "acme"})
        } else {
            json!({"token": "t"})
        };
        let client = Client::new(&config(values), &Context::default()).unwrap();
        let text = client.check_scopes(scopes).err().map(|error| error.to_string());
        assert_eq!(text.is_some(), missing.is_some(), "{scopes:?}: {text:?}");
        assert!(text.is_none_or(|text| text.contains(missing.unwrap())), "{scopes:?}");
    }
}

#[test]
fn failures_tell_which_setting_to_look_at() {
    for (cause, of_token, of_app) in [
        (Cause::Status(401), Some("`token`"), Some("`private_key`")),
        (Cause::Status(403), Some("`token`"), Some("the app")),
        (Cause::Unreachable, Some("`host`"), Some("`host`")),
        (Cause::Status(500), None, None),
    ] {
        for (told, part) in [(fix_token(cause), of_token), (fix_app(cause), of_app)] {
            assert_eq!(told.and_then(|fix| part.filter(|part| fix.contains(part))), part, "{cause:?}");
        }
    }
}
