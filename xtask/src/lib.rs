//! The contributor's commands, one module each, behind `cargo xtask`.
//!
//! Nothing here depends on another crate of the workspace: it is the first thing that a new machine compiles.

pub mod cli;
pub mod shell;

mod error;
mod tools;

mod backend;
mod chaos;
mod check;
mod coverage;
mod deny;
mod driver;
mod ftest;
mod fuzz;
mod new_source;
mod perf;
mod programs;
mod prove;
mod test;

#[cfg(test)]
mod tests;
