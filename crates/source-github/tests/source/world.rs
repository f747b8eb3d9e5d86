//! What an organization holds: repositories with numbered issues, pull requests and files, each made from its number and revision.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// The organization.
pub(crate) const ACME: &str = "Acme";
/// Members of the organization: more than a page.
pub(crate) const MEMBERS: usize = 130;
/// Repositories with items that it has, or fewer where there are fewer documents.
pub(crate) const REPOSITORIES: usize = 3;

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Issue,
    Pull,
    File,
}

/// An issue, pull request or file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) number: usize,
    pub(crate) revision: u32,
}

impl Item {
    pub(crate) fn kind(self) -> Kind {
        match self.number / REPOSITORIES % 10 {
            0..5 => Kind::Issue,
            5..9 => Kind::Pull,
            _ => Kind::File,
        }
    }

    pub(crate) fn repository(self) -> usize {
        self.number % REPOSITORIES
    }

    pub(crate) fn id(self) -> String {
        match self.kind() {
            Kind::Issue => format!("I_{:07}", self.number),
            Kind::Pull => format!("PR_{:07}", self.number),
            Kind::File => format!("{}/{}", name_with_owner(self.repository()), self.path()),
        }
    }

    pub(crate) fn path(self) -> String {
        format!("docs/{}/page {}.md", self.number % 7, self.number)
    }

    pub(crate) fn text(self) -> String {
        format!("Page {} as it is at revision {}.", self.number, self.revision)
    }

    pub(crate) fn sha(self) -> String {
        format!("{:08x}{:032x}", self.revision, self.number)
    }

    pub(crate) fn updated_at(self) -> DateTime<Utc> {
        created(self.number) + TimeDelta::hours(i64::from(self.revision))
    }

    /// What a list of a repository tells of it.
    pub(crate) fn lean(self) -> Value {
        let name = if self.kind() == Kind::Pull { "PullRequest" } else { "Issue" };
        json!({"__typename": name, "id": self.id(), "updatedAt": time(self.updated_at())})
    }

    /// As the interface tells it: its fields, each list as a whole.
    pub(crate) fn node(self) -> Value {
        let mut node = json!({
            "id": self.id(), "number": self.number + 1, "title": format!("No. {}, revision {}", self.number, self.revision),
            "body": "It does not work.", "url": format!("https://github.com/{}/x/{}", name_with_owner(self.repository()), self.number),
            "createdAt": time(created(self.number)), "updatedAt": time(self.updated_at()),
            "closedAt": (self.number.is_multiple_of(2)).then(|| time(self.updated_at())),
            "state": if self.number.is_multiple_of(2) { "CLOSED" } else { "OPEN" },
            "author": (!self.number.is_multiple_of(5)).then(|| user(self.number)),
            "comments": comments(if self.number.is_multiple_of(97) { 230 } else { self.number % 3 }),
            "labels": (0..self.number % 3).map(label).collect::<Vec<_>>(),
            "assignees": (0..self.number % 2).map(user).collect::<Vec<_>>(),
            "__typename": if self.kind() == Kind::Pull { "PullRequest" } else { "Issue" },
        });
        if let (Kind::Pull, Some(fields)) = (self.kind(), node.as_object_mut()) {
            let reviews = if self.number.is_multiple_of(89) { 12 } else { self.number % 2 };
            let reviews: Vec<Value> = (0..reviews).map(|number| review(self, number)).collect();
            let team = json!({"__typename": "Team", "id": "T_1", "name": "Readers"});
            let requests = [user(1), team]
                .map(|who| json!({"__typename": "ReviewRequest", "id": "RR", "requestedReviewer": who}));
            fields.insert("reviews".into(), reviews.into());
            fields.insert("reviewRequests".into(), requests.to_vec().into());
            fields.insert("mergedAt".into(), Value::Null);
        }
        node
    }
}

fn created(number: usize) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default()
        + TimeDelta::minutes(i64::try_from(number).unwrap_or_default())
}

pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn user(number: usize) -> Value {
    json!({"__typename": "User", "id": format!("U_{}", number % 7), "login": format!("user-{}", number % 7)})
}

fn label(number: usize) -> Value {
    json!({"__typename": "Label", "id": format!("L_{number}"), "name": format!("label {number}"), "description": null})
}

fn comments(count: usize) -> Vec<Value> {
    let comment = |number| json!({"__typename": "IssueComment", "id": format!("IC_{number}"), "author": user(number), "body": format!("Remark {number}.")});
    (0..count).map(comment).collect()
}

fn review(of: Item, number: usize) -> Value {
    let comments = if number == 11 { 25 } else { number % 3 };
    let comment = |number| json!({"__typename": "PullRequestReviewComment", "id": format!("RC_{number}"), "author": user(number), "body": "Here."});
    json!({
        "__typename": "PullRequestReview", "id": format!("PRR_{:07}_{number}", of.number), "author": user(number),
        "body": format!("Review {number}."), "state": "COMMENTED",
        "comments": (0..comments).map(comment).collect::<Vec<_>>(),
    })
}

/// Somebody by number; those from [`MEMBERS`] on are no members.
fn person(number: usize) -> Value {
    let email = if number.is_multiple_of(2) { format!("user-{number}@example.com") } else { String::new() };
    json!({"__typename": "User", "id": format!("U_{number}"), "databaseId": number, "login": format!("user-{number}"), "email": email})
}

/// Everybody in the organization.
pub(crate) fn members() -> Vec<Value> {
    (0..MEMBERS).map(person).collect()
}

/// The numbers of the members that may read a repository.
pub(crate) fn readers(repository: usize) -> impl Iterator<Item = usize> {
    (0..MEMBERS).filter(move |number| number % 4 == repository || number.is_multiple_of(5))
}

pub(crate) fn name(repository: usize) -> String {
    format!("Repo-{repository}")
}

pub(crate) fn name_with_owner(repository: usize) -> String {
    format!("{ACME}/{}", name(repository))
}

/// The second repository is for everybody.
pub(crate) fn visibility(repository: usize) -> &'static str {
    if repository == 1 { "PUBLIC" } else { "PRIVATE" }
}

/// The fields of a repository that are indexed.
pub(crate) fn fields(repository: usize) -> Value {
    json!({
        "name": name(repository), "nameWithOwner": name_with_owner(repository),
        "url": format!("https://github.com/{}", name_with_owner(repository)), "description": "What it is for.",
        "visibility": visibility(repository), "primaryLanguage": {"name": "Rust"}, "defaultBranchRef": {"name": "main"}, "isFork": false,
        "stargazerCount": repository, "watchers": {"totalCount": 2}, "forkCount": 0, "createdAt": time(created(repository)),
        "isArchived": false,
    })
}

/// The organization.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) repositories: usize,
    items: BTreeMap<usize, u32>,
    /// Files of the first repository by the names that users gave them.
    pub(crate) named: Vec<String>,
    /// Counts changes of files: a commit each.
    commits: u32,
    /// A repository whose collaborators are not told.
    pub(crate) hidden: Option<usize>,
}

impl World {
    pub(crate) fn clear(&mut self, repositories: usize) {
        *self = Self { repositories, commits: self.commits + 1, ..Self::default() };
    }

    pub(crate) fn put(&mut self, number: usize, revision: u32) {
        self.items.insert(number, revision);
        self.commits += 1;
    }

    pub(crate) fn remove(&mut self, number: usize) {
        self.items.remove(&number);
        self.commits += 1;
    }

    pub(crate) fn name(&mut self, path: String) {
        self.named.push(path);
        self.commits += 1;
    }

    /// Those who may read a repository, some of them from outside of the organization.
    pub(crate) fn collaborators(&self, repository: usize) -> Vec<Value> {
        readers(repository).chain(MEMBERS..MEMBERS + 90).map(person).collect()
    }

    /// The commit that the default branch of a repository is at.
    pub(crate) fn commit(&self, repository: usize) -> String {
        format!("{:020x}{repository:020x}", self.commits)
    }

    pub(crate) fn item(&self, number: usize) -> Option<Item> {
        self.items.get(&number).map(|revision| Item { number, revision: *revision })
    }

    /// Items of a kind in a repository, those behind a number, in order.
    pub(crate) fn items(
        &self,
        repository: usize,
        kind: Kind,
        after: Option<usize>,
    ) -> impl Iterator<Item = Item> + '_ {
        let start = after.map_or(Unbounded, Excluded);
        let items = self
            .items
            .range((start, Unbounded))
            .map(|(number, revision)| Item { number: *number, revision: *revision });
        items.filter(move |item| item.repository() == repository && item.kind() == kind)
    }

    /// Path, hash and text of every file of a repository.
    pub(crate) fn files(&self, repository: usize) -> impl Iterator<Item = (String, String, String)> + '_ {
        let numbered =
            self.items(repository, Kind::File, None).map(|item| (item.path(), item.sha(), item.text()));
        let named = self.named.iter().enumerate().filter(move |_| repository == 0);
        numbered.chain(named.map(|(index, path)| (path.clone(), format!("ffff{index:036x}"), path.clone())))
    }
}
