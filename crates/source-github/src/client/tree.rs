//! The files of a repository, as one commit has them.

use connectors_core::http::segment;
use connectors_core::{Error, Result};
use futures::stream::{self, Stream, TryStreamExt};
use serde::Deserialize;

use super::Client;

/// The mode of symbolic links.
const LINK: &str = "120000";

#[derive(Deserialize)]
struct Tree {
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

/// An entry of a tree.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) mode: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) sha: String,
    pub(crate) size: Option<u64>,
}

/// A part of a tree that is still to be read.
struct Part {
    prefix: String,
    sha: String,
    /// Whether all below it is asked for at once.
    is_deep: bool,
}

impl Client {
    /// Every file of a commit. A tree that is too large for one answer is read part by part.
    pub(crate) fn files(
        &self,
        repository: &str,
        commit: &str,
    ) -> impl Stream<Item = Result<Entry>> + Send + use<'_> {
        let first = Part { prefix: String::new(), sha: commit.to_owned(), is_deep: true };
        let repository = repository.to_owned();
        let parts = stream::try_unfold((vec![first], repository), move |(mut left, repository)| async move {
            let Some(part) = left.pop() else { return Ok::<_, Error>(None) };
            let files = self.part(&repository, part, &mut left).await?;
            Ok(Some((stream::iter(files.into_iter().map(Ok)), (left, repository))))
        });
        parts.try_flatten()
    }

    /// The files of a part; what has to be read besides is added to `left`.
    async fn part(&self, repository: &str, part: Part, left: &mut Vec<Part>) -> Result<Vec<Entry>> {
        let path = format!("{}/git/trees/{}", self.path_of(repository), segment(&part.sha));
        let request = self.http.get(path);
        let request = if part.is_deep { request.query(&[("recursive", 1)]) } else { request };
        let Tree { tree, truncated } = request.json().await?;
        if truncated && part.is_deep {
            left.push(Part { is_deep: false, ..part });
            return Ok(Vec::new());
        }
        if truncated {
            let what = "a folder has more entries than GitHub lists";
            return Err(Error::unexpected(what).with("folder", part.prefix));
        }
        let (mut files, mut folders) = (Vec::with_capacity(tree.len()), Vec::new());
        for mut entry in tree {
            entry.path.insert_str(0, &part.prefix);
            match entry.kind.as_str() {
                "blob" if entry.mode != LINK => files.push(entry),
                "tree" if !part.is_deep => folders.push(entry),
                _ => {}
            }
        }
        let below =
            |folder: Entry| Part { prefix: format!("{}/", folder.path), sha: folder.sha, is_deep: true };
        left.extend(folders.into_iter().map(below));
        Ok(files)
    }
}
