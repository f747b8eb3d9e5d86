//! A server whose own certificate is the trusted one, though it is marked as an authority's (CA:TRUE), as `openssl req -x509`
//! makes them. The driver refuses such a certificate whatever it is told to trust, and takes no verifier of ours; so it speaks
//! plainly to a socket in a folder that is this user's alone, behind which TLS is ours: that very certificate, and no other, is
//! accepted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connectors_core::{Context, Error, Result};
use mongodb::options::ServerAddress;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::debug;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to a server with a pinned certificate, for as long as it is kept.
pub(super) struct Pinned {
    folder: TempDir,
    forwarding: JoinHandle<()>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

impl Pinned {
    /// The way to this server, if the certificate that it shows is one of these (PEM), and an authority's; none for any other,
    /// which the driver can verify by itself.
    ///
    /// # Errors
    /// When the socket can't be made.
    pub(super) async fn to(server: &ServerAddress, (context, pem): (&Context, &str)) -> Result<Option<Self>> {
        let Some(target) = Target::new(server, pem) else { return Ok(None) };
        if let Err(error) = target.connect().await {
            debug!(%server, %error, "the certificate is not pinned");
            return Ok(None);
        }
        let kept = |error| Error::unexpected("the way to the server could not be made").caused_by(error);
        let folder = context.blocking(move || tempfile::tempdir().map_err(kept)).await?;
        let listener = UnixListener::bind(socket(&folder)).map_err(kept)?;
        let forwarding = tokio::spawn(forward(listener, target.into()));
        Ok(Some(Self { folder, forwarding }))
    }

    /// Where the driver reaches the server, without TLS of its own.
    pub(super) fn address(&self) -> ServerAddress {
        ServerAddress::Unix { path: socket(&self.folder) }
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("mongodb.sock")
}

async fn forward(listener: UnixListener, target: Arc<Target>) {
    while let Ok((near, _)) = listener.accept().await {
        let target = target.clone();
        tokio::spawn(async move {
            if let Err(error) = target.carry(near).await {
                debug!(%error, "a connection to the server ended");
            }
        });
    }
}

/// A server, and what it has to show.
struct Target {
    place: (String, u16),
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Target {
    /// None where there is nothing to compare.
    fn new(server: &ServerAddress, pem: &str) -> Option<Self> {
        let ServerAddress::Tcp { host, port } = server else { return None };
        let host = host.trim_matches(['[', ']']).to_owned();
        let trusted: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect();
        let name = ServerName::try_from(host.clone()).ok()?;
        let provider = Arc::new(ring::default_provider());
        let verifier = Itself::new(trusted, provider.clone())?;
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let config =
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        Some(Self { place: (host, port.unwrap_or(27017)), name, connector })
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let (host, port) = &self.place;
        let connected = timeout(PATIENCE, async {
            let far = TcpStream::connect((host.as_str(), *port)).await?;
            far.set_nodelay(true)?;
            self.connector.connect(self.name.clone(), far).await
        });
        connected.await.unwrap_or_else(|late| Err(late.into()))
    }

    async fn carry(&self, mut near: UnixStream) -> std::io::Result<()> {
        let mut far = self.connect().await?;
        copy_bidirectional(&mut near, &mut far).await.map(drop)
    }
}

/// Accepts a certificate that is trusted itself and refused for nothing but being an authority's.
#[derive(Debug)]
struct Itself {
    trusted: Vec<CertificateDer<'static>>,
    usual: Arc<WebPkiServerVerifier>,
}

impl Itself {
    fn new(trusted: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned());
        let usual = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().ok()?;
        Some(Self { trusted, usual })
    }
}

impl ServerCertVerifier for Itself {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        match self.usual.verify_server_cert(shown, between, name, status, now) {
            // The driver takes it by itself.
            Ok(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Err(error) if is_authoritys(&error) && self.trusted.iter().any(|one| one == shown) => {
                Ok(ServerCertVerified::assertion())
            }
            Err(error) => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Tells by the text, as the error's own type is not public.
fn is_authoritys(error: &TlsError) -> bool {
    format!("{error:?}").contains("CaUsedAsEndEntity")
}
