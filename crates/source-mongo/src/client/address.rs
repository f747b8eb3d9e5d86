//! The connection string.

use connectors_core::http::segment;
use connectors_core::{Error, Result};
use mongodb::options::ConnectionString;

use super::error::without_credentials;
use crate::config::MongoConfig;

/// The connection string, with the user and the password of the settings; a plain `host:port` becomes one.
///
/// They are written into it, as a driver counts `authSource` and `authMechanism` only beside a user.
pub(super) fn address(config: &MongoConfig) -> Result<ConnectionString> {
    let host = config.host.as_str().trim();
    let given = if host.contains("://") { host.to_owned() } else { format!("mongodb://{host}") };
    let is_bare = !config.user.is_empty() && !authority(&given).contains('@');
    let text = if config.user.is_empty() { given } else { with_user(&given, config) };
    let mut address =
        ConnectionString::parse(&text).map_err(|error| refused(&error.kind.to_string(), &text, config))?;
    if is_bare {
        // The path names where a user is known who stands beside it; of a user of the settings it says nothing.
        address.default_database = None;
    }
    Ok(address)
}

/// What stands between scheme and path.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

fn with_user(text: &str, config: &MongoConfig) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = authority(text);
    let path = &rest[authority.len()..];
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let user = segment(&config.user);
    match config.password.reveal() {
        "" => format!("{scheme}://{user}@{hosts}{path}"),
        password => format!("{scheme}://{user}:{}@{hosts}{path}", segment(password)),
    }
}

fn refused(reason: &str, text: &str, config: &MongoConfig) -> Error {
    let mut reason = without_credentials(reason, text);
    for secret in [config.password.reveal(), &config.user] {
        if !secret.is_empty() {
            reason = reason.replace(secret, "***");
        }
    }
    let message = if config.user.is_empty() && reason.to_lowercase().contains("username") {
        "the connection string in `host` asks for a login, and names no user: give one in `user`"
    } else {
        "`host` can't be used as a connection string of MongoDB, such as mongodb://localhost:27017"
    };
    Error::config(message).caused_by(reason)
}

#[cfg(test)]
mod tests {
    use connectors_core::config::Config as _;
    use serde_json::json;

    use super::*;

    fn config(host: &str, user: &str, password: &str) -> MongoConfig {
        let values =
            json!({"host": host, "user": user, "password": password, "database": "d", "collection": "c"});
        MongoConfig::parse(values.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_user_of_the_settings_stands_beside_the_options_of_the_connection_string() {
        for (host, source) in [
            ("one:1", None),
            ("mongodb://one:1/?authSource=people", Some("people")),
            ("mongodb://one:1/shop?authSource=people", Some("people")),
            ("mongodb://bob:old@one:1/?authSource=people", Some("people")),
            ("mongodb://one:1?authSource=people", Some("people")),
        ] {
            let address = address(&config(host, "a@d/a", "p:w/%")).unwrap();
            let credential = address.credential.unwrap();
            assert_eq!(credential.username.as_deref(), Some("a@d/a"), "{host}");
            assert_eq!(credential.password.as_deref(), Some("p:w/%"), "{host}");
            assert_eq!(credential.source.as_deref(), source, "{host}");
            assert_eq!(address.default_database, None, "{host}");
        }
    }

    #[test]
    fn a_mechanism_needs_a_user_and_says_so() {
        let host = "mongodb://one:1/?authMechanism=SCRAM-SHA-256";
        let credential = address(&config(host, "ada", "pw")).unwrap().credential.unwrap();
        assert!(credential.mechanism.is_some());
        let error = address(&config(host, "", "")).unwrap_err();
        assert!(error.to_string().contains("give one in `user`"), "{error}");
    }

    #[test]
    fn a_path_names_the_database_of_a_user_beside_it() {
        let address = address(&config("mongodb://ada:pw@one:1/people", "", "")).unwrap();
        assert_eq!(address.default_database.as_deref(), Some("people"));
    }

    #[test]
    fn options_of_another_driver_are_refused_by_name() {
        for option in ["tz_aware=true", "datetime_conversion=DATETIME_MS"] {
            let error = address(&config(&format!("mongodb://one:1/?{option}"), "", "")).unwrap_err();
            let name = option.split_once('=').unwrap().0;
            assert!(format!("{error:?}").contains(&format!("{name} is an invalid option")), "{error:?}");
        }
    }

    #[test]
    fn neither_secret_is_shown_where_the_string_is_refused() {
        let error = address(&config("mongodb://one:port/", "ada", "hush:hush")).unwrap_err();
        let shown = format!("{error:?}");
        assert!(
            shown.contains("connection string") && !shown.contains("hush") && !shown.contains("ada"),
            "{shown}"
        );
    }
}
