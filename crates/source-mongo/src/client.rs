//! The connection, and what is asked over it.

mod address;
pub(crate) mod error;
mod identity;
mod namespaces;
pub(crate) mod patience;
mod pinned;
mod plain;
mod probe;

use std::io::Write as _;

use bson::{Timestamp, doc};
use connectors_core::config::pem_lines;
use connectors_core::{Context, Error, Result};
use mongodb::error::Error as DriverError;
use mongodb::options::{
    ClientOptions, ConnectionString, HostInfo, ReadPreference, SelectionCriteria, ServerAddress,
    ServerMonitoringMode, Tls, TlsOptions,
};
use mongodb::{Client as Driver, ClientSession};
use std::future::{Future, IntoFuture as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tracing::debug;

pub(crate) use identity::Uuids;
pub(crate) use namespaces::{Kind, Namespace, Selection, names_of};
pub(crate) use plain::PlainIds;

use crate::attempts::Failures;
use crate::bson::{Forms, LegacyUuid};
use crate::config::MongoConfig;
use patience::{NoAnswer, Patience, SELECTION};
use pinned::Pinned;

/// How long the farewell to the servers may take; then the connections are dropped.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection that is opened when it is first needed.
pub(crate) struct Client {
    config: MongoConfig,
    context: Context,
    address: ConnectionString,
    patience: Patience,
    prepared: OnceCell<Prepared>,
    driver: Mutex<Option<Driver>>,
    seen: Mutex<Option<Timestamp>>,
    plain_ids: Mutex<PlainIds>,
}

/// What drivers are made with.
struct Prepared {
    options: ClientOptions,
    encryption: Encryption,
}

/// What encrypts connections.
#[derive(Default)]
struct Encryption {
    /// The driver reads certificates from a file, which goes when the client does.
    _ca: Option<tempfile::NamedTempFile>,
    /// The way to a server whose certificate the driver does not take.
    pinned: Option<(Pinned, ServerAddress)>,
}

impl Client {
    /// A client for these settings; nothing is sent yet.
    pub(crate) fn new(config: MongoConfig, context: &Context) -> Result<Self> {
        let mut address = address::address(&config)?;
        let patience = Patience::taken_from(&mut address);
        let (context, prepared) = (context.clone(), OnceCell::new());
        let (driver, seen, plain_ids) = Default::default();
        Ok(Self { config, context, address, patience, prepared, driver, seen, plain_ids })
    }

    /// The forms that values have by the settings.
    pub(crate) fn forms(&self) -> Forms {
        let (decimals, dates) = (self.config.decimals, self.config.datetime_conversion);
        Forms { legacy: self.legacy_uuid(), decimals, dates }
    }

    /// How the connection string says that legacy UUIDs are laid out.
    fn legacy_uuid(&self) -> LegacyUuid {
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

    /// The driver, made on first use, and again after a wait that met its limit.
    pub(crate) async fn driver(&self) -> Result<Driver> {
        let prepared = self.prepared.get_or_try_init(|| self.prepare()).await?;
        let mut driver = lock(&self.driver);
        if let Some(driver) = &*driver {
            return Ok(driver.clone());
        }
        let made = Driver::with_options(prepared.options.clone());
        Ok(driver.insert(made.map_err(|error| error::map(&error, "connect"))?).clone())
    }

    /// Waits for an answer of the server, up to the limit of a wait; `doing` completes "could not".
    ///
    /// # Errors
    /// [`NoAnswer`] at the limit. The connections may all lead nowhere then, so the next request gets new ones.
    pub(crate) async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        let done = self.patience.within(doing, work).await;
        if done.as_ref().is_err_and(|error| error.get_custom::<NoAnswer>().is_some()) {
            debug!(doing, "the connections are given up");
            lock(&self.driver).take();
        }
        done
    }

    /// How long one wait for the server may take.
    pub(crate) fn limit(&self) -> Duration {
        self.patience.limit()
    }

    /// Asks the server something, again after failures that may pass, as the driver itself tries nothing again.
    ///
    /// # Errors
    /// The last failure.
    pub(crate) async fn ask<T, F>(&self, doing: &str, request: impl Fn(Driver) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, DriverError>>,
    {
        let mut failures = Failures::default();
        loop {
            let driver = self.driver().await?;
            let error = match self.within(doing, request(driver)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error::map(&error, doing),
            };
            // The driver has looked for a server often enough by itself.
            if error::is_no_server(&error) || !failures.allow_another_try(&error).await {
                return Err(error);
            }
            debug!(%error, "asks again");
        }
    }

    /// The server's time of operations now; none outside of a replica set.
    ///
    /// What is read in a [`session`](Self::session) from then on is not older, whichever member answers.
    pub(crate) async fn operation_time(&self) -> Result<Option<Timestamp>> {
        let ping = |driver: Driver| async move {
            let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
            driver.database("admin").run_command(doc! {"ping": 1}).selection_criteria(primary).await
        };
        let reply = self.ask("ask for the time", ping).await?;
        let time = reply.get_timestamp("operationTime").ok();
        if time.is_some() {
            *lock(&self.seen) = time;
        }
        Ok(time)
    }

    /// A session that reads nothing older than the last [`operation_time`](Self::operation_time).
    pub(crate) async fn session(&self, driver: &Driver) -> Result<ClientSession, DriverError> {
        let mut session = driver.start_session().await?;
        if let Some(time) = *lock(&self.seen) {
            session.advance_operation_time(time);
        }
        Ok(session)
    }

    /// Tells the cases of a server out of reach apart before the driver waits for one.
    pub(crate) async fn reach(&self) -> Result<()> {
        let prepared = self.prepared.get_or_try_init(|| self.prepare()).await?;
        let pinned = prepared.encryption.pinned.as_ref().map(|(_, server)| std::slice::from_ref(server));
        probe::reach(pinned.unwrap_or(&prepared.options.hosts)).await
    }

    /// Ends the connection.
    pub(crate) async fn close(&self) {
        let Some(driver) = lock(&self.driver).take() else { return };
        if timeout(FAREWELL, driver.shutdown().immediate(true)).await.is_err() {
            debug!("the connections are dropped without a farewell");
        }
    }

    async fn prepare(&self) -> Result<Prepared> {
        let mut options = self.options().await?;
        let encryption = self.encrypt(&mut options).await?;
        Ok(Prepared { options, encryption })
    }

    /// The connection string, with what the other settings add to it.
    async fn options(&self) -> Result<ClientOptions> {
        let doing = "look up the servers";
        let parsed =
            self.patience.within(doing, ClientOptions::parse(self.address.clone()).into_future()).await;
        let mut options = parsed.map_err(|error| error::map(&error, doing))?;
        options.app_name.get_or_insert_with(|| "connectors".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        // Tries are counted where progress is known. Of two layers each would multiply those of the other.
        options.retry_reads = Some(false);
        // Only a monitor that polls looks at once for a server that has just failed; a streaming one waits for the next
        // word of the server, up to ten seconds.
        options.server_monitoring_mode.get_or_insert(ServerMonitoringMode::Poll);
        if let Some(most) = self.config.max_connections {
            options.max_pool_size = Some(most);
        }
        if self.config.direct_connection {
            options.direct_connection = Some(true);
            options.hosts.truncate(1);
        }
        Ok(options)
    }

    async fn encrypt(&self, options: &mut ClientOptions) -> Result<Encryption> {
        if !self.config.ssl_enabled {
            return Ok(Encryption::default());
        }
        if let Some(pinned) = self.pin(options).await? {
            return Ok(Encryption { pinned: Some(pinned), _ca: None });
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
        Ok(Encryption { _ca: ca, pinned: None })
    }

    /// Leads the driver to the only server that is named by way of a pinned certificate, where that is needed.
    async fn pin(&self, options: &mut ClientOptions) -> Result<Option<(Pinned, ServerAddress)>> {
        let [server] = options.hosts.as_slice() else { return Ok(None) };
        if self.config.tls_insecure {
            return Ok(None);
        }
        let server = server.clone();
        let Some(pinned) = Pinned::to(&server, (&self.context, &pem_lines(&self.config.ssl_ca))).await?
        else {
            return Ok(None);
        };
        (options.hosts, options.tls) = (vec![pinned.address()], Some(Tls::Disabled));
        // What the server tells of its set are names that lead past this way.
        (options.direct_connection, options.repl_set_name) = (Some(true), None);
        Ok(Some((pinned, server)))
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
        file.write_all(pem_lines(pem).as_bytes())?;
        file.flush()?;
        Ok(file)
    };
    let file =
        write().map_err(|error| Error::unexpected("the certificates could not be kept").caused_by(error))?;
    Ok(Some(file))
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The servers without anything secret, for messages.
pub(crate) fn shown(hosts: &[ServerAddress]) -> String {
    hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
