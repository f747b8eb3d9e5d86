//! The calls of GitHub that this source needs, and what an operator can do when one fails.

mod app;
mod found;
mod graphql;
mod limits;
mod model;
mod people;
mod queries;
mod repositories;
mod tree;

pub(crate) use graphql::Connection;
pub(crate) use model::{Actor, Comment, Item, Label, Lean, Listed, Node, Repository, Review, Reviewer};
pub(crate) use people::Person;
pub(crate) use tree::Entry;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connectors_core::http::{Assertion, Cause, segment};
use connectors_core::{ByteStream, Clock, Context, Error, Http, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use self::app::App;
use self::graphql::Answer;
use crate::config::GithubConfig;
use crate::selection::Selection;

/// GitHub itself.
const CLOUD: &str = "https://api.github.com";
/// The version of the REST interface that answers are read by.
const VERSION: &str = "2022-11-28";

/// Scopes that a classic token needs, each with those that hold it too.
const REPO: [&str; 1] = ["repo"];
const READ_ORG: [&str; 3] = ["read:org", "write:org", "admin:org"];
const READ_USER: [&str; 2] = ["read:user", "user"];

/// GitHub, or a server of its kind.
pub(crate) struct Client {
    http: Http,
    /// The same, for contents as they are.
    raw: Http,
    /// Where the two interfaces begin.
    graphql: &'static str,
    rest: &'static str,
    /// Where the server is, for the owner of an index.
    pub(crate) host: String,
    is_app: bool,
    /// Whether it is asked who may read what.
    pub(crate) is_guarded: bool,
    pub(crate) selection: Selection,
    clock: Clock,
}

#[derive(Deserialize)]
struct User {}

impl Client {
    pub(crate) fn new(config: &GithubConfig, context: &Context) -> Result<Self> {
        let selection = Selection::new(config)?;
        let (base, graphql, rest) = place(config)?;
        let is_guarded = context.document_level_security;
        if is_guarded && selection.organization.is_none() {
            return Err(Error::config(
                "document level security is for the repositories of an organization: set `repo_type` to `organization`, or \
                 switch `use_document_level_security` off",
            ));
        }
        let http =
            context.http(&base)?.rate(config.rate).concurrency(config.concurrency).limited(limits::limited);
        let http = if config.ssl_enabled && !config.ssl_ca.trim().is_empty() {
            http.trust(&config.ssl_ca)?
        } else {
            http
        };
        let http =
            http.header("x-github-api-version", VERSION).header("accept", "application/vnd.github+json");
        let is_app = config.auth_method == "github_app";
        let http = if is_app {
            let owner = selection.owner()?;
            let app = App { http: http.clone().asserting(assertion(config)?).fix(fix_app), rest, owner };
            let app = Arc::new(app);
            http.tokens(move || app.clone().token()).fix(fix_app)
        } else {
            http.bearer(&config.token).fix(fix_token)
        };
        let raw = http.clone().header("accept", "application/vnd.github.raw+json");
        let host = base.host_str().unwrap_or_default().to_owned();
        Ok(Self {
            http,
            raw,
            graphql,
            rest,
            host,
            is_app,
            is_guarded,
            selection,
            clock: context.clock.clone(),
        })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Checks the credentials, and that what is to be read is there.
    ///
    /// # Errors
    /// `Denied` for a token that is wrong or lacks a scope, `Config` for an organization or repository that it does not see.
    pub(crate) async fn ping(&self) -> Result<()> {
        if !self.is_app {
            let request = self.http.get(format!("{}/user", self.rest));
            let (_, scopes) = request.json_with_header::<User>("x-oauth-scopes").await?;
            self.check_scopes(scopes.as_deref())?;
        }
        if let Some(login) = &self.selection.organization {
            let answer: Answer<Value> = self.query(queries::ORGANIZATION, &json!({"login": login})).await?;
            let (_, problems) = answer.parts()?;
            if problems.iter().any(graphql::Problem::is_missing) {
                return Err(Error::config(
                    "there is no such organization, or the token does not see it; check `org_name`",
                )
                .with("organization", login));
            }
            problems.first().map_or(Ok(()), |problem| Err(problem.error()))?;
        }
        let Some([(owner, name), ..]) = self.selection.named.as_deref() else { return Ok(()) };
        let what = "GitHub does not find a repository; check `repositories`, and what the token may read";
        let found = self.repository(owner, name).await?;
        found.map(drop).ok_or_else(|| Error::config(what).with("repository", format!("{owner}/{name}")))
    }

    /// Fine-grained tokens have no scopes, and tell none.
    fn check_scopes(&self, scopes: Option<&str>) -> Result<()> {
        let Some(scopes) = scopes else { return Ok(()) };
        let held: Vec<&str> = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
        let lacks = |wanted: &[&str]| !wanted.iter().any(|scope| held.contains(scope));
        let mut missing = Vec::new();
        missing.extend(lacks(&REPO).then_some(REPO[0]));
        missing.extend((self.selection.organization.is_some() && lacks(&READ_ORG)).then_some(READ_ORG[0]));
        missing.extend((self.is_guarded && lacks(&READ_USER)).then_some(READ_USER[0]));
        if missing.is_empty() {
            return Ok(());
        }
        let what = "the token lacks a scope; add it in the settings of the token, or give another as `token`";
        Err(Error::denied(what).with("missing", missing.join(", ")).with("scopes", held.join(", ")))
    }

    /// The bytes of a file, by the hash of its blob.
    pub(crate) async fn blob(&self, repository: &str, sha: &str) -> Result<ByteStream> {
        self.raw.get(format!("{}/git/blobs/{}", self.path_of(repository), segment(sha))).bytes().await
    }

    fn path_of(&self, repository: &str) -> String {
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        format!("{}/repos/{}/{}", self.rest, segment(owner), segment(name))
    }

    async fn query<T: DeserializeOwned>(&self, query: &str, variables: &Value) -> Result<Answer<T>> {
        self.http.post(self.graphql).body(&json!({"query": query, "variables": variables})).json().await
    }
}

/// The server, and where its two interfaces begin.
fn place(config: &GithubConfig) -> Result<(Url, &'static str, &'static str)> {
    if config.data_source == "github_server" {
        let host =
            config.host.clone().ok_or_else(|| Error::config("set `host` to the address of the server"))?;
        return Ok((host, "/api/graphql", "/api/v3"));
    }
    let cloud =
        Url::parse(CLOUD).map_err(|error| Error::unexpected("GitHub has no address").caused_by(error))?;
    Ok((cloud, "/graphql", ""))
}

fn assertion(config: &GithubConfig) -> Result<Assertion> {
    let id = config.app_id.ok_or_else(|| Error::config("set `app_id` to the id of the app"))?;
    Assertion::rs256(id.to_string(), &config.private_key)
        .map_err(|error| error.with("setting", "private_key"))
}

/// What to do about a failed call of a token, by the names of our settings.
fn fix_token(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Status(401) => Some("check `token`: it is wrong, expired or revoked"),
        Cause::Status(403) => Some("give `token` the right that the answer names"),
        other => fix(other),
    }
}

/// What to do about a failed call of an app.
fn fix_app(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Status(401) => Some("check `app_id` and `private_key`, and the clock of this machine"),
        Cause::Status(403) => Some("give the app the permission that the answer names"),
        other => fix(other),
    }
}

fn fix(cause: Cause) -> Option<&'static str> {
    (cause == Cause::Unreachable).then_some("see that the server runs, and check `host`")
}

#[cfg(test)]
mod tests;
