//! MongoDB: one index document per document of the collections that are synced.
//!
//! | | |
//! |---|---|
//! | permissions | a user with the role `read` on the databases that are synced; `readAnyDatabase` for patterns over all of them |
//! | ids | the `_id`; where several collections are synced, `database.collection/` before it |
//! | unchanged | by the bytes of the document |
//! | nothing changed | told by a change stream that is kept open, on replica sets |
//! | incremental | by change streams: inserts, updates and deletes |
//! | deletes | confirmed by `_id`, as a majority of the set has it |
//! | waits | each ends at `serverSelectionTimeoutMS` and `socketTimeoutMS` together |
//! | scope | `database/collection` |
//! | advanced rules | `find` and `aggregate`, in extended JSON |
//! | limits | views and time series are read from the start again after a broken connection |
//!
//! How each BSON type is indexed stands in `docs/sources/mongodb.md`.

mod ahead;
mod attempts;
mod bson;
mod by_id;
mod changes;
mod client;
mod config;
mod document;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod glob;
mod listing;
mod lookup;
mod rules;
mod source;
mod watch;

pub use config::MongoConfig;
pub use source::Mongo;

use connectors_core::Definition;

/// This crate as the registry knows it.
pub static SOURCE: Definition<Mongo> = Definition::new().incremental().advanced_rules();
