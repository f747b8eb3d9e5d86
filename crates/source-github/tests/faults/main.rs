//! What goes wrong with calls of GitHub, and what is listed in spite of it.
#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

mod costs;
mod every_call;
mod lookups;
mod pages;
mod support;

#[path = "../source/execute.rs"]
mod execute;
#[allow(dead_code, reason = "the promises use the rest")]
#[path = "../source/server.rs"]
mod server;
#[allow(dead_code, reason = "the promises use the rest")]
#[path = "../source/world.rs"]
mod world;
