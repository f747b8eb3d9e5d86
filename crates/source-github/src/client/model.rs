//! What GitHub tells of repositories, issues and pull requests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::graphql::Connection;

/// A repository, with the first pages of its issues and pull requests where they were asked for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Repository {
    #[serde(skip_serializing)]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) name_with_owner: String,
    url: String,
    description: Option<String>,
    pub(crate) visibility: String,
    primary_language: Option<Named>,
    pub(crate) default_branch_ref: Option<Branch>,
    is_fork: bool,
    stargazer_count: u64,
    watchers: Count,
    fork_count: u64,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing)]
    pub(crate) updated_at: DateTime<Utc>,
    is_archived: bool,
}

/// A repository of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    #[serde(flatten)]
    pub(crate) repository: Repository,
    pub(crate) issues: Option<Connection<Lean>>,
    pub(crate) pull_requests: Option<Connection<Lean>>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Named {
    name: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Branch {
    name: String,
    #[serde(skip_serializing)]
    pub(crate) target: Option<Target>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Target {
    pub(crate) oid: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Count {
    total_count: u64,
}

/// An issue or pull request, as a listing names it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lean {
    pub(crate) id: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What was found under an id.
#[derive(Debug, Deserialize)]
#[serde(tag = "__typename")]
pub(crate) enum Node {
    Repository(Box<Repository>),
    Issue(Box<Item>),
    PullRequest(Box<Item>),
    /// What is no document here.
    #[serde(other)]
    Other,
}

/// An issue, or a pull request, which has more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) url: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) merged_at: Option<DateTime<Utc>>,
    pub(crate) title: String,
    pub(crate) body: String,
    #[serde(alias = "issueState", alias = "pullState")]
    pub(crate) state: String,
    pub(crate) author: Option<Actor>,
    pub(crate) repository: Place,
    pub(crate) comments: Connection<Comment>,
    pub(crate) labels: Option<Connection<Label>>,
    pub(crate) assignees: Connection<Actor>,
    pub(crate) review_requests: Option<Connection<Request>>,
    pub(crate) reviews: Option<Connection<Review>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) visibility: String,
    pub(crate) name_with_owner: String,
}

/// Somebody, or something, that acts.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Actor {
    pub(crate) login: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Comment {
    pub(crate) author: Option<Actor>,
    pub(crate) body: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Label {
    name: String,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) requested_reviewer: Option<Reviewer>,
}

/// A user by `login`, a team by `name`.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Reviewer {
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) author: Option<Actor>,
    pub(crate) body: String,
    pub(crate) state: String,
    pub(crate) comments: Connection<Comment>,
}
