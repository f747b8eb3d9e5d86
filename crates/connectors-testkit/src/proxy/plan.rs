//! Which fault comes when.

use std::collections::VecDeque;
use std::time::Duration;

use crate::random::Random;

/// Something that goes wrong between a program and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before anything of the request reaches the server.
    CutBefore,
    /// A part of the request reaches the server, then the connection is cut.
    CutRequest,
    /// The server does what was asked, and its answer is lost with the connection.
    LoseAnswer,
    /// A part of the answer arrives, then the connection is cut.
    CutAnswer,
    /// The whole answer arrives, then the connection is cut without a word. HTTP only.
    CutAfter,
    /// The answer names a shorter length than it has, so that its body seems to end early. HTTP only.
    WrongLength,
    /// The answer comes this much later.
    Delay(Duration),
    /// The answer comes in pieces, with pauses that take this long together; of a proxy for bytes, each
    /// piece comes this much later.
    Slow(Duration),
    /// The connection is cut, and for this long none is taken.
    Refuse(Duration),
    /// The proxy answers with this status, and the server never sees the request. HTTP only.
    Status(u16),
    /// Of a bulk, this status stands in the answer for about one item in `one_in`, at least one. HTTP only.
    Items {
        /// The status.
        status: u16,
        /// One in so many.
        one_in: u64,
        /// True: the server did them all the same. False: it never saw them.
        done: bool,
    },
    /// The request is kept for as long as the client waits, and the server never sees it. HTTP only.
    Hold,
    /// The server does what was asked, and its answer is kept for as long as the client waits. HTTP only.
    HoldAnswer,
    /// Nothing of the request reaches the server, and the connection stays open and silent; of a proxy for bytes,
    /// from some byte on.
    Silent,
    /// The server does what was asked, and the connection stays open and silent; of a proxy for bytes, some bytes
    /// of the answers arrive before.
    SilentAnswer,
    /// The connection of a bulk is cut, and the bulk reaches the server once so many further requests have come, or
    /// by [`Proxy::deliver`](super::Proxy::deliver): as by a gateway that held it back. HTTP only.
    Late(u64),
    /// Each item of a bulk is refused as by an index with `index.blocks.write`. HTTP only.
    Block,
}

impl Fault {
    /// The name of its kind, such as `cut_answer` or `status_429`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CutBefore => "cut_before",
            Self::CutRequest => "cut_request",
            Self::LoseAnswer => "lose_answer",
            Self::CutAnswer => "cut_answer",
            Self::CutAfter => "cut_after",
            Self::WrongLength => "wrong_length",
            Self::Delay(_) => "delay",
            Self::Slow(_) => "slow",
            Self::Refuse(_) => "refuse",
            Self::Status(413) => "status_413",
            Self::Status(429) => "status_429",
            Self::Status(503) => "status_503",
            Self::Status(_) => "status",
            Self::Items { done: false, .. } => "items_withheld",
            Self::Items { done: true, .. } => "items_done_but_refused",
            Self::Hold => "hold",
            Self::HoldAnswer => "hold_answer",
            Self::Silent => "silent",
            Self::SilentAnswer => "silent_answer",
            Self::Late(_) => "late",
            Self::Block => "write_block",
        }
    }

    fn fits(self, arrival: Arrival) -> bool {
        match arrival {
            Arrival::Request { asks, .. } => {
                asks == Asks::Bulk || !matches!(self, Self::Items { .. } | Self::Late(_) | Self::Block)
            }
            Arrival::Connection => matches!(
                self,
                Self::CutBefore
                    | Self::CutRequest
                    | Self::LoseAnswer
                    | Self::CutAnswer
                    | Self::Delay(_)
                    | Self::Slow(_)
                    | Self::Refuse(_)
                    | Self::Silent
                    | Self::SilentAnswer
            ),
        }
    }
}

/// What has come to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A connection whose bytes are not understood.
    Connection,
    /// A request of HTTP.
    Request {
        /// Bytes of its body.
        body: u64,
        /// What of Elasticsearch it asks for.
        asks: Asks,
    },
}

/// What a request asks of Elasticsearch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Bulk,
    Search,
    Other,
}

/// A fault and the byte that it comes at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Injection {
    pub(super) fault: Fault,
    /// Taken modulo what there is; none is half of it.
    at: Option<u64>,
}

impl Injection {
    /// Where the first item lies that it meets.
    pub(super) fn item(self, one_in: u64) -> u64 {
        self.at.unwrap_or_default() % one_in.max(1)
    }

    /// The byte at which it comes, where the plan names one.
    pub(super) fn byte(self) -> Option<usize> {
        self.at.and_then(|at| usize::try_from(at).ok())
    }

    /// The byte within `length` bytes at which it comes: never the last one, so that something is cut off.
    pub(super) fn within(self, length: usize) -> usize {
        let length = length.max(1) as u64;
        let at = self.at.map_or(length / 2, |at| at % length);
        usize::try_from(at).unwrap_or_default()
    }
}

/// What happens to the requests or connections in the order in which they arrive.
#[derive(Debug, Clone)]
pub struct Plan {
    sequence: Sequence,
    left: u64,
    offsets: u64,
    max_body: u64,
    max_search: u64,
    hold: Option<(u64, Fault)>,
    /// Faults of single requests, each with the number of fitting ones that pass before it.
    singles: Vec<(u64, Injection)>,
    /// Bulks that pass before the index is blocked, and those that are then refused.
    block: (u64, u64),
}

#[derive(Debug, Clone)]
enum Sequence {
    Script(VecDeque<Option<Fault>>),
    Seeded { random: Random, one_in: u64, faults: Vec<Fault> },
}

impl Plan {
    /// Nothing happens.
    #[must_use]
    pub fn calm() -> Self {
        Self::scripted([])
    }

    /// The first meets the first of these, and so on; after the last, nothing happens.
    pub fn scripted(faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self::of(Sequence::Script(faults.into_iter().collect()), u64::MAX)
    }

    /// About one in `one_in` meets one of these faults, by the numbers that follow from the seed.
    pub fn seeded(seed: u64, one_in: u64, faults: impl IntoIterator<Item = Fault>) -> Self {
        let (random, faults) = (Random::seeded(seed), faults.into_iter().collect());
        Self::of(Sequence::Seeded { random, one_in, faults }, 1 << 16)
    }

    fn of(sequence: Sequence, offsets: u64) -> Self {
        Self {
            sequence,
            left: u64::MAX,
            offsets,
            max_body: u64::MAX,
            max_search: u64::MAX,
            hold: None,
            singles: Vec::new(),
            block: (0, 0),
        }
    }

    /// No more faults than this.
    #[must_use]
    pub fn at_most(mut self, faults: u64) -> Self {
        self.left = faults;
        self
    }

    /// Cuts come before this byte; 65,536 unless said otherwise.
    #[must_use]
    pub fn within_bytes(mut self, bytes: u64) -> Self {
        self.offsets = bytes;
        self
    }

    /// Requests with a larger body than this are answered with 413, whatever the plan has for them.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Searches with a larger body than this are answered with 413, whatever the plan has for them.
    #[must_use]
    pub fn max_search(mut self, bytes: u64) -> Self {
        self.max_search = bytes;
        self
    }

    /// The one after so many that this fault can happen to meets it, whatever the plan has for it.
    #[must_use]
    pub fn single(mut self, after: u64, fault: Fault) -> Self {
        self.singles.push((after, Injection { fault, at: None }));
        self
    }

    /// The same, at this byte.
    #[must_use]
    pub fn single_at(mut self, after: u64, fault: Fault, byte: u64) -> Self {
        self.singles.push((after, Injection { fault, at: Some(byte) }));
        self
    }

    /// After so many bulks the index takes no writes, until so many more bulks were refused.
    #[must_use]
    pub fn block(mut self, after: u64, bulks: u64) -> Self {
        self.block = (after, bulks);
        self
    }

    /// After so many requests, every further one meets this fault: [`Fault::Hold`] or [`Fault::HoldAnswer`],
    /// so that whoever waits for [`Proxy::held`](super::Proxy::held) finds the program at just this point.
    #[must_use]
    pub fn hold_after(mut self, requests: u64, fault: Fault) -> Self {
        self.hold = Some((requests, fault));
        self
    }

    /// The fault of the one that arrives now.
    pub(super) fn next(&mut self, arrival: Arrival) -> Option<Injection> {
        if let Some((requests, fault)) = &mut self.hold {
            if *requests == 0 {
                return Some(Injection { fault: *fault, at: None });
            }
            *requests -= 1;
        }
        if self.is_too_large(arrival) {
            return Some(Injection { fault: Fault::Status(413), at: None });
        }
        if let Some(injection) = self.due(arrival) {
            return Some(injection);
        }
        let drawn = match &mut self.sequence {
            Sequence::Script(faults) => faults.pop_front()?.map(|fault| Injection { fault, at: None }),
            Sequence::Seeded { random, one_in, faults } => draw(random, *one_in, faults, self.offsets),
        };
        let injection = drawn.filter(|_| self.left > 0)?;
        if !injection.fault.fits(arrival) {
            return None;
        }
        self.left -= 1;
        Some(injection)
    }

    fn is_too_large(&self, arrival: Arrival) -> bool {
        let Arrival::Request { body, asks } = arrival else { return false };
        body > self.max_body || (asks == Asks::Search && body > self.max_search)
    }

    /// The fault that was set for just this one.
    fn due(&mut self, arrival: Arrival) -> Option<Injection> {
        if Fault::Block.fits(arrival) {
            let (before, blocked) = &mut self.block;
            match (*before, *blocked) {
                (0, 0) => {}
                (0, _) => {
                    *blocked -= 1;
                    return Some(Injection { fault: Fault::Block, at: None });
                }
                _ => *before -= 1,
            }
        }
        let place = self.singles.iter().position(|(left, single)| *left == 0 && single.fault.fits(arrival));
        for (left, single) in &mut self.singles {
            *left = left.saturating_sub(u64::from(single.fault.fits(arrival)));
        }
        place.map(|place| self.singles.swap_remove(place).1)
    }
}

/// Always takes three numbers, so that what comes later does not depend on what is drawn.
fn draw(random: &mut Random, one_in: u64, faults: &[Fault], offsets: u64) -> Option<Injection> {
    let (chance, choice, at) = (random.below(one_in), random.next(), random.below(offsets));
    let choice = usize::try_from(choice % faults.len().max(1) as u64).ok()?;
    let fault = *faults.get(choice).filter(|_| chance == 0)?;
    Some(Injection { fault, at: Some(at) })
}
