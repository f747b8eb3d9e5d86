//! Which certificates of a server are taken.

use std::sync::Arc;

use connectors_core::ErrorKind;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::server::{Server, context, status};

/// An authority, and its certificate as PEM.
fn authority() -> (Issuer<'static, KeyPair>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate)
}

/// A port that speaks TLS by a certificate of the authority, and passes on what it decrypts.
async fn encrypted(target: String, issuer: &Issuer<'static, KeyPair>) -> u16 {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut inner) = acceptor.accept(stream).await else { continue };
            let mut outer = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut inner, &mut outer).await });
        }
    });
    port
}

#[tokio::test]
async fn a_server_is_trusted_by_the_authorities_that_its_source_names_and_for_its_host_alone() {
    let server = Server::start(|_| status(200, "7")).await;
    let ((issuer, ca), (_, other)) = (authority(), authority());
    let target = format!("127.0.0.1:{}", server.url.port().unwrap());
    let port = encrypted(target, &issuer).await;
    let context = context();
    for (host, authorities, is_taken) in [
        ("127.0.0.1", None, false),
        ("127.0.0.1", Some(other.clone()), false),
        ("127.0.0.1", Some(ca.clone()), true),
        ("127.0.0.1", Some(format!("{other}{ca}").replace('\n', " ")), true),
        ("localhost", Some(ca.clone()), false),
        ("127.0.0.1", None, false),
    ] {
        let base = format!("https://{host}:{port}").parse().unwrap();
        let http = context.http(&base).unwrap();
        let http = authorities.iter().fold(http, |http, pem| http.trust(pem).unwrap());
        match http.get("/").json::<u8>().await {
            Ok(_) => assert!(is_taken, "{host} {authorities:?}"),
            Err(error) => assert!(!is_taken && error.to_string().contains("certificate"), "{error}"),
        }
    }
}

#[tokio::test]
async fn what_holds_no_certificate_is_a_wrong_setting() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----"] {
        let error = context().http(&"https://127.0.0.1:9".parse().unwrap()).unwrap().trust(pem).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Config && error.to_string().contains("BEGIN CERTIFICATE"),
            "{error}"
        );
    }
}
