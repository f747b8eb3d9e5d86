//! A small Elasticsearch for first runs and tests, in the calling process or in one of its own.
//!
//! [`Server::start`] opens a data folder, listens on a loopback port and answers the part of the
//! Elasticsearch REST API that a connector and a person who searches need: indices, mappings, documents,
//! bulk, search, aggregations, points in time. [Tantivy](https://docs.rs/tantivy) is the engine below.
//!
//! - What it does not know it refuses with status 501 and the name of what was asked; nothing pretends.
//! - A write that was acknowledged survives a killed process and a power failure: it stands in the index's log,
//!   on the disk, before the answer leaves.
//! - An index that is damaged is refused by name; the others are served.
//! - Search sees a write after a refresh, a lookup by id at once, as in the real one.
//! - Its behaviour is written down in `tests/scenarios`, which also run against real servers, and compared with theirs on
//!   generated requests: `tests/differential`.
//!
//! [`Shared`] uses a server that runs in a process of its own, and starts one where there is none.
//!
//! Where it differs from the real one, knowingly:
//!
//! - An index is one shard. A search refreshes it first if its view is older than `refresh_interval`; no
//!   thread does so in the background, so `index.search.idle.after` is taken and changes nothing.
//! - A place (`geo_point`) is kept and shown as it was sent, and found by `exists` alone.
//! - Dates have the default format only, so `2024/01/02` is mapped as text; date math is refused.
//! - The length of all texts of a document, not of one field, weighs in a score.
//! - A phrase in which a word repeats may be found by one of them where it may have other words among its own.
//! - Reasons of errors lack the line and column in front; a key that stands twice in an object counts once.
//! - A clause that makes no sense is refused also where it could not change the result, or where nothing can match.
//! - Of several indices, one that refuses a search fails the whole; the first terms of an aggregation are those of all
//!   documents, not those that are first in one index.
//! - Highlighting marks what a clause looks for, also where that clause alone did not match. A fragment begins and ends
//!   about where the real one's does, and is the better the more of it is marked.
//! - Where Elasticsearch and OpenSearch differ, it answers as Elasticsearch does.
//! - A number in a text or keyword is indexed as it would be printed, not as it was written: `1.50` as `1.5`.
//! - A pattern of a query string finds nothing in a key of a flattened object; Elasticsearch looks for it in keys and values
//!   together, and in all keys.
//! - Slices of a point in time split documents by the order of writing.
//!
//! ```no_run
//! # async fn run() -> Result<(), elastic_embedded::Error> {
//! let server = elastic_embedded::Server::start(elastic_embedded::Options::new("data")).await?;
//! println!("{}", server.url());
//! server.stop().await
//! # }
//! ```

mod analysis;
mod api;
mod call;
mod dates;
mod failure;
mod filter_path;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod identity;
#[cfg(test)]
mod logged;
mod mapping;
mod options;
mod query;
mod search;
mod server;
mod store;
mod tree;

pub use server::{Access, Error, Options, Server, Shared};
