//! Runs the server: `elastic-embedded DATA [PORT]`, until it is ended, or `elastic-embedded DATA shared`, until nobody
//! uses it.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::pin;
use std::process::{ExitCode, exit};
use std::task::Poll;

use elastic_embedded::{Access, Options, Server};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(data) = arguments.next() else {
        eprintln!("usage: elastic-embedded DATA [PORT | shared]");
        return ExitCode::from(2);
    };
    let how = arguments.next();
    if how.as_deref() == Some("shared") {
        let served = Server::serve(Options { access: Access::Token, ..Options::new(data) }).await;
        exit(i32::from(served.is_err()));
    }
    let port = how.and_then(|port| port.parse().ok()).unwrap_or(0);
    match run(Options { port, ..Options::new(data) }).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(options).await?;
    // The first poll takes the signal: whoever reads the address may send it at once.
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let waits = poll_fn(|task| Poll::Ready(interrupt.as_mut().poll(task).is_pending())).await;
    writeln!(std::io::stdout(), "{}", server.url())?;
    if waits {
        interrupt.await?;
    }
    Ok(server.stop().await?)
}
