//! The HTTP client of sources, against a server in this process.
#![allow(clippy::unwrap_used, reason = "a test ends where it can't go on")]

mod answers;
mod limits;
mod pages;
mod redirects;
mod retries;
mod server;
mod signing;
mod tokens;
mod trust;
