//! Documents that are asked for by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connectors_core::{Document, Error, ErrorKind, Found, Result, Unlisted};
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};

use crate::access::{Access, guarded};
use crate::client::{Client, Node};
use crate::config::Files;
use crate::document::{Part, file, item, repository, scope};

/// Ids of one question, as many as GitHub takes.
const AT_ONCE: usize = 100;
/// Questions in a row that fail on the way from so many ids to a single one.
const HALVES: usize = AT_ONCE.ilog2() as usize + 1;
/// Questions at the same time.
const QUESTIONS: usize = 2;

/// GitHub, and who may read what of it.
type Asked<'a> = (&'a Arc<Client>, &'a Access);

/// What is there under these ids: files by the tree of their repository, all else by node id.
pub(crate) fn look_up<'a>(
    asked: Asked<'a>,
    files: Files,
    wanted: &'a [Unlisted],
) -> BoxStream<'a, Result<Found>> {
    let (of_files, others): (Vec<&Unlisted>, Vec<&Unlisted>) =
        wanted.iter().partition(|wanted| is_file(wanted));
    let mut by_repository = BTreeMap::<String, Vec<&Unlisted>>::new();
    for wanted in of_files {
        by_repository.entry(repository_of(wanted)).or_default().push(wanted);
    }
    let of_files =
        stream::iter(by_repository).then(move |(name, wanted)| found_files(asked, files, name, wanted));
    let chunks: Vec<Vec<&Unlisted>> = others.chunks(AT_ONCE).map(<[_]>::to_vec).collect();
    let of_nodes = stream::iter(chunks).map(move |chunk| found_nodes(asked, chunk)).buffered(QUESTIONS);
    of_nodes.chain(of_files).flat_map(stream::iter).boxed()
}

/// Node ids have no slash.
fn is_file(wanted: &Unlisted) -> bool {
    match wanted.scope.as_deref().map(Part::read) {
        Some((_, part @ Some(_))) => part == Some(Part::Files),
        _ => wanted.id.as_str().contains('/'),
    }
}

/// The repository of a file, by its scope or by its id.
fn repository_of(wanted: &Unlisted) -> String {
    match &wanted.scope {
        Some(scope) => Part::read(scope).0.to_owned(),
        None => wanted.id.as_str().splitn(3, '/').take(2).collect::<Vec<_>>().join("/").to_lowercase(),
    }
}

/// What is there under node ids. A question that is not answered is asked again in halves, as one document may be too large, but no
/// more once so many in a row failed that this can't be the reason.
async fn found_nodes(asked: Asked<'_>, chunk: Vec<&Unlisted>) -> Vec<Result<Found>> {
    let (mut left, mut found, mut failed) = (vec![chunk], Vec::new(), 0);
    while let Some(mut chunk) = left.pop() {
        let ids: Vec<&str> = chunk.iter().map(|wanted| wanted.id.as_str()).collect();
        match asked.0.nodes(&ids).await {
            Ok(answers) => {
                failed = 0;
                for (wanted, node) in chunk.into_iter().zip(answers.nodes) {
                    found.push(match node {
                        Ok(node) => Ok(found_node(asked, wanted, node, &answers.viewer).await),
                        Err(error) => Err(error),
                    });
                }
            }
            Err(error) if chunk.len() > 1 && failed < HALVES && may_be_too_large(&error) => {
                failed += 1;
                let half = chunk.split_off(chunk.len() / 2);
                left.extend([half, chunk]);
            }
            Err(error) => {
                found.push(Err(error));
                if failed >= HALVES {
                    return found;
                }
            }
        }
    }
    found
}

fn may_be_too_large(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Transient | ErrorKind::Unexpected)
}

async fn found_node(
    (client, access): Asked<'_>,
    wanted: &Unlisted,
    node: Option<Node>,
    viewer: &str,
) -> Found {
    let gone = || Found::Gone(wanted.id.clone());
    let Some(node) = node else { return gone() };
    let place = match &node {
        Node::Repository(it) => (&it.id, &it.visibility, &it.name_with_owner),
        Node::Issue(it) | Node::PullRequest(it) => {
            (&it.repository.id, &it.repository.visibility, &it.repository.name_with_owner)
        }
        Node::Other => return gone(),
    };
    if !client.selection.admits(place.2, viewer) {
        return gone();
    }
    let permissions = access.of(client, (place.0, place.1)).await;
    let document = match node {
        Node::Repository(it) => repository(&it),
        Node::Issue(it) => item(*it, Part::Issues, client.now()),
        Node::PullRequest(it) => item(*it, Part::Pulls, client.now()),
        Node::Other => return gone(),
    };
    Found::There(guarded(document, permissions))
}

/// What is there of the files of a repository: one call for its commit, one for its tree.
async fn found_files(
    asked: Asked<'_>,
    files: Files,
    name: String,
    wanted: Vec<&Unlisted>,
) -> Vec<Result<Found>> {
    let found = present(asked, files, &name, &wanted).await;
    let mut there = match found {
        Ok(there) => there,
        Err(error) => return vec![Err(error.in_scope(Part::Files.of(&name)))],
    };
    let answer = |wanted: &Unlisted| match there.remove(wanted.id.as_str()) {
        Some(document) => Ok(Found::There(document)),
        None => Ok(Found::Gone(wanted.id.clone())),
    };
    wanted.into_iter().map(answer).collect()
}

/// Those of the files that are there, by id.
async fn present(
    (client, access): Asked<'_>,
    files: Files,
    name: &str,
    wanted: &[&Unlisted],
) -> Result<BTreeMap<String, Document>> {
    let none = BTreeMap::new();
    let (owner, repository) = name.split_once('/').unwrap_or_default();
    if files == Files::None {
        return Ok(none);
    }
    let Some(listed) = client.repository(owner, repository).await? else { return Ok(none) };
    let listed = listed.repository;
    // One that was renamed has other ids for its files.
    let is_it =
        scope(&listed.name_with_owner) == name && client.selection.admits(&listed.name_with_owner, owner);
    let target = listed.default_branch_ref.and_then(|branch| branch.target);
    let Some(target) = target.filter(|_| is_it) else {
        return Ok(none);
    };
    let ids: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.id.as_str()).collect();
    let whole = &listed.name_with_owner;
    let permissions = access.of(client, (&listed.id, &listed.visibility)).await;
    let mut found = BTreeMap::new();
    let mut entries = std::pin::pin!(client.files(whole, &target.oid));
    while let Some(entry) = entries.try_next().await? {
        let is_wanted = files.admits(&entry.path);
        let document = is_wanted.then(|| file(entry, whole, client));
        if let Some(document) = document.filter(|document| ids.contains(document.id().as_str())) {
            found.insert(document.id().as_str().to_owned(), guarded(document, permissions.clone()));
        }
    }
    Ok(found)
}
