//! What the modes of a test program have in common.

use std::process::ExitCode;

use crate::Result;

/// Does the work on a runtime of its own; what went wrong is told behind the command's name.
pub(crate) fn run(name: &str, work: impl Future<Output = Result<()>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(work)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{name}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One line for whoever watches.
#[expect(clippy::print_stdout, reason = "a command's output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
