//! What is done about runs that were missed: by a restart, an outage, or a slow neighbour.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::expression::Expression;

/// Runs that [`CatchUp::All`] hands out at once; the others come with the next window.
const AT_ONCE: usize = 100;
/// Runs that were left out are counted up to here.
const COUNTED: usize = 10_000;

/// The policy for missed runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// However many were missed, one run takes their place.
    #[default]
    Once,
    /// Missed runs are left out.
    Skip,
    /// Each run is made up for, in order.
    All,
}

/// The time whose runs are due, and how late a run still counts as on time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Up to when runs are accounted for: [`Due::until`] of the window before.
    pub(crate) last: DateTime<Utc>,
    /// The end of the window.
    pub(crate) now: DateTime<Utc>,
    /// At least the time between two windows.
    pub(crate) grace: TimeDelta,
}

/// What came due. Each run of the window is in exactly one of the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// A run that is on time.
    pub(crate) on_time: Option<DateTime<Utc>>,
    /// Runs to make up for, the oldest first.
    pub(crate) caught_up: Vec<DateTime<Utc>>,
    /// Runs that are left out, counted up to 10,000.
    pub(crate) skipped: usize,
    /// Up to when runs are accounted for; the next window begins there.
    pub(crate) until: DateTime<Utc>,
}

impl Due {
    /// When the jobs to start now were due, the oldest first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.caught_up.iter().copied().chain(self.on_time)
    }
}

/// The runs that came due within the window.
pub(crate) fn due(schedule: &Expression, zone: Tz, policy: CatchUp, window: Window) -> Due {
    let Window { last, now, grace } = window;
    let mut due = Due { on_time: None, caught_up: Vec::new(), skipped: 0, until: now.max(last) };
    let Some(latest) = schedule.last_between((last, now), zone) else { return due };
    let is_on_time = now - latest <= grace;
    due.on_time = is_on_time.then_some(latest);
    let mut missed =
        successors(schedule, zone, last).take_while(|run| *run < latest || (*run == latest && !is_on_time));
    match policy {
        CatchUp::All => due.caught_up = missed.by_ref().take(AT_ONCE).collect(),
        CatchUp::Once if !is_on_time => due.caught_up = vec![latest],
        CatchUp::Once | CatchUp::Skip => {}
    }
    if policy == CatchUp::All {
        if missed.next().is_some() {
            due.on_time = None;
            due.until = due.caught_up.last().copied().unwrap_or(now);
        }
        return due;
    }
    due.skipped = missed.take(COUNTED + due.caught_up.len()).count() - due.caught_up.len();
    due
}

/// All runs after an instant.
fn successors(schedule: &Expression, zone: Tz, last: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    std::iter::successors(schedule.next_after(last, zone), move |run| schedule.next_after(*run, zone))
}
