//! The connection, and what is asked over it.

pub(crate) mod error;
mod namespaces;
mod probe;

use std::io::Write as _;

use bson::{Document, Timestamp, doc};
use connectors_core::{Context, Error, Result};
use mongodb::options::{
    ClientOptions, ConnectionString, Credential, HostInfo, ReadPreference, SelectionCriteria, ServerAddress,
    Tls, TlsOptions,
};
use mongodb::{Client as Driver, ClientSession, Collection};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

pub(crate) use namespaces::{Kind, Namespace, Selection};

use crate::bson::LegacyUuid;
use crate::config::MongoConfig;

/// How long a server is waited for, unless the connection string says otherwise. An election takes less.
const SELECTION: Duration = Duration::from_secs(15);

/// A connection that is opened when it is first needed.
pub(crate) struct Client {
    config: MongoConfig,
    context: Context,
    address: ConnectionString,
    opened: OnceCell<Opened>,
    seen: Mutex<Option<Timestamp>>,
}

struct Opened {
    driver: Driver,
    /// The driver reads certificates from a file, which goes when the connection does.
    _ca: Option<tempfile::NamedTempFile>,
}

impl Client {
    /// A client for these settings; nothing is sent yet.
    pub(crate) fn new(config: MongoConfig, context: &Context) -> Result<Self> {
        let address = address(config.host.as_str())?;
        let context = context.clone();
        Ok(Self { config, context, address, opened: OnceCell::new(), seen: Mutex::default() })
    }

    /// How the connection string says that legacy UUIDs are laid out.
    pub(crate) fn legacy_uuid(&self) -> LegacyUuid {
        match self.address.uuid_representation {
            Some(bson::UuidRepresentation::JavaLegacy) => LegacyUuid::Java,
            Some(bson::UuidRepresentation::CSharpLegacy) => LegacyUuid::CSharp,
            _ => LegacyUuid::InOrder,
        }
    }

    /// The servers that the connection string names, without anything secret.
    pub(crate) fn servers(&self) -> String {
        match &self.address.host_info {
            HostInfo::HostIdentifiers(hosts) => shown(hosts),
            HostInfo::DnsRecord(name) => name.clone(),
            _ => String::new(),
        }
    }

    /// The driver, connected on first use.
    pub(crate) async fn driver(&self) -> Result<&Driver> {
        let opened = self.opened.get_or_try_init(|| self.open()).await?;
        Ok(&opened.driver)
    }

    /// The collection of a namespace.
    pub(crate) async fn collection(&self, namespace: &Namespace) -> Result<Collection<Document>> {
        Ok(self.driver().await?.database(&namespace.database).collection(&namespace.collection))
    }

    /// The server's time of operations now; none outside of a replica set.
    ///
    /// What is read in a [`session`](Self::session) from then on is not older, whichever member answers.
    pub(crate) async fn operation_time(&self) -> Result<Option<Timestamp>> {
        let admin = self.driver().await?.database("admin");
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        let ping = admin.run_command(doc! {"ping": 1}).selection_criteria(primary);
        let reply = ping.await.map_err(|error| error::map(&error, "ask for the time"))?;
        let time = reply.get_timestamp("operationTime").ok();
        if time.is_some() {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = time;
        }
        Ok(time)
    }

    /// A session that reads nothing older than the last [`operation_time`](Self::operation_time).
    pub(crate) async fn session(&self) -> Result<ClientSession, mongodb::error::Error> {
        let driver = self.driver().await.map_err(mongodb::error::Error::custom)?;
        let mut session = driver.start_session().await?;
        if let Some(time) = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            session.advance_operation_time(time);
        }
        Ok(session)
    }

    /// Tells the cases of a server out of reach apart before the driver waits for one.
    pub(crate) async fn reach(&self) -> Result<()> {
        let options = self.options().await?;
        probe::reach(&options.hosts).await
    }

    /// Ends the connection.
    pub(crate) async fn close(&self) {
        if let Some(opened) = self.opened.get() {
            opened.driver.clone().shutdown().immediate(true).await;
        }
    }

    async fn open(&self) -> Result<Opened> {
        let mut options = self.options().await?;
        let ca = self.encrypt(&mut options).await?;
        let driver = Driver::with_options(options).map_err(|error| error::map(&error, "connect"))?;
        Ok(Opened { driver, _ca: ca })
    }

    /// The connection string, with what the other settings add to it.
    async fn options(&self) -> Result<ClientOptions> {
        let parsed = ClientOptions::parse(self.address.clone()).await;
        let mut options = parsed.map_err(|error| error::map(&error, "look up the servers"))?;
        options.app_name.get_or_insert_with(|| "connectors".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        if let Some(most) = self.config.max_connections {
            options.max_pool_size = Some(most);
        }
        if self.config.direct_connection {
            options.direct_connection = Some(true);
            options.hosts.truncate(1);
        }
        if !self.config.user.is_empty() {
            let credential = options.credential.get_or_insert_with(Credential::default);
            credential.username = Some(self.config.user.clone());
            credential.password = Some(self.config.password.reveal().to_owned());
        }
        Ok(options)
    }

    async fn encrypt(&self, options: &mut ClientOptions) -> Result<Option<tempfile::NamedTempFile>> {
        if !self.config.ssl_enabled {
            return Ok(None);
        }
        let pem = self.config.ssl_ca.clone();
        let ca = self.context.blocking(move || pem_file(&pem)).await?;
        let mut tls = match options.tls.take() {
            Some(Tls::Enabled(tls)) => tls,
            _ => TlsOptions::default(),
        };
        if let Some(file) = &ca {
            tls.ca_file_path = Some(file.path().to_owned());
        }
        if self.config.tls_insecure {
            tls.allow_invalid_certificates = Some(true);
        }
        options.tls = Some(Tls::Enabled(tls));
        Ok(ca)
    }
}

/// The certificates as the file that the driver wants; none when there are none.
fn pem_file(pem: &str) -> Result<Option<tempfile::NamedTempFile>> {
    if pem.trim().is_empty() {
        return Ok(None);
    }
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Error::config(
            "ssl_ca holds no certificate: paste the PEM text, beginning with -----BEGIN CERTIFICATE-----",
        ));
    }
    let write = || -> std::io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(lines(pem).as_bytes())?;
        file.flush()?;
        Ok(file)
    };
    let file =
        write().map_err(|error| Error::unexpected("the certificates could not be kept").caused_by(error))?;
    Ok(Some(file))
}

/// PEM with its line breaks, which forms of one line turn into spaces or `\n`.
fn lines(pem: &str) -> String {
    let text = pem.replace("\\n", "\n");
    let mut out = String::with_capacity(text.len());
    for part in text.split("-----").map(str::trim) {
        if part.starts_with("BEGIN ") || part.starts_with("END ") {
            out.push_str(&format!("-----{part}-----\n"));
        } else if !part.is_empty() {
            out.push_str(&part.split_whitespace().collect::<Vec<_>>().join("\n"));
            out.push('\n');
        }
    }
    out
}

/// The connection string; a plain `host:port` becomes one.
fn address(host: &str) -> Result<ConnectionString> {
    let host = host.trim();
    let text = if host.contains("://") { host.to_owned() } else { format!("mongodb://{host}") };
    ConnectionString::parse(&text).map_err(|error| {
        let reason = error::without_credentials(&error.kind.to_string(), &text);
        Error::config("host is no connection string of MongoDB, such as mongodb://localhost:27017")
            .caused_by(reason)
    })
}

/// The servers without anything secret, for messages.
pub(crate) fn shown(hosts: &[ServerAddress]) -> String {
    hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
