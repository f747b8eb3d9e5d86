//! Repositories, their issues and pull requests, page by page.

use connectors_core::http::Next;
use connectors_core::{Error, ErrorKind, Result};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::graphql::{Answer, Connection, Problem};
use super::model::{Lean, Listed};
use super::{Client, queries};

/// Where a cursor stands in the body of a query.
pub(super) const AFTER: &str = "/variables/after";

#[derive(Deserialize)]
struct Owner {
    owner: Option<Repositories>,
}

#[derive(Deserialize)]
struct Repositories {
    repositories: Connection<Listed>,
}

#[derive(Deserialize)]
struct One {
    repository: Option<Listed>,
}

#[derive(Deserialize)]
struct Of<T> {
    node: Option<Paged<T>>,
}

#[derive(Deserialize)]
struct Paged<T> {
    list: Option<Connection<T>>,
}

impl Client {
    /// Every repository of the settings, with the first pages of its issues and pull requests.
    pub(crate) fn repositories(&self) -> BoxStream<'_, Result<Listed>> {
        match (&self.selection.named, &self.selection.organization) {
            (Some(named), _) => stream::iter(named).then(|(owner, name)| self.named(owner, name)).boxed(),
            (None, Some(login)) => self.owned(&queries::of_organization(), &json!({"login": login})).boxed(),
            (None, None) => self.owned(&queries::of_viewer(), &json!({})).boxed(),
        }
    }

    fn owned(&self, query: &str, variables: &Value) -> impl Stream<Item = Result<Listed>> + Send + use<> {
        let request = self.http.post(self.graphql).body(&json!({"query": query, "variables": variables}));
        request.try_pages(page).map(|item| item.and_then(|repository| repository))
    }

    /// A repository of the settings.
    async fn named(&self, owner: &str, name: &str) -> Result<Listed> {
        let found = self.repository(owner, name).await.and_then(|found| {
            found
                .ok_or_else(|| Error::missing("GitHub does not find the repository").with("repository", name))
        });
        let found = found.map_err(|error| error.in_scope(format!("{owner}/{name}").to_lowercase()))?;
        self.selection.note(&found.repository.name_with_owner);
        Ok(found)
    }

    /// A repository by its name, or by one that it had; none where GitHub says that there is none.
    pub(crate) async fn repository(&self, owner: &str, name: &str) -> Result<Option<Listed>> {
        let answer: Answer<One> =
            self.query(&queries::repository(), &json!({"owner": owner, "name": name})).await?;
        let (data, problems) = answer.parts()?;
        match (data.repository, problems.first()) {
            (Some(found), _) => Ok(Some(found)),
            (None, Some(problem)) if problem.is_missing() => Ok(None),
            (None, Some(problem)) => Err(problem.error()),
            (None, None) => Err(Error::transient("GitHub left a repository out of its answer")),
        }
    }

    /// The issues (`issues`) or pull requests (`pullRequests`) of a repository, of which the first page is there already.
    pub(crate) fn listed(
        &self,
        repository: &str,
        list: &'static str,
        first: Option<Connection<Lean>>,
    ) -> BoxStream<'static, Result<Lean>> {
        let Some(first) = first else {
            let what = "GitHub left out a list of a repository";
            return stream::iter([Err(Error::transient(what).with("list", list))]).boxed();
        };
        let rest = match first.next() {
            Ok(None) => stream::empty().boxed(),
            Ok(Some(after)) => self.rest::<Lean>(&queries::lean(list), repository, Some(&after)).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        };
        match first.whole() {
            Ok(first) => stream::iter(first).map(Ok).chain(rest).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    /// The pages of a list behind its first.
    pub(super) fn rest<T: DeserializeOwned + Send>(
        &self,
        query: &str,
        id: &str,
        after: Option<&str>,
    ) -> impl Stream<Item = Result<T>> + Send + use<T> {
        let body = json!({"query": query, "variables": {"id": id, "after": after}});
        self.http.post(self.graphql).body(&body).try_pages(|answer: Answer<Of<T>>| {
            let gone = || Error::missing("what a list belongs to was deleted while it was read");
            let list = answer.whole()?.node.and_then(|node| node.list).ok_or_else(gone)?;
            let next = Next::body(AFTER, list.next()?);
            Ok((list.whole()?, next))
        })
    }
}

/// A page of repositories. One that can't be read is an error in its place: nobody knows which it is.
fn page(answer: Answer<Owner>) -> Result<(Vec<Result<Listed>>, Next)> {
    let (data, problems) = answer.parts()?;
    let list = data.owner.ok_or_else(|| no_owner(&problems))?.repositories;
    let next = Next::body(AFTER, list.next()?);
    let place = ["owner", "repositories", "nodes"];
    if let Some(problem) = problems.iter().find(|problem| problem.index(&place).is_none()) {
        return Err(problem.error());
    }
    let of = |index| problems.iter().find(move |problem| problem.index(&place) == Some(index));
    let listed = |(index, node): (usize, Option<Listed>)| {
        node.ok_or_else(|| {
            let error =
                of(index).map_or_else(|| Error::transient("GitHub left a repository out"), Problem::error);
            // It is one of many: the others are read.
            error.of_kind(ErrorKind::Transient)
        })
    };
    Ok((list.nodes.into_iter().enumerate().map(listed).collect(), next))
}

fn no_owner(problems: &[Problem]) -> Error {
    let error =
        Error::config("there is no such organization, or the token does not see it; check `org_name`");
    match problems.first() {
        Some(problem) if !problem.is_missing() => problem.error(),
        _ => error,
    }
}
