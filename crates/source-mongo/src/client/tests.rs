use connectors_core::ErrorKind;
use connectors_core::config::Config as _;
use mongodb::error::{Error as DriverError, ErrorKind as DriverKind};
use serde_json::json;

use super::*;

fn client(values: serde_json::Value) -> Client {
    Client::new(MongoConfig::parse(values.as_object().unwrap()).unwrap(), &Context::default()).unwrap()
}

fn with_host(host: &str) -> serde_json::Value {
    json!({"host": host, "database": "d", "collection": "c"})
}

#[tokio::test]
async fn settings_are_added_to_the_connection_string() {
    let mut values = with_host("mongodb://one:1,two:2/?replicaSet=rs0&serverSelectionTimeoutMS=7");
    for (name, value) in
        [("user", json!("ada")), ("password", json!("pw")), ("direct_connection", json!(true))]
    {
        values[name] = value;
    }
    let options = client(values).options().await.unwrap();
    assert_eq!(shown(&options.hosts), "one:1");
    let credential = options.credential.unwrap();
    assert_eq!((credential.username.as_deref(), credential.password.as_deref()), (Some("ada"), Some("pw")));
    assert_eq!(options.direct_connection, Some(true));
    assert_eq!(options.server_selection_timeout, Some(Duration::from_millis(7)));
    assert_eq!(options.app_name.as_deref(), Some("connectors"));
}

#[tokio::test]
async fn the_setting_limits_the_connections_and_wins_over_the_connection_string() {
    let cases = [
        (json!(null), "", None),
        (json!(null), "?maxPoolSize=7", Some(7)),
        (json!(4), "?maxPoolSize=7", Some(4)),
    ];
    for (setting, query, wanted) in cases {
        let mut values = with_host(&format!("mongodb://one:1/{query}"));
        values["max_connections"] = setting;
        assert_eq!(client(values).options().await.unwrap().max_pool_size, wanted, "{query}");
    }
}

#[tokio::test]
async fn a_plain_host_will_do() {
    let options = client(with_host(" localhost:4711 ")).options().await.unwrap();
    assert_eq!(shown(&options.hosts), "localhost:4711");
    assert!(options.credential.is_none() && options.tls.is_none());
}

#[tokio::test]
async fn certificates_are_handed_on_as_a_file() {
    let mut values = with_host("localhost");
    values["ssl_enabled"] = json!(true);
    values["tls_insecure"] = json!(true);
    values["ssl_ca"] = json!("-----BEGIN CERTIFICATE----- AAAA BBBB -----END CERTIFICATE-----");
    let client = client(values);
    let mut options = client.options().await.unwrap();
    let file = client.encrypt(&mut options).await.unwrap()._ca.unwrap();
    let Some(Tls::Enabled(tls)) = options.tls else { panic!("TLS is off") };
    assert_eq!(tls.ca_file_path.as_deref(), Some(file.path()));
    assert_eq!(tls.allow_invalid_certificates, Some(true));
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(text, "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n");
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    let error = pem_file("not a certificate").unwrap_err();
    assert!(error.to_string().contains("BEGIN CERTIFICATE"), "{error}");
    assert!(pem_file("  ").unwrap().is_none());
}

#[test]
fn a_wrong_connection_string_is_told_without_its_password() {
    let values = json!({"host": "mongodb://ada:s3cr3t@host:notaport/", "database": "d", "collection": "c"});
    let config = MongoConfig::parse(values.as_object().unwrap()).unwrap();
    let Err(error) = Client::new(config, &Context::default()) else { panic!("it was taken") };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("connection string") && !format!("{error:?}").contains("s3cr3t"),
        "{error}"
    );
    let shown =
        error::without_credentials("bad s3cr3t and ada in mongodb://ada:s3cr3t@h", "mongodb://ada:s3cr3t@h");
    assert!(!shown.contains("s3cr3t") && !shown.contains("ada"), "{shown}");
}

#[test]
fn the_connection_string_states_the_order_of_legacy_uuids() {
    for (option, wanted) in [
        ("", LegacyUuid::InOrder),
        ("?uuidRepresentation=javaLegacy", LegacyUuid::Java),
        ("?uuidRepresentation=csharpLegacy", LegacyUuid::CSharp),
        ("?uuidRepresentation=pythonLegacy", LegacyUuid::InOrder),
    ] {
        assert_eq!(client(with_host(&format!("mongodb://h/{option}"))).forms().legacy, wanted);
    }
}

fn command(code: i32) -> DriverError {
    let error = json!({"code": code, "codeName": "Name", "errmsg": "what the server says"});
    DriverKind::Command(serde_json::from_value(error).unwrap()).into()
}

#[test]
fn the_servers_codes_are_told_apart() {
    for (code, kind, text) in [
        (18, ErrorKind::Denied, "wrong credentials"),
        (13, ErrorKind::Denied, "no right to read a.b"),
        (26, ErrorKind::Missing, "is not there"),
        (43, ErrorKind::Transient, "could not read a.b"),
        (10107, ErrorKind::Transient, "could not read a.b"),
        (9, ErrorKind::Unexpected, "could not read a.b"),
    ] {
        let mapped = error::map(&command(code), "read a.b");
        assert_eq!(mapped.kind(), kind, "{code}");
        assert!(
            mapped.to_string().contains(text) && mapped.to_string().contains("what the server says"),
            "{mapped}"
        );
    }
    assert!(error::is_history_lost(&command(286)) && !error::is_history_lost(&command(43)));
    assert!(error::map(&command(237), "read").kind().is_passing());
}

#[test]
fn a_broken_connection_passes_and_our_own_errors_stay() {
    let broken: DriverError = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
    assert_eq!(error::map(&broken, "read").kind(), ErrorKind::Transient);
    assert_eq!(error::code(&broken), None);
    let own = DriverError::custom(Error::config("mind the gap"));
    assert_eq!(error::map(&own, "read").to_string(), "mind the gap");
    assert_eq!(error::map(&own, "read").kind(), ErrorKind::Config);
}

#[test]
fn a_server_out_of_reach_is_told_by_its_reason() {
    for (message, kind, text) in [
        ("invalid peer certificate: UnknownIssuer", ErrorKind::Config, "certificate is not trusted"),
        ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", ErrorKind::Config, "CA:FALSE"),
        ("received corrupt message of type InvalidContentType", ErrorKind::Config, "speak TLS"),
        (
            "failed to lookup address information: Name or service not known",
            ErrorKind::Config,
            "host not found",
        ),
        ("Connection refused (os error 111)", ErrorKind::Transient, "connection refused"),
        ("unexpected end of file", ErrorKind::Transient, "ssl_enabled"),
        ("SCRAM failure: Authentication failed.", ErrorKind::Denied, "wrong credentials"),
        ("timed out, topology: ReplicaSetNoPrimary", ErrorKind::Transient, "replica set"),
    ] {
        let mapped = error::unreachable(message);
        assert_eq!(mapped.kind(), kind, "{message}");
        assert!(mapped.to_string().contains(text), "{mapped}");
    }
}

#[tokio::test]
async fn an_unknown_host_and_a_closed_port_are_told_apart() {
    let unknown = client(with_host("no-such-host.invalid:1")).reach().await.unwrap_err();
    assert!(unknown.to_string().contains("host not found: no-such-host.invalid"), "{unknown}");
    assert_eq!(unknown.kind(), ErrorKind::Config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    client(with_host(&format!("127.0.0.1:{port}"))).reach().await.unwrap();
    drop(listener);
    let closed = client(with_host(&format!("127.0.0.1:{port}"))).reach().await.unwrap_err();
    assert!(
        closed.to_string().contains("connection refused")
            && closed.to_string().contains("servers: 127.0.0.1"),
        "{closed}"
    );
}
