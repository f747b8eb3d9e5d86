//! The run: indices from a seed, and requests to each.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};

use crate::compare::{OddOperation, difference};
use crate::fields::Fields;
use crate::random::Random;
use crate::requests::{self, Manner, Request};
use crate::searches;
use crate::shrink::Pair;
use crate::side::Side;
use crate::world::{self, Bulk};

/// Requests to one index.
const OF_INDEX: usize = 400;
/// Requests that are under way at once.
const AT_ONCE: usize = 6;
/// The documents of as many differences are shrunk.
const SHRUNK: usize = 2;
/// As many differences are told at most.
const MOST: usize = 60;

/// Sends `cases` requests to both servers, or fewer if that takes longer than `most`: how many it were, and what
/// differed, each by itself.
pub(crate) async fn run(
    (real, ours): (&Side, &Side),
    seed: u64,
    (cases, most): (usize, Duration),
) -> (usize, Vec<String>) {
    let fields = Fields::of(real.product);
    let mut found = Found::default();
    let (begin, mut asked) = (Instant::now(), 0);
    for number in 0..cases.div_ceil(OF_INDEX) {
        if asked > 0 && begin.elapsed() > most {
            break;
        }
        let seed = seed.wrapping_add(number as u64);
        // The name of no other seed begins like this one.
        let index = format!("differential-{seed}-a");
        let pair = Pair { real, ours, fields: &fields, index: &index };
        of_index(pair, seed, &mut found).await;
        pair.remove().await;
        asked += OF_INDEX;
        if found.told.len() >= MOST {
            break;
        }
    }
    (asked, found.told)
}

#[derive(Default)]
struct Found {
    /// What the requests that were told look like without their values.
    shapes: BTreeSet<String>,
    told: Vec<String>,
}

async fn of_index(pair: Pair<'_>, seed: u64, found: &mut Found) {
    let mut random = Random::seeded(seed);
    let mut bulks = world::bulks(&mut random, pair.fields, pair.index);
    // Operations that are answered differently are left out, so that requests find the same documents.
    while let Some(OddOperation { place: (bulk, at), problem }) =
        pair.fill(&pair.fields.index(), &bulks).await
    {
        if found.told.len() >= MOST {
            return;
        }
        let operation = bulks[bulk].remove(at);
        let alone = vec![vec![operation]];
        let differs = pair.fill(&pair.fields.index(), &alone).await.is_some();
        let case = if differs { alone } else { bulks.clone() };
        tell(pair, (seed, &problem), None, (case, found)).await;
    }
    let requests: Vec<Request> = (0..OF_INDEX).map(|_| requests::request(&mut random, pair.fields)).collect();
    let seen = futures::stream::iter(requests).map(|request| compared(pair, request));
    let differing: Vec<Vec<Request>> = seen.buffer_unordered(AT_ONCE).collect().await;
    for request in differing.into_iter().flatten() {
        if found.told.len() >= MOST {
            return;
        }
        let request = pair.shrink_request(request).await;
        if found.shapes.insert(format!("{:?} {}", request.manner, shape(&request.body))) {
            tell(pair, (seed, "answers"), Some(&request), (bulks.clone(), found)).await;
            pair.fill(&pair.fields.index(), &bulks).await;
        }
    }
}

/// The request if its answers differ, and the one for the page after a hit of it.
async fn compared(pair: Pair<'_>, request: Request) -> Vec<Request> {
    let (real, ours) = pair.ask(&request).await;
    let mut differing = Vec::new();
    if difference(&real, &ours, &request, pair.fields).is_some() {
        differing.push(request);
        return differing;
    }
    if request.manner == Manner::Paged || !searches::pages_after_hits(pair.fields) {
        return differing;
    }
    let hits = real.body["hits"]["hits"].as_array().cloned().unwrap_or_default();
    let sort = hits.get(hits.len() / 2).map(|hit| hit["sort"].clone()).filter(Value::is_array);
    if let Some(sort) = sort {
        let next = request.after(&sort);
        let (real, ours) = pair.ask(&next).await;
        if difference(&real, &ours, &next, pair.fields).is_some() {
            differing.push(next);
        }
    }
    differing
}

/// Takes away what does not matter, and adds the case as it can be repeated.
async fn tell(
    pair: Pair<'_>,
    (seed, problem): (u64, &str),
    request: Option<&Request>,
    (bulks, found): (Vec<Bulk>, &mut Found),
) {
    let mut bulks = bulks;
    if found.told.len() < SHRUNK {
        bulks = pair.shrink_bulks(request, bulks).await;
        bulks = pair.shrink_documents(request, bulks).await;
    }
    let odd = pair.fill(&pair.fields.index(), &bulks).await;
    let mut problem = odd.map_or_else(|| problem.to_owned(), |odd| odd.problem);
    let mut case = json!({"seed": seed, "index": pair.fields.index(), "bulks": bulks});
    if let Some(request) = request {
        let (real, ours) = pair.ask(request).await;
        problem = difference(&real, &ours, request, pair.fields).unwrap_or(problem);
        case["request"] = json!({
            "target": request.target.names(pair.index).0,
            "path": request.path,
            "body": request.body,
            "manner": format!("{:?}", request.manner),
        });
        case["answers"] = json!([real.body, ours.body]);
    }
    let again = format!(
        "{}={} CONNECTORS_DIFFERENTIAL_SEED={seed} CONNECTORS_DIFFERENTIAL_CASES={OF_INDEX} \
         cargo test -p elastic-embedded --test differential -- --ignored --nocapture",
        crate::URLS,
        pair.real.url
    );
    eprintln!("{:?} and the embedded server: {problem}\n{case}\n{again}\n", pair.real.product);
    found.told.push(format!("{problem}\n{case}\n{again}"));
}

/// The names of members in a request, without values.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("{name}:{}", shape(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
        _ => String::new(),
    }
}
