//! Which repositories are read.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use connectors_core::{Error, Result};

use crate::config::GithubConfig;

/// Everything that the owner has.
const ALL: &str = "*";

/// The repositories of the settings.
#[derive(Debug)]
pub(crate) struct Selection {
    /// The organization; none for the token's owner.
    pub(crate) organization: Option<String>,
    /// Owner and name of each; none for all.
    pub(crate) named: Option<Vec<(String, String)>>,
    /// What named repositories are called now, in lower case.
    renamed: Mutex<BTreeSet<String>>,
}

impl Selection {
    /// Of the settings.
    ///
    /// # Errors
    /// `Config` for a name that is no repository's, or one of another owner than the organization.
    pub(crate) fn new(config: &GithubConfig) -> Result<Self> {
        let organization = (config.repo_type == "organization").then(|| config.org_name.clone());
        let all = config.repositories.is_empty() || config.repositories.iter().any(|name| name == ALL);
        let named = config.repositories.iter().map(|name| named(name, organization.as_deref()));
        let named = if all { None } else { Some(named.collect::<Result<_>>()?) };
        Ok(Self { organization, named, renamed: Mutex::default() })
    }

    /// Whose repositories an app reads: it has one token for each owner.
    ///
    /// # Errors
    /// `Config` where that is not one owner.
    pub(crate) fn owner(&self) -> Result<String> {
        let owners = self.named.iter().flatten().map(|(owner, _)| owner.to_lowercase());
        let owners: BTreeSet<String> =
            owners.chain(self.organization.iter().map(|name| name.to_lowercase())).collect();
        let mut owners = owners.into_iter();
        match (owners.next(), owners.next()) {
            (Some(owner), None) => Ok(owner),
            _ => Err(Error::config(
                "an app reads the repositories of one owner; set `repo_type` to `organization`, or name `repositories` of one owner",
            )),
        }
    }

    /// Notes what a named repository is called.
    pub(crate) fn note(&self, name_with_owner: &str) {
        let is_new = |(owner, name): &(String, String)| {
            !format!("{owner}/{name}").eq_ignore_ascii_case(name_with_owner)
        };
        if self.named.iter().flatten().all(is_new) {
            let mut renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
            renamed.insert(name_with_owner.to_lowercase());
        }
    }

    /// Whether a listing names this repository, where `viewer` is the token's owner.
    pub(crate) fn admits(&self, name_with_owner: &str, viewer: &str) -> bool {
        let (owner, name) = name_with_owner.split_once('/').unwrap_or_default();
        if let Some(named) = &self.named {
            let is_it = |(one, other): &(String, String)| {
                one.eq_ignore_ascii_case(owner) && other.eq_ignore_ascii_case(name)
            };
            let renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
            return named.iter().any(is_it) || renamed.contains(&name_with_owner.to_lowercase());
        }
        owner.eq_ignore_ascii_case(self.organization.as_deref().unwrap_or(viewer))
    }

    /// In a few words, for the owner of an index.
    pub(crate) fn shown(&self) -> String {
        let named = self.named.iter().flatten().map(|(owner, name)| format!("{owner}/{name}"));
        let named: Vec<String> = named.collect();
        match (&self.named, &self.organization) {
            (Some(_), _) => named.join(","),
            (None, Some(organization)) => organization.clone(),
            (None, None) => "own".to_owned(),
        }
    }
}

fn named(name: &str, organization: Option<&str>) -> Result<(String, String)> {
    let unknown = |what: &str| Err(Error::config(what).with("repository", name));
    let (owner, repository) = match (name.split_once('/'), organization) {
        (Some(parts), _) => parts,
        (None, Some(organization)) => (organization, name),
        (None, None) => return unknown("write a repository of `repositories` as `owner/name`"),
    };
    if owner.is_empty() || repository.is_empty() || repository.contains('/') {
        return unknown("write a repository of `repositories` as `owner/name`, without an address");
    }
    if organization.is_some_and(|organization| !organization.eq_ignore_ascii_case(owner)) {
        return unknown(
            "a repository of `repositories` is of another owner than `org_name`; set `repo_type` to `other`",
        );
    }
    Ok((owner.to_owned(), repository.to_owned()))
}

#[cfg(test)]
mod tests;
