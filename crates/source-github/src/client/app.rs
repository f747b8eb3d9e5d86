//! The tokens of an app: one for each owner that has installed it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connectors_core::config::Secret;
use connectors_core::{Error, Http, Result};
use futures::TryStreamExt;
use serde::Deserialize;

#[derive(Deserialize)]
struct Installation {
    id: u64,
    account: Account,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Granted {
    token: String,
    expires_at: DateTime<Utc>,
}

/// An app that asks for tokens, signed as itself.
pub(super) struct App {
    pub(super) http: Http,
    /// Where the REST interface begins.
    pub(super) rest: &'static str,
    pub(super) owner: String,
}

impl App {
    /// A token for what the owner lets the app read, and until when it is good.
    ///
    /// # Errors
    /// `Config` when the owner has not installed the app, `Denied` when its id or key is wrong.
    pub(super) async fn token(self: Arc<Self>) -> Result<(Secret, Option<DateTime<Utc>>)> {
        let installation = self.installation().await?;
        let path = format!("{}/app/installations/{installation}/access_tokens", self.rest);
        let granted: Granted = self.http.post(path).json().await?;
        Ok((Secret::new(granted.token), Some(granted.expires_at)))
    }

    async fn installation(&self) -> Result<u64> {
        let request = self.http.get(format!("{}/app/installations", self.rest)).query(&[("per_page", 100)]);
        let all: Vec<Installation> =
            request.pages_by_header(|page: Vec<Installation>| page).try_collect().await?;
        let found =
            all.iter().find(|installation| installation.account.login.eq_ignore_ascii_case(&self.owner));
        found.map(|installation| installation.id).ok_or_else(|| {
            let owners: Vec<&str> =
                all.iter().map(|installation| installation.account.login.as_str()).collect();
            Error::config(
                "the app is not installed for this owner; install it there, or check `org_name` and `app_id`",
            )
            .with("owner", &self.owner)
            .with("installed for", owners.join(", "))
        })
    }
}
