//! What is there under ids.

use connectors_core::Result;
use futures::TryStreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Client;
use super::graphql::{Answer, Connection, Problem};
use super::model::{Actor, Item, Node};
use super::queries::{self, List};

#[derive(Deserialize)]
struct Found {
    viewer: Actor,
    nodes: Vec<Option<Node>>,
}

/// The token's owner, and for each id what is there, none where nothing is, or why that can't be told.
pub(crate) struct Answers {
    pub(crate) viewer: String,
    pub(crate) nodes: Vec<Result<Option<Node>>>,
}

impl Client {
    /// What is there under each of at most 100 ids, whole.
    ///
    /// # Errors
    /// When the question as a whole was not answered.
    pub(crate) async fn nodes(&self, ids: &[&str]) -> Result<Answers> {
        let answer: Answer<Found> = self.query(&queries::bodies(), &json!({"ids": ids})).await?;
        let (data, problems) = answer.parts()?;
        if let Some(problem) = problems.iter().find(|problem| problem.index(&["nodes"]).is_none()) {
            return Err(problem.error());
        }
        let mut found: Vec<Option<Node>> = data.nodes;
        found.resize_with(ids.len(), || None);
        let mut nodes = Vec::with_capacity(found.len());
        for (index, node) in found.into_iter().enumerate() {
            let problem = problems.iter().find(|problem| problem.index(&["nodes"]) == Some(index));
            nodes.push(self.node(node, problem).await);
        }
        Ok(Answers { viewer: data.viewer.login, nodes })
    }

    async fn node(&self, node: Option<Node>, problem: Option<&Problem>) -> Result<Option<Node>> {
        match (node, problem) {
            (None, Some(problem)) if problem.is_missing() => Ok(None),
            (_, Some(problem)) => Err(problem.error()),
            (None, None) => Err(connectors_core::Error::transient("GitHub left an entry of its answer out")),
            (Some(mut node), None) => {
                if let Node::Issue(item) | Node::PullRequest(item) = &mut node {
                    self.complete(item).await?;
                }
                Ok(Some(node))
            }
        }
    }

    /// Reads on where a list of an issue or pull request is longer than its first page.
    async fn complete(&self, item: &mut Item) -> Result<()> {
        let id = &item.id;
        self.read_on(List::Comments, id, &mut item.comments).await?;
        self.read_on(List::Assignees, id, &mut item.assignees).await?;
        if let Some(labels) = &mut item.labels {
            self.read_on(List::Labels, id, labels).await?;
        }
        if let Some(requests) = &mut item.review_requests {
            self.read_on(List::ReviewRequests, id, requests).await?;
        }
        let Some(reviews) = &mut item.reviews else { return Ok(()) };
        self.read_on(List::Reviews, id, reviews).await?;
        for review in reviews.nodes.iter_mut().flatten() {
            self.read_on(List::ReviewComments, &review.id, &mut review.comments).await?;
        }
        Ok(())
    }

    async fn read_on<T: DeserializeOwned + Send>(
        &self,
        list: List,
        id: &str,
        first: &mut Connection<T>,
    ) -> Result<()> {
        if let Some(after) = first.next()? {
            let rest: Vec<T> = self.rest(&list.rest(), id, Some(&after)).try_collect().await?;
            first.nodes.extend(rest.into_iter().map(Some));
        }
        Ok(())
    }
}
