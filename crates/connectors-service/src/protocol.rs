//! The connector protocol of Elasticsearch: connectors and sync jobs as documents of two indices, which
//! Kibana, the server's connector API and other services read and write too.
//!
//! What comes in is read leniently, what goes out is written strictly. A write touches only the fields that it
//! means, and only the version of the document that was read.

mod configuration;
mod connector;
#[cfg(test)]
mod hostile;
mod job;
mod record;
mod status;
mod store;
#[cfg(test)]
pub(crate) mod strict;

pub use connector::{Connector, Schedule};
pub use job::{Counts, SyncJob, identity_index};
pub use status::{ConnectorStatus, JobStatus, JobType, listed};
pub use store::Store;

pub(crate) use configuration::{is_complete, missing_fields, overlay, values};
pub(crate) use connector::{NewConnector, features, lack, last_scheduled_field, scheduling};
pub(crate) use job::{patch_of_end, patch_of_start};
pub(crate) use record::{Record, timestamp};
pub(crate) use status::Trigger;
pub(crate) use store::{Kind, Written};
