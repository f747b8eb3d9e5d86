//! The contributor's commands, one module each, behind `cargo xtask`.
//!
//! Nothing here depends on another crate of the workspace: it is the first thing that a new machine compiles.

pub mod cli;
pub mod error;
pub mod shell;

pub mod apt;
mod llvm;
pub mod tools;

pub mod backend;
pub mod chaos;
mod check;
mod coverage;
mod deny;
mod driver;
pub mod ftest;
mod fuzz;
pub mod new_source;
mod perf;
pub mod programs;
mod prove;
mod test;

#[cfg(test)]
mod tests;
