//! A server in this process that speaks GitHub's two interfaces.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connectors_testkit::{Result, Service};
use serde_json::{Value, json};

use crate::execute::Engine;
use crate::world::{ACME, World, name_with_owner};

/// A token that may read all.
pub(crate) const TOKEN: &str = "ghp_t0ken-that-reads";
/// A token without scopes.
pub(crate) const GUEST: &str = "ghp_t0ken-without-scopes";
/// What the tokens of an app begin with.
pub(crate) const OF_APP: &str = "ghs_";

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    /// 403, until a time that has passed.
    Limited,
    /// 403 by words alone, where `retry-after` says at once.
    Secondary,
    /// 200, and an error of the type `RATE_LIMITED`.
    RateLimited,
    /// Half an answer.
    Half,
    Html,
    /// The tokens of the app that were given until now are worth nothing any more.
    TokenEnds,
}

/// All that the server knows.
pub(crate) struct All {
    pub(crate) world: World,
    engine: Engine,
    /// Whether the second page of the issues of a repository fails.
    pub(crate) is_broken: bool,
    /// The hash of a blob that can't be read.
    pub(crate) broken_blob: Option<String>,
    /// What goes wrong with calls of these numbers.
    pub(crate) faults: Vec<(std::ops::Range<usize>, Fault)>,
    /// Entries above which a tree is cut.
    pub(crate) longest_tree: usize,
    /// Tokens of the app that were given, and how many of the first are worth nothing.
    pub(crate) given: usize,
    pub(crate) ended: usize,
    pub(crate) calls: Calls,
}

/// What was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) all: usize,
    pub(crate) graphql: usize,
    pub(crate) points: usize,
    pub(crate) trees: usize,
    pub(crate) blobs: usize,
}

impl All {
    /// A cursor leads to the same page for ever.
    pub(crate) fn repeat_cursors(&mut self, repeats: bool) {
        self.engine.repeats = repeats;
    }
}

type Shared = Arc<Mutex<All>>;

/// The server; it ends when this is dropped.
pub(crate) struct Server {
    service: Service,
    all: Shared,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let all: Shared = Arc::new(Mutex::new(All {
            world: World::default(),
            engine: Engine::new(),
            is_broken: false,
            broken_blob: None,
            faults: Vec::new(),
            longest_tree: usize::MAX,
            given: 0,
            ended: 0,
            calls: Calls::default(),
        }));
        Ok(Self { service: Service::start(router(&all)).await?, all })
    }

    pub(crate) fn url(&self) -> String {
        self.service.url()
    }

    pub(crate) fn all(&self) -> MutexGuard<'_, All> {
        locked(&self.all)
    }
}

fn locked(all: &Shared) -> MutexGuard<'_, All> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(all: &Shared) -> Router {
    let api = Router::new()
        .route("/api/graphql", post(graphql))
        .route("/api/v3/user", get(user))
        .route("/api/v3/repos/{owner}/{name}/git/trees/{sha}", get(tree))
        .route("/api/v3/repos/{owner}/{name}/git/blobs/{sha}", get(blob))
        .layer(from_fn_with_state(all.clone(), authorised));
    let app = Router::new()
        .route("/api/v3/app/installations", get(installations))
        .route("/api/v3/app/installations/7/access_tokens", post(access_token));
    api.merge(app).layer(from_fn_with_state(all.clone(), faulty)).with_state(all.clone())
}

/// Counts a call; what is to go wrong with it.
fn counted(all: &Shared) -> Option<Fault> {
    let mut all = locked(all);
    let number = all.calls.all;
    all.calls.all += 1;
    let fault = all.faults.iter().find(|(numbers, _)| numbers.contains(&number)).map(|(_, fault)| *fault);
    if fault == Some(Fault::TokenEnds) {
        all.ended = all.given;
    }
    fault
}

/// Lets a call go wrong where it is to.
async fn faulty(State(all): State<Shared>, request: Request, next: Next) -> Response {
    let limit = |status: u16| Response::builder().status(status).header("x-ratelimit-remaining", "0");
    let answer = match counted(&all) {
        None | Some(Fault::TokenEnds) => return next.run(request).await,
        Some(Fault::Status(code)) => return StatusCode::from_u16(code).unwrap_or_default().into_response(),
        Some(Fault::Limited) => {
            limit(403).header("x-ratelimit-reset", "1").body(Body::from("API rate limit exceeded"))
        }
        Some(Fault::Secondary) => {
            let answer = Response::builder().status(403).header("retry-after", "0");
            answer.body(Body::from("You have exceeded a secondary rate limit"))
        }
        Some(Fault::RateLimited) => {
            let problem = json!({"type": "RATE_LIMITED", "message": "API rate limit exceeded"});
            limit(200)
                .header("x-ratelimit-reset", "1")
                .body(Body::from(json!({"errors": [problem]}).to_string()))
        }
        Some(Fault::Html) => {
            Response::builder().header("content-type", "text/html").body(Body::from("<html>Sign in</html>"))
        }
        Some(Fault::Half) => {
            let whole = next.run(request).await;
            let bytes = axum::body::to_bytes(whole.into_body(), usize::MAX).await.unwrap_or_default();
            let half = bytes.slice(..bytes.len() / 2);
            // More is announced than comes.
            Response::builder().header("content-length", bytes.len() + 1).body(Body::from_stream(
                futures::stream::iter([Ok(half), Err(std::io::Error::other("broken"))]),
            ))
        }
    };
    answer.unwrap_or_default()
}

/// Lets through whoever has a token that is good.
async fn authorised(State(all): State<Shared>, request: Request, next: Next) -> Response {
    let header = request.headers().get("authorization").and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let of_app = token.strip_prefix(OF_APP).and_then(|number| number.parse::<usize>().ok());
    let is_good = match of_app {
        Some(number) => number >= locked(&all).ended,
        None => token == TOKEN || token == GUEST,
    };
    if is_good {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, "Bad credentials").into_response()
    }
}

async fn user(request: Request) -> Response {
    let is_guest = request
        .headers()
        .get("authorization")
        .is_some_and(|header| header.as_bytes().ends_with(GUEST.as_bytes()));
    let scopes = if is_guest { "gist" } else { "gist, read:org, repo, read:user" };
    ([("x-oauth-scopes", scopes)], Json(json!({"login": "ada"}))).into_response()
}

async fn graphql(State(all): State<Shared>, Json(request): Json<Value>) -> Response {
    let mut all = locked(&all);
    let All { world, engine, calls, is_broken, .. } = &mut *all;
    let (answer, points) = engine.answer(world, &request);
    calls.graphql += 1;
    calls.points += points;
    let is_second = request["variables"]["id"] == "R_1"
        && request["query"].as_str().is_some_and(|query| query.contains("list: issues"));
    if *is_broken && is_second {
        return (StatusCode::BAD_GATEWAY, "the issues of this repository can't be read").into_response();
    }
    Json(answer).into_response()
}

fn number_of(owner: &str, name: &str, world: &World) -> Option<usize> {
    (0..world.repositories).find(|number| name_with_owner(*number) == format!("{owner}/{name}"))
}

async fn tree(
    State(all): State<Shared>,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let mut all = locked(&all);
    all.calls.trees += 1;
    let Some(number) = number_of(&owner, &name, &all.world) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let folder = if sha == all.world.commit(number) { Some(String::new()) } else { folder_of(&sha) };
    let Some(folder) = folder else { return StatusCode::NOT_FOUND.into_response() };
    let is_deep = query.iter().any(|(name, value)| name == "recursive" && value == "1");
    let (mut entries, mut folders) = (Vec::new(), BTreeSet::new());
    for (path, sha, text) in all.world.files(number) {
        let Some(path) = path.strip_prefix(&folder) else { continue };
        let above =
            path.match_indices('/').map(|(end, _)| &path[..end]).take(if is_deep { usize::MAX } else { 1 });
        folders.extend(above.map(str::to_owned));
        if is_deep || !path.contains('/') {
            let file =
                json!({"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": text.len()});
            entries.push(file.to_string());
        }
    }
    let of_folder = |path: &String| {
        json!({"path": path, "mode": "040000", "type": "tree", "sha": tree_of(&format!("{folder}{path}/"))})
            .to_string()
    };
    entries.extend(folders.iter().map(of_folder));
    let truncated = entries.len() > all.longest_tree;
    entries.truncate(all.longest_tree);
    // As text: the heap of this process is measured.
    format!("{{\"truncated\": {truncated}, \"tree\": [{}]}}", entries.join(",")).into_response()
}

/// Trees below the first are named by their folder, in hex.
fn tree_of(folder: &str) -> String {
    folder.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn folder_of(sha: &str) -> Option<String> {
    let bytes = (0..sha.len()).step_by(2).map(|at| u8::from_str_radix(sha.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok().filter(|folder| folder.ends_with('/'))
}

async fn blob(
    State(all): State<Shared>,
    Path((owner, name, sha)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let mut all = locked(&all);
    all.calls.blobs += 1;
    if request.headers().get("accept").is_none_or(|accept| accept != "application/vnd.github.raw+json") {
        return (StatusCode::BAD_REQUEST, "only raw blobs are told").into_response();
    }
    let number = number_of(&owner, &name, &all.world).filter(|_| all.broken_blob.as_ref() != Some(&sha));
    let found = number.and_then(|number| all.world.files(number).find(|(_, other, _)| *other == sha));
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(_, _, text)| text.into_response())
}

/// An app is known by three parts of an assertion.
fn is_app(request: &Request) -> bool {
    let header =
        request.headers().get("authorization").and_then(|header| header.to_str().ok()).unwrap_or_default();
    header.starts_with("Bearer ") && header.matches('.').count() == 2
}

async fn installations(request: Request) -> Response {
    if !is_app(&request) {
        return (StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded").into_response();
    }
    let all = json!([{"id": 3, "account": {"login": "other"}}, {"id": 7, "account": {"login": ACME}}]);
    Json(all).into_response()
}

async fn access_token(State(all): State<Shared>, request: Request) -> Response {
    if !is_app(&request) {
        return (StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded").into_response();
    }
    let mut all = locked(&all);
    all.given += 1;
    let token = format!("{OF_APP}{}", all.given - 1);
    (StatusCode::CREATED, Json(json!({"token": token, "expires_at": "2999-01-01T00:00:00Z"}))).into_response()
}
