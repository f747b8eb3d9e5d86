//! Elasticsearch and OpenSearch, as the sync needs them: client, index, scan, bulk.

mod bulk;
mod client;
mod engine;
pub mod index;
pub mod scan;
mod settings;

pub(crate) use bulk::push_text;
pub use bulk::{Batch, Bulk, Item, Kind, Refused, Written};
pub use client::{Client, Request, Response, Traffic};
pub use engine::{Engine, Flavour};
pub use settings::{Auth, BulkSettings, Settings};

pub use crate::retry::Retry;
