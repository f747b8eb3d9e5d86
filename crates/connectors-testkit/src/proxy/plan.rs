//! Which fault comes when.

use std::collections::VecDeque;
use std::time::Duration;

use super::Speech;
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
        }
    }

    fn needs_http(self) -> bool {
        matches!(self, Self::CutAfter | Self::WrongLength | Self::Status(_))
    }
}

/// A fault and the byte that it comes at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Injection {
    pub(super) fault: Fault,
    /// Taken modulo what there is; none is half of it.
    at: Option<u64>,
}

impl Injection {
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
        Self { course: Course::Script(faults.into_iter().collect()), left: u64::MAX, offsets: u64::MAX }
    }

    /// About one in `one_in` meets one of these faults, by the numbers that follow from the seed.
    pub fn seeded(seed: u64, one_in: u64, faults: impl IntoIterator<Item = Fault>) -> Self {
        let (random, faults) = (Random::seeded(seed), faults.into_iter().collect());
        Self { course: Course::Seeded { random, one_in, faults }, left: u64::MAX, offsets: 1 << 16 }
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

    /// The fault of the one that arrives now.
    pub(super) fn next(&mut self, speech: Speech) -> Option<Injection> {
        let drawn = match &mut self.course {
            Course::Script(faults) => faults.pop_front()?.map(|fault| Injection { fault, at: None }),
            Course::Seeded { random, one_in, faults } => draw(random, *one_in, faults, self.offsets),
        };
        let injection = drawn.filter(|_| self.left > 0)?;
        if matches!(speech, Speech::Raw) && injection.fault.needs_http() {
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
