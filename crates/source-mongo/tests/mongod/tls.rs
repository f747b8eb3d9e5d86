//! A server that speaks nothing but TLS, by certificates of an authority of our own.

use std::path::Path;

use bson::doc;
use connectors_core::ErrorKind;
use connectors_testkit::backend::Server;
use mongodb::Client;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Map, Value, json};

use crate::mongod::single;
use crate::support::{connect, ids, start};

const INSECURE: &str = "&tls=true&tlsInsecure=true";

/// An authority, and its certificate as PEM.
fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "an authority for tests");
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

/// Key and certificate of a server at this address, as one PEM text.
fn identity(issuer: &Issuer<'static, KeyPair>, address: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([address.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    format!("{}{}", key.serialize_pem(), certificate.pem())
}

/// A server with this key and certificate and one document, for clients that know this authority.
async fn encrypted(folder: &Path, identity: &str, authority: &str) -> Option<Server> {
    let (key, ca) = (folder.join("key.pem"), folder.join("ca.pem"));
    std::fs::write(&key, identity).unwrap();
    std::fs::write(&ca, authority).unwrap();
    let backend = single(INSECURE)
        .arguments("--tlsMode requireTLS --tlsAllowConnectionsWithoutCertificates")
        .arguments("--tlsCertificateKeyFile")
        .argument(&key.display().to_string())
        .arguments("--tlsCAFile")
        .argument(&ca.display().to_string());
    let server = start(backend).await?;
    let uri = format!("mongodb://{}/?directConnection=true{INSECURE}", server.address());
    let client = Client::with_uri_str(uri).await.unwrap();
    client.database("shop").collection("people").insert_one(doc! {"_id": "ada"}).await.unwrap();
    Some(server)
}

/// A certificate for 127.0.0.1 that nobody but itself has signed, and its key.
fn self_signed(is_ca: IsCa) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = is_ca;
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_signed_by_itself_is_trusted_also_as_an_authoritys_and_no_other_is() {
    for is_ca in [IsCa::ExplicitNoCa, IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = self_signed(is_ca);
        let Some(server) = encrypted(folder.path(), &format!("{key}{certificate}"), &certificate).await
        else {
            return;
        };
        let trusting =
            |pem: &str| connect(&settings(server.address(), &json!({"ssl_enabled": true, "ssl_ca": pem})));
        let connection = trusting(&certificate.replace('\n', " "));
        connection.source().ping().await.unwrap();
        assert_eq!(ids(&*connection).await, ["ada"]);
        connection.source().close().await.unwrap();
        let (other, _) = self_signed(IsCa::Ca(BasicConstraints::Unconstrained));
        let refused = trusting(&other).source().ping().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_pinned_certificate_no_certificate_that_it_signed_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (issuer, ca) = authority();
    let wrong_name = identity(&issuer, "elsewhere.example");
    let Some(server) = encrypted(folder.path(), &wrong_name, &ca).await else { return };
    let trusting = settings(server.address(), &json!({"ssl_enabled": true, "ssl_ca": ca}));
    let refused = connect(&trusting).source().ping().await.unwrap_err();
    assert!(refused.to_string().contains("the host name that the certificate is for"), "{refused}");
}

fn settings(host: &str, more: &Value) -> Map<String, Value> {
    let host = format!("mongodb://{host}/?serverSelectionTimeoutMS=2000");
    let mut settings =
        json!({"host": host, "database": "shop", "collection": "people", "direct_connection": true});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_server_is_reached_and_what_is_in_the_way_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (issuer, ca) = authority();
    let Some(server) = encrypted(folder.path(), &identity(&issuer, "127.0.0.1"), &ca).await else { return };
    let address = server.address().to_owned();
    for trusted in [
        json!({"ssl_enabled": true, "ssl_ca": &ca}),
        json!({"ssl_enabled": true, "ssl_ca": ca.replace('\n', " ")}),
        json!({"ssl_enabled": true, "tls_insecure": true}),
    ] {
        let connection = connect(&settings(&address, &trusted));
        connection.source().ping().await.unwrap();
        assert_eq!(ids(&*connection).await, ["ada"]);
    }
    let by_name = address.replace("127.0.0.1", "localhost");
    let untrusted = "TLS failed: the server's certificate is not trusted: give its authority in ssl_ca";
    let (_, other) = authority();
    for (host, more, kind, text) in [
        (&address, json!({"ssl_enabled": true}), ErrorKind::Config, untrusted),
        (&address, json!({"ssl_enabled": true, "ssl_ca": other}), ErrorKind::Config, untrusted),
        (
            &by_name,
            json!({"ssl_enabled": true, "ssl_ca": ca}),
            ErrorKind::Config,
            "the host name that the certificate is for",
        ),
        (&address, json!({}), ErrorKind::Transient, "it may want TLS (ssl_enabled)"),
    ] {
        let error = connect(&settings(host, &more)).source().ping().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}
