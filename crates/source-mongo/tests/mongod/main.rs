//! The source against a real server.

#[cfg(test)]
#[path = "../../src/bson/tests/arbitrary.rs"]
mod arbitrary;
#[cfg(test)]
mod changed;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod lookup;
#[cfg(test)]
#[path = "../source/mongod.rs"]
mod mongod;
#[cfg(test)]
mod ping;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
