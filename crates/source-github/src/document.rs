//! From what GitHub tells to documents.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use connectors_core::{Body, Content, Document};
use serde::Serialize;

use crate::client::{
    Actor, Client, Comment, Connection, Entry, Item, Label, Lean, Repository, Review, Reviewer,
};

/// GitHub tells times to the second: what was changed so recently may change once more within that second.
const UNSETTLED: TimeDelta = TimeDelta::minutes(1);

/// The scopes below a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Issues,
    Pulls,
    Files,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Issues, Self::Pulls, Self::Files];

    fn word(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Pulls => "pulls",
            Self::Files => "files",
        }
    }

    /// The scope of this part of a repository.
    pub(crate) fn of(self, repository: &str) -> String {
        format!("{}/{}", scope(repository), self.word())
    }

    /// The repository and the part that a scope stands for; no part for the repository itself.
    pub(crate) fn read(scope: &str) -> (&str, Option<Self>) {
        let part = Self::ALL.into_iter().find_map(|part| {
            let repository = scope.strip_suffix(part.word())?.strip_suffix('/')?;
            repository.contains('/').then_some((repository, Some(part)))
        });
        part.unwrap_or((scope, None))
    }
}

/// The scope of a repository: its name in lower case, as GitHub does not tell cases apart.
pub(crate) fn scope(repository: &str) -> String {
    repository.to_lowercase()
}

#[derive(Serialize)]
struct Typed<'a, T> {
    #[serde(flatten)]
    fields: &'a T,
    r#type: &'static str,
}

/// A repository. Its counts change without any time of it, so that its fields are compared.
pub(crate) fn repository(repository: &Repository) -> Document {
    Document::new(repository.id.as_str())
        .timestamp(repository.updated_at)
        .scope(scope(&repository.name_with_owner))
        .body(&Typed { fields: repository, r#type: "Repository" })
}

/// An issue or pull request as a listing names it.
pub(crate) fn lean(lean: Lean, scope: &Arc<str>, now: DateTime<Utc>) -> Document {
    Document::new(lean.id)
        .version(version(lean.updated_at, now))
        .timestamp(lean.updated_at)
        .scope(scope.clone())
        .body(Body::looked_up())
}

fn version(updated_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let is_settled = now - updated_at >= UNSETTLED;
    format!("{}{}", updated_at.timestamp(), if is_settled { "" } else { "~" })
}

/// The fields of an issue or pull request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Indexed {
    number: u64,
    url: String,
    created_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    title: String,
    body: String,
    state: String,
    author: Option<Actor>,
    #[serde(rename = "issue_comments")]
    comments: Vec<Comment>,
    #[serde(rename = "labels_field")]
    labels: Vec<Label>,
    #[serde(rename = "assignees_list")]
    assignees: Vec<Actor>,
    #[serde(flatten)]
    pull: Option<Pull>,
    r#type: &'static str,
}

/// What a pull request has besides.
#[derive(Serialize)]
struct Pull {
    #[serde(rename = "mergedAt")]
    merged_at: Option<DateTime<Utc>>,
    requested_reviewers: Vec<Reviewer>,
    reviews_comments: Vec<Reviewed>,
}

#[derive(Serialize)]
struct Reviewed {
    author: Option<Actor>,
    body: String,
    state: String,
    comments: Vec<Comment>,
}

/// A whole issue, or a whole pull request.
pub(crate) fn item(item: Item, part: Part, now: DateTime<Utc>) -> Document {
    let (id, updated_at) = (item.id.clone(), item.updated_at);
    let scope = part.of(&item.repository.name_with_owner);
    let fields = indexed(item, part);
    Document::new(id).version(version(updated_at, now)).timestamp(updated_at).scope(scope).body(&fields)
}

fn indexed(item: Item, part: Part) -> Indexed {
    let pull = (part == Part::Pulls).then(|| Pull {
        merged_at: item.merged_at,
        requested_reviewers: nodes(item.review_requests)
            .filter_map(|request| request.requested_reviewer)
            .collect(),
        reviews_comments: nodes(item.reviews).map(reviewed).collect(),
    });
    Indexed {
        number: item.number,
        url: item.url,
        created_at: item.created_at,
        closed_at: item.closed_at,
        title: item.title,
        body: item.body,
        state: item.state,
        author: item.author,
        comments: nodes(Some(item.comments)).collect(),
        labels: nodes(item.labels).collect(),
        assignees: nodes(Some(item.assignees)).collect(),
        pull,
        r#type: if part == Part::Pulls { "Pull request" } else { "Issue" },
    }
}

fn reviewed(review: Review) -> Reviewed {
    let comments = nodes(Some(review.comments)).collect();
    Reviewed { author: review.author, body: review.body, state: review.state, comments }
}

/// The entries of a list that GitHub tells.
fn nodes<T>(list: Option<Connection<T>>) -> impl Iterator<Item = T> {
    list.into_iter().flat_map(|list| list.nodes).flatten()
}

/// The fields of a file.
#[derive(Serialize)]
struct File {
    name: String,
    size: Option<u64>,
    r#type: String,
    path: String,
    mode: String,
    extension: String,
}

/// The id of a file.
pub(crate) fn file_id(repository: &str, path: &str) -> String {
    format!("{repository}/{path}")
}

/// A file of the default branch.
pub(crate) fn file(entry: Entry, repository: &str, client: &Arc<Client>) -> Document {
    let Entry { path, mode, kind, sha, size } = entry;
    let id = file_id(repository, &path);
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let extension = name.rfind('.').map_or_else(String::new, |dot| name[dot..].to_owned());
    let version = format!("{sha}:{mode}");
    let (client, owner) = (client.clone(), Arc::<str>::from(repository));
    let content = Content::new(name.clone(), size, move || {
        let (client, owner, sha) = (client.clone(), owner.clone(), sha.clone());
        async move { client.blob(&owner, &sha).await }
    });
    Document::new(id)
        .version(version)
        .scope(Part::Files.of(repository))
        .body(Body::lazy(move || File { name, size, r#type: kind, path, mode, extension }))
        .content(content)
}

#[cfg(test)]
mod tests;
