//! The promises of a source, its end-to-end test, its performance run and its chaos bench, on a real server.

mod fixture;
mod shapes;
mod types;

use fixture::Orders;
use shapes::{Fast, Texts};

/// Seeds that found something: searches too large for the server; waits that were multiplied.
const SEEDS: &[u64] = &[148_709_908, 173_983_388, 983_177_018, 666_831_454, 866_697_304, 907_172_201];

connectors_testkit::main!(source_mongo::SOURCE, Orders, |program| program
    .shape::<Orders<Fast>>("order")
    .shape::<Orders<Texts<0>>>("tiny")
    .shape::<Orders<Texts<70>>>("small")
    .shape::<Orders<Texts<5000>>>("page")
    .shape::<Orders<Texts<1_000_000>>>("blob")
    .ftest("random types, a name for each", |es| Box::pin(types::every_type_is_taken(es)))
    .ftest("random types, the names mixed", |es| Box::pin(types::conflicts_are_accounted_for(es)))
    .seeds(SEEDS));
