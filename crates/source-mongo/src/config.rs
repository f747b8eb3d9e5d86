//! The settings.

use std::fmt;

use connectors_core::config;
use connectors_core::config::{FieldType, FieldValue, Secret};
use serde_json::Value;

use crate::bson::{Dates, Decimals};

/// The words of PyMongo's `DatetimeConversion`.
const DATES: &[(&str, &str)] = &[
    ("DATETIME", "ISO 8601"),
    ("DATETIME_CLAMP", "ISO 8601, clamped"),
    ("DATETIME_AUTO", "ISO 8601 or milliseconds"),
    ("DATETIME_MS", "Milliseconds"),
];

config! {
    /// Which collections are read, and as whom.
    pub struct MongoConfig {
        /// Connection string, such as `mongodb://one:27017,two:27017/?replicaSet=rs0` or
        /// `mongodb+srv://cluster.example.com`; a plain `host:port` will do.
        #[label = "Server", names_hosts()]
        pub host: Address,
        /// User with the role `read` on what is synced; empty when the server asks for none.
        #[label = "User"]
        pub user: String = "",
        /// Password of that user.
        #[label = "Password"]
        pub password: Secret = "",
        /// Database to read; `*` and `?` are wildcards. `admin`, `config` and `local` are taken only by name.
        #[label = "Database"]
        pub database: String,
        /// Collection to read; `*` and `?` are wildcards. System collections are never taken.
        #[label = "Collection"]
        pub collection: String,
        /// Talk to the given server alone, and do not look for the other members of its replica set.
        #[label = "Direct connection"]
        pub direct_connection: bool = false,
        /// Encrypt the connection; `mongodb+srv` addresses do so anyway.
        #[label = "SSL/TLS"]
        pub ssl_enabled: bool = false,
        /// Certificates of the authorities to trust (PEM); empty for those that browsers trust.
        #[label = "Certificate authority", multiline(), depends_on("ssl_enabled", true)]
        pub ssl_ca: String = "",
        /// Take any certificate of the server: the connection is then open to whoever stands in between.
        #[label = "Skip certificate verification", depends_on("ssl_enabled", true), advanced()]
        pub tls_insecure: bool = false,
        /// Connections to each server, at the most; when empty, what `maxPoolSize` in the connection string says, else 10.
        #[label = "Connections", between(3, 500), advanced()]
        pub max_connections: Option<u32>,
        /// How 128-bit decimals are indexed: `number`, or `text` with every digit as written.
        #[label = "Decimals", one_of(&[("number", "As numbers"), ("text", "As text")]), advanced()]
        pub decimals: Decimals = "number",
        /// How dates are indexed: `DATETIME` as ISO 8601 in UTC and, outside of the years 0 to 9999, not at all;
        /// `DATETIME_CLAMP` as the nearest moment of the years 1 to 9999; `DATETIME_AUTO` outside of these as milliseconds;
        /// `DATETIME_MS` always as milliseconds.
        #[label = "Dates", one_of(DATES), advanced()]
        pub datetime_conversion: Dates = "DATETIME",
    }
}

/// A connection string; one with a password in it is shown without.
#[derive(Clone)]
pub struct Address(String);

impl Address {
    /// The whole of it, for the driver.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) =
            self.0.split_once("://").map_or(("", self.0.as_str()), |(scheme, rest)| (scheme, rest));
        let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
        write!(f, "{scheme}://{hosts}")
    }
}

impl FieldValue for Address {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use connectors_core::config::{Config as _, Display, FieldType};
    use serde_json::json;

    use super::*;

    fn parse(values: Value) -> Result<MongoConfig, String> {
        MongoConfig::parse(values.as_object().unwrap()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        for host in ["mongodb://ada:hush@one:1,two:2/?x=1", "ada:hush@one:1"] {
            let config = parse(json!({"host": host, "database": "d", "collection": "c"})).unwrap();
            let shown = format!("{config:?}");
            assert!(!shown.contains("hush") && shown.contains("one:1"), "{shown}");
            assert_eq!(config.host.as_str(), host);
        }
    }

    #[test]
    fn a_host_a_database_and_a_collection_are_enough() {
        let config = parse(json!({"host": "localhost", "database": "shop", "collection": "*"})).unwrap();
        assert_eq!((config.host.as_str(), config.collection.as_str()), ("localhost", "*"));
        assert!(config.password.is_empty() && !config.direct_connection && !config.ssl_enabled);
        let problems = parse(json!({})).unwrap_err();
        assert_eq!(problems.lines().count(), 3, "{problems}");
    }

    #[test]
    fn certificates_count_only_with_tls() {
        let values = |enabled: bool| json!({"host": "h", "database": "d", "collection": "c", "ssl_enabled": enabled, "ssl_ca": "PEM"});
        assert_eq!(parse(values(true)).unwrap().ssl_ca, "PEM");
        assert_eq!(parse(values(false)).unwrap().ssl_ca, "");
    }

    #[test]
    fn forms_are_named() {
        let values =
            |name: &str, value: &str| json!({"host": "h", "database": "d", "collection": "c", name: value});
        let config = parse(values("decimals", "text")).unwrap();
        assert_eq!((config.decimals, config.datetime_conversion), (Decimals::Text, Dates::Iso));
        assert_eq!(
            parse(values("datetime_conversion", "DATETIME_MS")).unwrap().datetime_conversion,
            Dates::Millis
        );
        for (name, value) in [("decimals", "float"), ("datetime_conversion", "DATE")] {
            let problem = parse(values(name, value)).unwrap_err();
            assert!(problem.contains(name) && problem.contains(value), "{problem}");
        }
    }

    #[test]
    fn the_form_has_the_fields_in_order() {
        let fields = MongoConfig::fields();
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let wanted = "host user password database collection direct_connection ssl_enabled ssl_ca tls_insecure max_connections \
                      decimals datetime_conversion";
        assert_eq!(names.join(" "), wanted);
        assert!(
            fields.iter().zip(1..).all(|(field, order)| field.order == order && !field.tooltip.is_empty())
        );
        assert!(fields[2].sensitive);
        assert_eq!((fields[7].display, fields[7].field_type), (Display::Textarea, FieldType::Str));
        assert_eq!(fields[7].depends_on, [("ssl_enabled".to_owned(), json!(true))]);
    }

    #[test]
    fn the_password_is_masked() {
        let values = json!({"host": "h", "database": "d", "collection": "c", "password": "hunter2"});
        let config = parse(values).unwrap();
        assert_eq!(config.password.reveal(), "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
