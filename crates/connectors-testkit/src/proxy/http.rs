//! A connection of HTTP/1.1: one request after the other, each with its fault.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use super::Shared;
use super::control::Control;
use super::items::{BLOCKED, Bulk, INJECTED, Items};
use super::message::Message;
use super::plan::{Arrival, Fault, Injection};

/// Pieces of a slow answer.
const PIECES: usize = 8;

/// Whether a connection goes on after an exchange.
#[derive(PartialEq, Eq)]
enum Then {
    On,
    Cut,
}

/// Both ends of a connection.
struct Ends<'a> {
    client: BufStream<TcpStream>,
    /// Opened with the first request that is passed on.
    server: Option<BufStream<TcpStream>>,
    shared: &'a Shared,
}

pub(super) async fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut ends = Ends { client: BufStream::new(client), server: None, shared };
    while let Some(mut request) = ends.request().await? {
        request.name_host(shared.target());
        deliver(shared, shared.due()).await;
        let body = (request.bytes.len() - request.body) as u64;
        let then = match shared.next(Arrival::Request { body, asks: request.asks() }) {
            None => ends.pass(&request).await?,
            Some(injection) => ends.fail(&request, injection).await?,
        };
        if then == Then::Cut {
            break;
        }
    }
    Ok(())
}

impl Ends<'_> {
    /// The next request; none when either side has closed.
    async fn request(&mut self) -> io::Result<Option<Message>> {
        tokio::select! {
            biased;
            request = Message::request(&mut self.client) => request,
            () = closed(self.server.as_mut()) => Ok(None),
        }
    }

    async fn pass(&mut self, request: &Message) -> io::Result<Then> {
        let answer = self.ask(request).await?;
        self.reply(&answer.bytes).await?;
        Ok(Then::On)
    }

    async fn fail(&mut self, request: &Message, injection: Injection) -> io::Result<Then> {
        match injection.fault {
            Fault::Status(status) => {
                self.reply(refusal(status).as_bytes()).await?;
                return Ok(Then::On);
            }
            Fault::Items { status, one_in, done } => {
                let items = Items { status, one_in, first: injection.item(one_in), error: INJECTED };
                return self.refuse_items(request, items, done).await;
            }
            Fault::Block => {
                let items = Items { status: 403, one_in: 1, first: 0, error: BLOCKED };
                return self.refuse_items(request, items, false).await;
            }
            Fault::CutBefore => {}
            Fault::Late(after) => self.shared.keep(after, request.clone()),
            Fault::Hold => self.hold().await,
            Fault::Silent => self.stay_silent().await,
            Fault::CutRequest => self.send(&request.bytes[..injection.within(request.bytes.len())]).await?,
            // An error means that nobody listens any more, which is what was wanted.
            Fault::Refuse(time) => drop(self.shared.control.send(Control::CloseFor(time))),
            _ => {
                let answer = self.ask(request).await?;
                return self.garble(&answer, injection).await;
            }
        }
        Ok(Then::Cut)
    }

    /// The faults of an answer that the server has given.
    async fn garble(&mut self, answer: &Message, injection: Injection) -> io::Result<Then> {
        let bytes = &answer.bytes;
        match injection.fault {
            Fault::CutAnswer => self.reply(&bytes[..injection.within(bytes.len())]).await?,
            Fault::CutAfter => self.reply(bytes).await?,
            Fault::HoldAnswer => self.hold().await,
            Fault::SilentAnswer => self.stay_silent().await,
            Fault::WrongLength => {
                let short = injection.within(bytes.len() - answer.body);
                let garbled = answer.with_length(short);
                self.reply(garbled.as_deref().unwrap_or(&bytes[..answer.body + short])).await?;
            }
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                self.reply(bytes).await?;
                return Ok(Then::On);
            }
            Fault::Slow(time) => {
                self.reply_slowly(bytes, time).await?;
                return Ok(Then::On);
            }
            _ => {}
        }
        Ok(Then::Cut)
    }

    /// Some items of a bulk are refused; those that are not done never reach the server.
    async fn refuse_items(&mut self, request: &Message, items: Items, done: bool) -> io::Result<Then> {
        let bulk = Bulk::of(request, items);
        let passed = if done { Some(request.clone()) } else { bulk.without_chosen() };
        let answer = match passed {
            Some(request) => Some(self.ask(&request).await?),
            None => None,
        };
        self.reply(&bulk.answer(answer.as_ref(), done)).await?;
        Ok(Then::On)
    }

    /// Tells that a request is held, and waits until the client gives up or everything is cut.
    async fn hold(&mut self) {
        self.shared.held.notify_one();
        self.stay_silent().await;
    }

    /// Waits until the client gives up.
    async fn stay_silent(&mut self) {
        let _ = self.client.fill_buf().await;
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.server.is_none() {
            self.server = Some(BufStream::new(self.shared.connect().await?));
        }
        let Some(server) = &mut self.server else { return Ok(()) };
        server.write_all(bytes).await?;
        server.flush().await
    }

    async fn ask(&mut self, request: &Message) -> io::Result<Message> {
        self.send(&request.bytes).await?;
        match &mut self.server {
            Some(server) => Message::answer(server, request).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    async fn reply(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.client.write_all(bytes).await?;
        self.client.flush().await
    }

    async fn reply_slowly(&mut self, bytes: &[u8], time: Duration) -> io::Result<()> {
        for piece in bytes.chunks(bytes.len().div_ceil(PIECES).max(1)) {
            tokio::time::sleep(time / PIECES as u32).await;
            self.reply(piece).await?;
        }
        Ok(())
    }
}

/// Hands over requests that were held back, each on a connection of its own; how many the server answered.
pub(super) async fn deliver(shared: &Shared, requests: Vec<Message>) -> u64 {
    let mut delivered = 0;
    for request in requests {
        delivered += u64::from(deliver_one(shared, &request).await.is_ok());
    }
    shared.count("late_delivered", delivered);
    delivered
}

async fn deliver_one(shared: &Shared, request: &Message) -> io::Result<()> {
    let mut server = BufStream::new(shared.connect().await?);
    server.write_all(&request.bytes).await?;
    server.flush().await?;
    Message::answer(&mut server, request).await.map(drop)
}

/// Waits until a server has closed a connection on which nothing is asked, or spoke unasked.
async fn closed(server: Option<&mut BufStream<TcpStream>>) {
    match server {
        Some(server) => drop(server.fill_buf().await),
        None => std::future::pending().await,
    }
}

/// What a server says that does not want the request now.
fn refusal(status: u16) -> String {
    let body =
        format!(r#"{{"error":{{"type":"injected","reason":"injected by the proxy"}},"status":{status}}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Injected\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
