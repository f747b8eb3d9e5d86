//! The service: connectors and sync jobs as documents of Elasticsearch, and the worker that runs what they ask for.
//!
//! A program hands in its sources as a [`Registry`] and a server as a [`Store`](protocol::Store). What somebody asks of
//! connectors, jobs and indices is in [`connectors`], [`jobs`], [`indices`] and [`declared`]; [`worker`] does it.
#![warn(missing_docs)]

pub mod connectors;
pub mod declared;
pub mod endpoints;
pub mod indices;
pub mod jobs;
mod lock;
pub mod ownership;
mod pattern;
pub mod protocol;
mod registry;
pub mod schedule;
pub mod secrets;
pub mod worker;

pub use pattern::Pattern;
pub use registry::Registry;
