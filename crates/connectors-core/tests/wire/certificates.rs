//! Which certificates of a server are taken.

use std::net::SocketAddr;
use std::sync::Arc;

use connectors_core::elastic::Client;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Fake, Manner, settings};

/// An authority, and its certificate as PEM.
pub(crate) fn authority() -> (Issuer<'static, KeyPair>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), certificate.into_bytes())
}

/// What a server does with a certificate for 127.0.0.1.
pub(crate) fn acceptor(issuer: &Issuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// A port that speaks TLS and passes on what it decrypts.
pub(crate) async fn encrypted(target: String, acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut inner) = acceptor.accept(stream).await else { continue };
            let target = target.clone();
            tokio::spawn(async move {
                let mut outer = TcpStream::connect(target).await.unwrap();
                _ = copy_bidirectional(&mut inner, &mut outer).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_certificate_is_taken_only_from_a_trusted_authority_and_for_its_host_unless_checks_are_off() {
    let fake = Fake::start(Manner::default()).await;
    let ((issuer, ca), (_, other)) = (authority(), authority());
    let port = encrypted(fake.address.clone(), acceptor(&issuer)).await.port();
    for (host, ca_certs, verify_certs, is_taken) in [
        ("127.0.0.1", None, true, false),
        ("127.0.0.1", Some(&other), true, false),
        ("localhost", Some(&ca), true, false),
        ("127.0.0.1", Some(&ca), true, true),
        ("localhost", None, false, true),
    ] {
        let mut settings = settings(&format!("https://{host}:{port}"));
        (settings.ca_certs, settings.verify_certs) = (ca_certs.cloned(), verify_certs);
        let connected = Client::connect(settings).await.map(drop);
        let case = format!("{host}, an authority: {}, checked: {verify_certs}", ca_certs.is_some());
        match connected {
            Ok(()) => assert!(is_taken, "{case}"),
            Err(error) => assert!(!is_taken && error.to_string().contains("certificate"), "{case}: {error}"),
        }
    }
}
