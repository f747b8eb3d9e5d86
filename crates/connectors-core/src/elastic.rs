//! Elasticsearch and OpenSearch, as the sync needs them: client, index, scan, digest, bulk.

mod bulk;
mod client;
mod connect;
pub mod digest;
mod engine;
mod fence;
mod ignored;
pub mod index;
pub(crate) mod key;
mod limits;
mod mapping;
mod page;
pub(crate) mod pipeline;
pub mod privileges;
pub mod scan;
mod settings;
pub(crate) mod system;

#[cfg(any(test, fuzzing))]
pub(crate) use bulk::read_answer;
pub use bulk::{Acknowledged, Batch, Bulk, Epoch, Item, Kind, Refused, Run, Runs, Written};
pub use client::{Client, Request, Response, Traffic};
pub use engine::{Engine, Flavour};
pub use fence::Fence;
pub use ignored::{Ignored, IgnoredField, ignored};
pub use key::{IndexKey, Ownership};
pub use mapping::{FieldKind, FieldSpec, MappingDifference, Preset};
pub(crate) use page::Page;
pub use settings::{Auth, BulkSettings, Settings};

pub use crate::retry::Retry;
