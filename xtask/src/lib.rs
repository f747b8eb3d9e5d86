//! The contributor's commands, one module each, behind `cargo xtask`.
//!
//! Nothing here depends on another crate of the workspace: it is the first thing that a new machine compiles.

pub mod cli;
pub mod error;
pub mod shell;

pub mod apt;
pub mod tools;

pub mod backend;
pub mod chaos;
pub mod check;
pub mod coverage;
pub mod deny;
pub mod ftest;
pub mod fuzz;
pub mod llvm;
pub mod mongod;
pub mod new_source;
pub mod perf;
pub mod prove;
pub mod test;

#[cfg(test)]
mod tests;
