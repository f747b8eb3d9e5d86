//! Members of an organization, and those who may read a repository.

use std::collections::BTreeSet;

use connectors_core::http::Next;
use connectors_core::{Error, Result};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;

use super::graphql::{Answer, Connection};
use super::repositories::AFTER;
use super::{Client, queries};

/// Somebody with an account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    /// Stays when the account is renamed, and is given to no other.
    pub(crate) database_id: Option<u64>,
    pub(crate) login: String,
    /// Empty where it is not public.
    pub(crate) email: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Id {
    database_id: Option<u64>,
}

#[derive(Deserialize)]
struct Organization {
    owner: Option<Members>,
}

#[derive(Deserialize)]
struct Members {
    members: Connection<Person>,
}

impl Client {
    /// Everybody in the organization.
    pub(crate) fn members(&self) -> BoxStream<'static, Result<Person>> {
        let login = self.selection.organization.as_deref().unwrap_or_default();
        let body = json!({"query": queries::MEMBERS, "variables": {"login": login}});
        let pages = self.http.post(self.graphql).body(&body).try_pages(|answer: Answer<Organization>| {
            let gone = || Error::config("there is no such organization; check `org_name`");
            let members = answer.whole()?.owner.ok_or_else(gone)?.members;
            let next = Next::body(AFTER, members.next()?);
            Ok((members.whole()?, next))
        });
        pages.boxed()
    }

    /// The ids of those who may read a private repository, whether they are members or not.
    pub(crate) async fn collaborators(&self, repository: &str) -> Result<BTreeSet<u64>> {
        let people = self.rest::<Id>(queries::COLLABORATORS, repository, None);
        people.try_filter_map(|person| std::future::ready(Ok(person.database_id))).try_collect().await
    }
}
