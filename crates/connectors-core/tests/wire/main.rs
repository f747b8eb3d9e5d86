//! The sync as a whole, against a server that speaks Elasticsearch's protocol and fails on command.

mod accounts;
mod connecting;
mod contents;
mod definition;
mod deletes;
mod failures;
mod flow;
mod incremental;
mod indexing;
mod property;
mod retries;
mod stopping;
mod support;
mod verification;
