//! Generated requests, sent to the embedded server and to real ones: their answers must say the same.
//!
//! `CONNECTORS_DIFFERENTIAL_URLS` names the real servers, with a comma between two; without it nothing can be compared, and
//! the test fails. `CONNECTORS_DIFFERENTIAL_SEED` is a number to begin with, drawn from the clock without it;
//! `CONNECTORS_DIFFERENTIAL_CASES` how many requests each server gets, and `CONNECTORS_DIFFERENTIAL_SECONDS` after how long it
//! gets no more. What differs is printed by itself, after as much as possible was taken away from it, and with the command
//! that repeats it.
//!
//! The grammar holds all that the embedded server answers, except:
//!
//! - scores of words and exact strings, which differ knowingly (see the list in `lib.rs`): there only which documents match
//!   is compared;
//! - what it refuses with 501;
//! - patterns of a query string that fit a key and a value of a flattened object together;
//! - the order of hits that tie;
//! - sums of numbers that are not exact, as they depend on the order of documents;
//! - the first terms of several indices, of which the real one knows only those that are first in one of them: then all are
//!   asked for;
//! - where a fragment of a highlighted text begins and ends: texts are marked as a whole.

#[cfg(test)]
mod aggregations;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod highlights;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod random;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod run;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod shrink;
#[cfg(test)]
mod side;
#[cfg(test)]
mod strings;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod values;
#[cfg(test)]
mod world;

use std::env::var;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use elastic_embedded::{Options, Server};
use side::Side;

const URLS: &str = "CONNECTORS_DIFFERENTIAL_URLS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs real servers: CONNECTORS_DIFFERENTIAL_URLS"]
async fn real_servers_answer_generated_requests_as_the_embedded_one_does() {
    let urls = var(URLS).unwrap_or_default();
    assert!(!urls.is_empty(), "no server to compare with: {URLS} must name one");
    let number = |name: &str| var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    let seed = number("CONNECTORS_DIFFERENTIAL_SEED").unwrap_or_else(now);
    let cases = number("CONNECTORS_DIFFERENTIAL_CASES").unwrap_or(2_000) as usize;
    let most = number("CONNECTORS_DIFFERENTIAL_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let ours = Side::at(&server.url()).await;
    let mut differences = Vec::new();
    for url in urls.split(',').map(str::trim).filter(|url| !url.is_empty()) {
        let real = Side::at(url).await;
        eprintln!("{:?}, from the seed {seed}", real.product);
        let (asked, found) = run::run((&real, &ours), seed, (cases, most)).await;
        eprintln!("{asked} requests, {} differences", found.len());
        differences.extend(found);
    }
    server.stop().await.unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
