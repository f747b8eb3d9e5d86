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
        }
    }

    fn fits(self, arrival: Arrival) -> bool {
        match arrival {
            Arrival::Request { is_bulk, .. } => is_bulk || !matches!(self, Self::Items { .. }),
            Arrival::Connection => matches!(
                self,
                Self::CutBefore
                    | Self::CutRequest
                    | Self::LoseAnswer
                    | Self::CutAnswer
                    | Self::Delay(_)
                    | Self::Slow(_)
                    | Self::Refuse(_)
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
        /// Whether it is a bulk of Elasticsearch.
        is_bulk: bool,
    },
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
    course: Course,
    left: u64,
    offsets: u64,
    max_body: u64,
    hold: Option<(u64, Fault)>,
}

#[derive(Debug, Clone)]
enum Course {
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
        Self::of(Course::Script(faults.into_iter().collect()), u64::MAX)
    }

    /// About one in `one_in` meets one of these faults, by the numbers that follow from the seed.
    pub fn seeded(seed: u64, one_in: u64, faults: impl IntoIterator<Item = Fault>) -> Self {
        let (random, faults) = (Random::seeded(seed), faults.into_iter().collect());
        Self::of(Course::Seeded { random, one_in, faults }, 1 << 16)
    }

    fn of(course: Course, offsets: u64) -> Self {
        Self { course, left: u64::MAX, offsets, max_body: u64::MAX, hold: None }
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
        if matches!(arrival, Arrival::Request { body, .. } if body > self.max_body) {
            return Some(Injection { fault: Fault::Status(413), at: None });
        }
        let drawn = match &mut self.course {
            Course::Script(faults) => faults.pop_front()?.map(|fault| Injection { fault, at: None }),
            Course::Seeded { random, one_in, faults } => draw(random, *one_in, faults, self.offsets),
        };
        let injection = drawn.filter(|_| self.left > 0)?;
        if !injection.fault.fits(arrival) {
            return None;
        }
        self.left -= 1;
        Some(injection)
    }
}

/// Always takes three numbers, so that what comes later does not depend on what is drawn.
fn draw(random: &mut Random, one_in: u64, faults: &[Fault], offsets: u64) -> Option<Injection> {
    let (chance, choice, at) = (random.below(one_in), random.next(), random.below(offsets));
    let choice = usize::try_from(choice % faults.len().max(1) as u64).ok()?;
    let fault = *faults.get(choice).filter(|_| chance == 0)?;
    Some(Injection { fault, at: Some(at) })
}
