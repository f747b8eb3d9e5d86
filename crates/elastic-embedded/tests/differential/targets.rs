//! Which of the indices of a run a request asks.

use crate::random::Random;

/// What a request names: every run has two indices and an alias of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    First,
    Second,
    Both,
    Alias,
    Pattern,
    /// The first, and one that is not there, which is skipped.
    FirstOrNone,
    /// None that is there.
    Missing,
    /// A pattern that none fits.
    NothingFits,
}

/// Targets of one index or several, by how often they are asked.
const SEVERAL: [Target; 8] = [
    Target::Second,
    Target::Both,
    Target::Both,
    Target::Alias,
    Target::Pattern,
    Target::FirstOrNone,
    Target::Missing,
    Target::NothingFits,
];

/// The name of the second index.
pub(crate) fn second(index: &str) -> String {
    format!("{index}-b")
}

/// The name that both indices have beside their own.
pub(crate) fn alias(index: &str) -> String {
    format!("{index}-both")
}

impl Target {
    pub(crate) fn any(random: &mut Random) -> Self {
        if random.one_in(5) { random.pick(&SEVERAL) } else { Target::First }
    }

    /// True if more than one index may be asked.
    pub(crate) fn is_several(self) -> bool {
        matches!(self, Target::Both | Target::Alias | Target::Pattern)
    }

    /// Names in a path, and parameters that belong to them.
    pub(crate) fn names(self, index: &str) -> (String, &'static str) {
        match self {
            Target::First => (index.to_owned(), ""),
            Target::Second => (second(index), ""),
            Target::Both => (format!("{},{index}", second(index)), ""),
            Target::Alias => (alias(index), ""),
            Target::Pattern => (format!("{index}*"), ""),
            Target::FirstOrNone => (format!("{index},{index}-none"), "ignore_unavailable=true"),
            Target::Missing => (format!("{index}-none"), ""),
            Target::NothingFits => (format!("{index}-none*"), ""),
        }
    }
}
