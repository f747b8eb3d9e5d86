//! A server in front of the server, where a test stops chosen requests, loses their answers or gives its own.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as Call, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use connectors_core::elastic::{Client, Settings};
use tokio::sync::Notify;

use super::place::Place;
use crate::protocol::Store;

/// Largest body that passes.
const LARGEST: usize = 64 << 20;

/// What happens to a request that a rule names.
enum Act {
    /// It waits until it is let through.
    Hold(Arc<Held>),
    /// It is done, and the answer is a status that asks for another try.
    LoseAnswer,
    /// It is not done; the answer is this one.
    Answer(u16, String),
}

/// A request that waits.
#[derive(Default)]
pub(super) struct Held {
    arrived: Notify,
    open: Notify,
}

impl Held {
    /// Waits until the request is there.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Lets it through.
    pub(super) fn open(&self) {
        self.open.notify_one();
    }
}

struct Rule {
    /// A part of `METHOD /path` that ends with a segment of the path: `_update/c` is not `_update/cd`.
    part: String,
    /// Requests that match and pass before it counts.
    skip: usize,
    /// How many it counts for.
    times: usize,
    act: Act,
}

impl Rule {
    fn is_about(&self, what: &str) -> bool {
        let ends = what.match_indices(&self.part).map(|(start, part)| &what[start + part.len()..]);
        ends.into_iter().any(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A gate before the server of a place.
pub(super) struct Gate {
    url: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    met: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Passage {
    target: String,
    client: reqwest::Client,
    rules: Arc<Mutex<Vec<Rule>>>,
    met: Arc<AtomicUsize>,
}

impl Gate {
    pub(super) async fn before(place: &Place) -> Self {
        let target = place.store.client().settings().host.as_str().trim_end_matches('/').to_owned();
        let passage =
            Passage { target, client: reqwest::Client::new(), rules: Arc::default(), met: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (rules, met) = (passage.rules.clone(), passage.met.clone());
        let router = Router::new().fallback(pass).with_state(passage);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, rules, met }
    }

    /// A store that is reached through it, with so many further tries of each request.
    pub(super) async fn store(&self, tries: usize) -> Store {
        let mut settings = Settings::new(self.url.parse().unwrap());
        settings.retry.max = tries;
        settings.retry.initial = std::time::Duration::from_millis(1);
        Store::open(&Client::connect(settings).await.unwrap(), true).await.unwrap()
    }

    /// The next request that has this part in its `METHOD /path` waits, after `skip` others have passed.
    pub(super) fn hold(&self, part: &str, skip: usize) -> Arc<Held> {
        let held = Arc::<Held>::default();
        self.rule(part, (skip, 1), Act::Hold(held.clone()));
        held
    }

    /// The answer of the next such request is lost.
    pub(super) fn lose_answer(&self, part: &str) {
        self.rule(part, (0, 1), Act::LoseAnswer);
    }

    /// The next `times` such requests get this answer.
    pub(super) fn answer(&self, part: &str, times: usize, (status, body): (u16, &str)) {
        self.rule(part, (0, times), Act::Answer(status, body.to_owned()));
    }

    /// Requests that came so far.
    pub(super) fn met(&self) -> usize {
        self.met.load(SeqCst)
    }

    fn rule(&self, part: &str, (skip, times): (usize, usize), act: Act) {
        self.rules.lock().unwrap().push(Rule { part: part.to_owned(), skip, times, act });
    }
}

impl Passage {
    /// What is to happen to a request; a rule that has counted as often as it is to is removed.
    fn act(&self, what: &str) -> Option<Act> {
        let mut rules = self.rules.lock().unwrap();
        let place = rules.iter_mut().position(|rule| {
            let is_meant = rule.is_about(what);
            let is_skipped = is_meant && rule.skip > 0;
            rule.skip -= usize::from(is_skipped);
            is_meant && !is_skipped
        })?;
        let rule = &mut rules[place];
        rule.times -= 1;
        let act = match &rule.act {
            Act::Hold(held) => Act::Hold(held.clone()),
            Act::LoseAnswer => Act::LoseAnswer,
            Act::Answer(status, body) => Act::Answer(*status, body.clone()),
        };
        if rule.times == 0 {
            rules.remove(place);
        }
        Some(act)
    }
}

#[test]
fn a_rule_is_about_whole_segments() {
    let rule = Rule { part: "_update/c".into(), skip: 0, times: 1, act: Act::LoseAnswer };
    for (what, is_about) in [
        ("POST /index/_update/c", true),
        ("POST /index/_update/c/more", true),
        ("POST /index/_update/cdf476", false),
        ("POST /index/_update/cd/_update/c", true),
        ("POST /index/_doc/c", false),
    ] {
        assert_eq!(rule.is_about(what), is_about, "{what}");
    }
}

async fn pass(State(passage): State<Passage>, call: Call) -> Response {
    let what = format!("{} {}", call.method(), call.uri().path());
    passage.met.fetch_add(1, SeqCst);
    let act = passage.act(&what);
    match &act {
        Some(Act::Hold(held)) => {
            held.arrived.notify_one();
            held.open.notified().await;
        }
        Some(Act::Answer(status, body)) => return answered(*status, body.clone().into()),
        _ => {}
    }
    let (parts, body) = call.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap();
    let mut asked =
        passage.client.request(parts.method, format!("{}{}", passage.target, parts.uri)).body(body);
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
        if let Some(value) = parts.headers.get(&name) {
            asked = asked.header(name, value);
        }
    }
    match (asked.send().await, act) {
        (Ok(_), Some(Act::LoseAnswer)) => answered(504, Body::empty()),
        (Ok(answer), _) => answered(answer.status().as_u16(), answer.bytes().await.unwrap().into()),
        (Err(_), _) => answered(503, Body::empty()),
    }
}

fn answered(status: u16, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
