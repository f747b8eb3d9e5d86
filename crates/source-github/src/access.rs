//! Who may read what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connectors_core::{Document, Identity, Permissions, Result};
use futures::TryStreamExt;
use futures::stream::{BoxStream, StreamExt};
use serde_json::json;

use crate::client::{Client, Person};

/// Repositories that everybody may read.
const PUBLIC: &str = "PUBLIC";

/// What was read of it for the listing that goes on, or the last one: documents that are looked up carry the same.
#[derive(Default)]
pub(crate) struct Access {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    members: Option<Arc<BTreeSet<u64>>>,
    /// By the id of the repository.
    repositories: BTreeMap<String, Permissions>,
}

impl Access {
    /// Forgets all: a listing begins.
    pub(crate) fn restart(&self) {
        *self.known() = Known::default();
    }

    /// Who may read what is in a repository; none where nobody asks. What can't be read is unknown, and closes.
    pub(crate) async fn of(&self, client: &Client, (id, visibility): (&str, &str)) -> Option<Permissions> {
        if !client.is_guarded {
            return None;
        }
        if visibility == PUBLIC {
            return Some(Permissions::Everybody);
        }
        if let Some(known) = self.known().repositories.get(id) {
            return Some(known.clone());
        }
        let permissions = self.read(client, id).await.unwrap_or_else(|error| {
            tracing::warn!(%error, repository = id, "who may read a repository could not be read; it is closed");
            Permissions::Unknown
        });
        self.known().repositories.insert(id.to_owned(), permissions.clone());
        Some(permissions)
    }

    async fn read(&self, client: &Client, id: &str) -> Result<Permissions> {
        let members = self.members(client).await?;
        let readers = client.collaborators(id).await?;
        Ok(Permissions::to(readers.intersection(&members).map(|id| user(*id))))
    }

    async fn members(&self, client: &Client) -> Result<Arc<BTreeSet<u64>>> {
        if let Some(members) = &self.known().members {
            return Ok(members.clone());
        }
        let members = client.members().try_filter_map(|person| std::future::ready(Ok(person.database_id)));
        let members: Arc<BTreeSet<u64>> = Arc::new(members.try_collect().await?);
        self.known().members = Some(members.clone());
        Ok(members)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A document with who may read it, where somebody asks.
pub(crate) fn guarded(document: Document, permissions: Option<Permissions>) -> Document {
    match permissions {
        Some(permissions) => document.permissions(permissions),
        None => document,
    }
}

/// The members of the organization, with the terms that stand for them. Documents name their ids alone: an account may be
/// renamed, and somebody else take its name.
pub(crate) fn identities(client: &Client) -> BoxStream<'static, Result<Identity>> {
    client.members().try_filter_map(|person| std::future::ready(Ok(identity(person)))).boxed()
}

/// None for an account without an id, which no document names.
fn identity(person: Person) -> Option<Identity> {
    let Person { database_id, login, email } = person;
    let id = database_id?;
    let mut access = vec![user(id), format!("username:{login}")];
    let email = Some(email).filter(|email| !email.is_empty());
    access.extend(email.iter().map(|email| format!("email:{email}")));
    let fields = json!({"user_id": id, "username": login, "email": email});
    Some(Identity { id: id.to_string(), fields, access })
}

fn user(id: u64) -> String {
    format!("user_id:{id}")
}
