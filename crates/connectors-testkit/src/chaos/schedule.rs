//! What happens, drawn from a seed.

use std::fmt;
use std::time::Duration;

use super::extra::Extra;
use crate::proxy::{Fault, Plan};
use crate::random::Random;

/// All that happens in one seed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    /// How many documents the source holds at first.
    pub(super) documents: usize,
    /// The largest body that the server takes, so that a sync is a number of requests.
    pub(super) max_body: u64,
    pub(super) rounds: Vec<Round>,
}

/// A change of the source, a run of the program under faults, and one without.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Round {
    pub(super) changed: usize,
    pub(super) removed: usize,
    pub(super) added: usize,
    pub(super) mode: Mode,
    pub(super) marks: Marks,
    pub(super) wire: Option<Wire>,
    pub(super) backend: Option<Wire>,
    /// A trouble of the backend's own.
    pub(super) trouble: Option<u64>,
    pub(super) incident: Option<Incident>,
    /// Whether an incremental sync is tried first when the faults are over.
    pub(super) heals_incrementally: bool,
    pub(super) extra: Extra,
}

/// How the program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Full,
    Incremental,
    /// `follow`, until it has made so many requests.
    Follow,
    /// Two full syncs at once.
    Twice,
    /// A full sync and an incremental one at once.
    Beside,
}

/// What becomes of the kept marks before the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    Kept,
    Lost,
    /// Cut off at half.
    Torn,
    /// With a byte that is another.
    Damaged,
    /// Something that never was one.
    Foreign,
    /// Those of an earlier round, as of another machine.
    Old,
    /// Kept, and none can be written: the disk is full.
    DiskFull,
}

/// Faults on a wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wire {
    pub(super) seed: u64,
    pub(super) one_in: u64,
    pub(super) at_most: u64,
    pub(super) faults: Vec<Fault>,
}

/// Something sudden, after so many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) after: u64,
    /// Whether the server still does what the request asks.
    pub(super) done: bool,
    pub(super) kind: IncidentKind,
}

/// What happens suddenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IncidentKind {
    /// The program is killed.
    KillProgram,
    /// The server is killed and comes back with its data.
    KillServer,
    /// The server can't be reached for this long.
    Unreachable(Duration),
    /// From the beginning the server can't write files beyond this many KiB; it is killed and gets room.
    ServerFull(u64),
}

impl Wire {
    pub(super) fn plan(&self) -> Plan {
        Plan::seeded(self.seed, self.one_in, self.faults.iter().copied()).at_most(self.at_most)
    }
}

impl Schedule {
    /// The schedule of a seed; `large` documents are more than a page of the backend holds.
    pub(super) fn of(seed: u64, (large, incremental): (usize, bool)) -> Self {
        let mut random = Random::seeded(seed);
        let small = random.between(60, 700) as usize;
        let documents = if random.one_in(6) { large + 100 } else { small };
        // No document of a fixture is larger than the least of them.
        let max_body = random.one_of(&[16 << 10, 24 << 10, 80 << 10, u64::MAX]);
        let count = random.between(2, 4);
        let mut numbers = Extra::numbers(seed);
        let rounds = (0..count)
            .map(|round| Round::draw(&mut random, (documents, incremental, round)))
            .enumerate()
            .map(|(round, drawn)| {
                drawn.with_extra(&mut numbers, (documents as u64, incremental && round > 0))
            })
            .collect();
        Self { seed, documents, max_body, rounds }
    }
}

impl Round {
    fn draw(random: &mut Random, (documents, incremental, round): (usize, bool, u64)) -> Self {
        let is_first = round == 0;
        let part = |random: &mut Random, of: u64| random.below((documents as u64 / of).max(2)) as usize;
        let modes = match (is_first, incremental) {
            (true, _) => &[Mode::Full, Mode::Full, Mode::Full, Mode::Twice][..],
            (false, true) => &[Mode::Full, Mode::Incremental, Mode::Incremental, Mode::Follow, Mode::Twice],
            (false, false) => &[Mode::Full, Mode::Full, Mode::Twice],
        };
        let (changed, removed, added) = match is_first || random.one_in(8) {
            true => (0, 0, 0),
            false => (part(random, 4), part(random, 8), part(random, 6)),
        };
        Self {
            changed,
            removed,
            added,
            mode: random.one_of(modes),
            marks: if is_first { Marks::Kept } else { Marks::draw(random) },
            wire: (!random.one_in(4)).then(|| Wire::of_requests(random)),
            backend: random.one_in(3).then(|| Wire::of_bytes(random)),
            trouble: random.one_in(3).then(|| random.next()),
            incident: random.one_in(2).then(|| Incident::draw(random, is_first)),
            heals_incrementally: incremental && random.one_in(3),
            extra: Extra::default(),
        }
    }

    /// The round with what is added to it.
    fn with_extra(self, random: &mut Random, (documents, incremental): (u64, bool)) -> Self {
        let extra = Extra::draw(random, documents);
        let (beside, heals, refused) = (random.one_in(8), random.one_in(2), Wire::of_refusals(random));
        let churn = if self.trouble.is_some() { Vec::new() } else { extra.churn };
        let mode = if incremental && beside { Mode::Beside } else { self.mode };
        Self {
            mode,
            wire: self.wire.or(refused),
            heals_incrementally: incremental && (self.heals_incrementally || heals),
            extra: Extra { churn, ..extra },
            ..self
        }
    }
}

impl Marks {
    fn draw(random: &mut Random) -> Self {
        let kept = [Self::Kept; 5];
        let others =
            [Self::Lost, Self::Torn, Self::Damaged, Self::Foreign, Self::Old, Self::Old, Self::DiskFull];
        random.one_of(&[&kept[..], &others].concat())
    }
}

impl Wire {
    fn of_requests(random: &mut Random) -> Self {
        let short = Duration::from_millis(random.between(1, 30));
        let items = |status, one_in, done| Fault::Items { status, one_in, done };
        let kinds = [
            vec![Fault::Status(429), items(429, 3, false), items(503, 2, true), items(429, 1, false)],
            vec![Fault::Status(503), Fault::Status(429), Fault::Status(502), Fault::Refuse(short)],
            vec![Fault::CutBefore, Fault::CutRequest, Fault::LoseAnswer, Fault::CutAnswer, Fault::CutAfter],
            vec![Fault::LoseAnswer, items(503, 3, true)],
            vec![Fault::WrongLength, Fault::CutAnswer, Fault::Slow(short)],
            vec![Fault::Status(413), Fault::Delay(short), items(503, 4, false), items(400, 9, false)],
            vec![
                Fault::Status(429),
                Fault::Status(503),
                items(429, 5, false),
                items(503, 5, true),
                Fault::CutRequest,
                Fault::LoseAnswer,
                Fault::CutAnswer,
                Fault::WrongLength,
                Fault::Slow(short),
                Fault::Refuse(short),
            ],
        ];
        Self {
            seed: random.next(),
            one_in: random.one_of(&[1, 2, 3, 6, 12]),
            at_most: random.between(1, 30),
            faults: random.one_of(&kinds),
        }
    }

    fn of_bytes(random: &mut Random) -> Self {
        let short = Duration::from_millis(random.between(1, 10));
        let faults = vec![
            Fault::CutBefore,
            Fault::CutRequest,
            Fault::LoseAnswer,
            Fault::CutAnswer,
            Fault::Delay(short),
            Fault::Slow(short),
            Fault::Refuse(short * 10),
        ];
        Self { seed: random.next(), one_in: random.between(1, 3), at_most: random.between(1, 12), faults }
    }

    /// Single documents that are refused: for good, or for now.
    fn of_refusals(random: &mut Random) -> Option<Self> {
        let items = |status, one_in| Fault::Items { status, one_in, done: false };
        let faults = random.one_of(&[vec![items(403, 5)], vec![items(400, 9), items(429, 2)]]);
        let wire = Self { seed: random.next(), one_in: 2, at_most: random.between(1, 9), faults };
        random.one_in(2).then_some(wire)
    }
}

impl Incident {
    fn draw(random: &mut Random, is_first: bool) -> Self {
        let span = if is_first { 60 } else { 26 };
        let kind = match random.below(8) {
            0..4 => IncidentKind::KillProgram,
            4..6 => IncidentKind::KillServer,
            6 => IncidentKind::Unreachable(Duration::from_millis(random.between(5, 200))),
            _ => IncidentKind::ServerFull(random.between(1, 96)),
        };
        Self { after: random.below(span), done: random.one_in(2), kind }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, documents, max_body, rounds } = self;
        writeln!(f, "schedule of seed {seed}: {documents} documents, bodies up to {max_body} bytes")?;
        for (number, round) in (0..).zip(rounds) {
            writeln!(f, "  round {number}: {round:?}")?;
        }
        Ok(())
    }
}
