//! x
use crate::{cli::Command, error::Result, shell::Shell};
/// x
pub const COMMAND: Command = Command { name: "test", usage: "", help: "x", run };
fn run(_: &Shell, _: &[String]) -> Result<()> {
    Ok(())
}
