//! The sync as a whole, against a server that speaks Elasticsearch's protocol and fails on command.

#[cfg(test)]
mod access;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod addresses;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod connecting;
#[cfg(test)]
mod contents;
#[cfg(test)]
mod definition;
#[cfg(test)]
mod deletes;
#[cfg(test)]
mod digests;
#[cfg(test)]
mod failed_changes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faulty_indices;
#[cfg(test)]
mod fences;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod ignored;
#[cfg(test)]
mod incremental;
#[cfg(test)]
mod indexing;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod pipelines;
#[cfg(test)]
mod property;
#[cfg(test)]
mod repairs;
#[cfg(test)]
mod reserved;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verification;
