//! A connection of any protocol, with at most one fault.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use super::control::Control;
use super::plan::{Arrival, Fault, Injection};

/// Bytes that pass at a time.
const PIECE: usize = 16 * 1024;
/// Where a connection is cut by a script, which names no byte.
const SCRIPTED: usize = 128;

/// One direction of a connection.
#[derive(Clone, Copy)]
struct Pump {
    /// Bytes that pass before the connection is cut.
    limit: usize,
    /// A pause before the first piece.
    first: Duration,
    /// A pause before each piece.
    each: Duration,
    /// Whether the connection stays open at the limit, and silent.
    is_silent: bool,
}

impl Pump {
    const FREE: Self =
        Self { limit: usize::MAX, first: Duration::ZERO, each: Duration::ZERO, is_silent: false };

    /// Passes on what comes, up to the end or the limit; true when the limit was met, or a word that is
    /// swallowed was, and the sender has given up.
    async fn run(
        self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        swallowing: Option<&Shared>,
    ) -> io::Result<bool> {
        let (mut piece, mut left, mut pause) = (vec![0; PIECE], self.limit, self.first);
        loop {
            let read = from.read(&mut piece).await?;
            if read == 0 {
                to.shutdown().await?;
                return Ok(false);
            }
            if let Some(shared) = swallowing
                && shared.swallows(&piece[..read])
            {
                shared.held.notify_one();
                while from.read(&mut piece).await? > 0 {}
                return Ok(true);
            }
            pause = pause.max(self.each);
            if !pause.is_zero() {
                tokio::time::sleep(std::mem::take(&mut pause)).await;
            }
            to.write_all(&piece[..read.min(left)]).await?;
            if read > left && self.is_silent {
                while from.read(&mut piece).await? > 0 {}
            }
            if read > left {
                return Ok(true);
            }
            left -= read;
        }
    }
}

pub(super) async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let injection = shared.next(Arrival::Connection);
    let Some((requests, answers)) = pumps(injection, shared) else { return Ok(()) };
    let mut server = shared.connect().await?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let requests = requests.run(from_client, to_server, Some(shared));
    let answers = answers.run(from_server, to_client, None);
    tokio::pin!(requests, answers);
    // The direction that ends by itself lets the other one finish; a cut ends both at once.
    tokio::select! {
        was_cut = &mut requests => if !was_cut? { answers.await?; },
        was_cut = &mut answers => if !was_cut? { requests.await?; },
    }
    Ok(())
}

/// How requests and answers pass; none when nothing does.
fn pumps(injection: Option<Injection>, shared: &Shared) -> Option<(Pump, Pump)> {
    let free = Pump::FREE;
    let Some(injection) = injection else { return Some((free, free)) };
    let at = injection.byte().unwrap_or(SCRIPTED);
    match injection.fault {
        Fault::CutRequest => Some((Pump { limit: at, ..free }, free)),
        Fault::CutAnswer => Some((free, Pump { limit: at, ..free })),
        Fault::LoseAnswer => Some((free, Pump { limit: 0, ..free })),
        Fault::Silent => Some((Pump { limit: at, is_silent: true, ..free }, free)),
        Fault::SilentAnswer => Some((free, Pump { limit: at, is_silent: true, ..free })),
        Fault::Delay(first) => Some((free, Pump { first, ..free })),
        Fault::Slow(each) => Some((free, Pump { each, ..free })),
        Fault::Refuse(time) => {
            // An error means that nobody listens any more, which is what was wanted.
            let _ = shared.control.send(Control::CloseFor(time));
            None
        }
        _ => None,
    }
}
