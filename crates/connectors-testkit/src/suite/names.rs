//! Names that users give, and that sources must keep apart.

use std::collections::BTreeSet;

use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, always, ensure, promises, some};
use crate::Fixture;

/// Names that are easily mistaken for each other: by encoding, trimming, folding, normalising or reading them as values.
const NAMES: [&str; 46] = [
    "a b",
    " a b",
    "a b ",
    "a  b",
    "a+b",
    "a%20b",
    "a%2520b",
    "A B",
    "a\tb",
    "a\nb",
    "a\u{a0}b",
    "a/b",
    "a%2Fb",
    "a\\b",
    "a:b",
    "a,b",
    "a;b",
    "a|b",
    "a#b",
    "a?b",
    "a&b",
    "a=b",
    "a*b",
    "a\"b",
    "a'b",
    "a`b",
    "a$b",
    "42",
    "042",
    "42.0",
    "4.2e1",
    "true",
    "null",
    "{\"a\":1}",
    "[1]",
    "$number:42",
    "${a}",
    "-a",
    "_id",
    "\u{e9}",
    "e\u{301}",
    "e",
    "stra\u{df}e",
    "strasse",
    "\u{202e}cba",
    "\u{1f642}",
];

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, awkward_names_get_ids_of_their_own]
}

/// What the backend tells apart is never one document.
async fn awkward_names_get_ids_of_their_own<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(0).await?;
    let ids = stage.fixture.add_named(&NAMES).await?;
    if ids.is_empty() {
        return Err(Broken::Untried("the fixture names no documents".into()));
    }
    let distinct: BTreeSet<&String> = ids.iter().collect();
    if distinct.len() != ids.len() {
        return Err(Broken::Fixture("it expects two documents under one id".into()));
    }
    let (listing, expected) = (list(&*connection).await?, stage.expected());
    ensure(listing.repeated.is_empty(), || {
        format!("names that differ have one id: [{}]", some(&listing.repeated))
    })?;
    same_ids(listing.ids(), expected.keys())?;
    listing.documents.iter().try_for_each(|(id, seen)| seen.holds(id, &expected[id]))
}
