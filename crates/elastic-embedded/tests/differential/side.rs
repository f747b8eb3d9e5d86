//! A server that requests are sent to.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::requests::{Manner, Request};
use crate::targets::{alias, second};
use crate::world::Bulk;

/// As many pages are turned at most.
const PAGES: usize = 40;

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Embedded,
    Elasticsearch,
    OpenSearch,
}

/// An answer as a client sees it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) product: Product,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// True if there was an index in which nothing can match, and which was not looked into.
    pub(crate) fn skipped(&self) -> bool {
        self.body["_shards"]["skipped"].as_u64().is_some_and(|skipped| skipped > 0)
    }

    /// True if not as many hits came as were found, though all were asked for: OpenSearch loses hits that have no value to
    /// be sorted by, and counts some twice or not at all.
    pub(crate) fn lost_hits(&self, request: &Request) -> bool {
        let shown = self.body["hits"]["hits"].as_array().map_or(0, Vec::len) as u64;
        let (found, size) = (self.body["hits"]["total"]["value"].as_u64(), request.body["size"].as_u64());
        let from = request.body["from"].as_u64().unwrap_or(0);
        self.product == Product::OpenSearch
            && found.zip(size).is_some_and(|(found, size)| shown != size.min(found.saturating_sub(from)))
    }

    /// True if nothing, or not all that was asked for, was answered.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status >= 400 || self.body["_shards"]["failed"].as_u64().is_some_and(|failed| failed > 0)
    }
}

/// A server.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) product: Product,
    pub(crate) url: String,
    client: Client,
}

impl Side {
    /// The server at an address.
    pub(crate) async fn at(url: &str) -> Self {
        let side = Side {
            product: Product::Embedded,
            url: url.trim_end_matches('/').to_owned(),
            client: Client::new(),
        };
        let nodes = side.send(Method::GET, "/_nodes/_local", None).await.body;
        let node = nodes["nodes"].as_object().and_then(|nodes| nodes.values().next()).cloned();
        let product = match node.unwrap_or_default()["build_flavor"].as_str() {
            Some("elastic-embedded") => Product::Embedded,
            Some(_) => Product::Elasticsearch,
            None => Product::OpenSearch,
        };
        Side { product, ..side }
    }

    async fn send(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Answer {
            product: self.product,
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// Creates the indices again and writes their documents; the answers to the bulks.
    pub(crate) async fn fill(&self, index: &str, (body, bulks): (&Value, &[Bulk])) -> Vec<Answer> {
        self.remove(index).await;
        let mut body = body.clone();
        body["aliases"] = json!({alias(index): {}});
        for name in [index, &second(index)] {
            let made = self.send(Method::PUT, &format!("/{name}"), Some(body.to_string())).await;
            assert_eq!(made.status, 200, "{:?}: {}", self.product, made.body);
        }
        let mut answers = Vec::new();
        for bulk in bulks {
            let lines: String = bulk.iter().flatten().map(|line| format!("{line}\n")).collect();
            answers.push(self.send(Method::POST, &format!("/{index}/_bulk?refresh=true"), Some(lines)).await);
        }
        answers
    }

    pub(crate) async fn ask(&self, index: &str, request: &Request) -> Answer {
        if request.manner == Manner::Paged {
            return self.paged(index, request).await;
        }
        let (names, parameters) = request.target.names(index);
        let join = match (parameters, request.path.contains('?')) {
            ("", _) => "",
            (_, true) => "&",
            (_, false) => "?",
        };
        let path = format!("/{names}/{}{join}{parameters}", request.path);
        let body = (!request.body.is_null()).then(|| request.body.to_string());
        let method = if body.is_some() { Method::POST } else { Method::GET };
        self.send(method, &path, body).await
    }

    /// The hits of all pages in one answer.
    async fn paged(&self, index: &str, request: &Request) -> Answer {
        let (names, parameters) = request.target.names(index);
        let open = format!("/{names}/_pit?keep_alive=1m&{parameters}");
        let opened = self.send(Method::POST, open.trim_end_matches('&'), None).await;
        let Some(id) = opened.body["id"].as_str().filter(|_| !opened.is_refusal()) else { return opened };
        let mut body = request.body.clone();
        body["pit"] = json!({"id": id, "keep_alive": "1m"});
        let path = format!("/{}", request.path);
        let mut whole = self.send(Method::POST, &path, Some(body.to_string())).await;
        for _ in 0..PAGES {
            let hits = whole.body["hits"]["hits"].as_array();
            let Some(sort) = hits.and_then(|hits| hits.last()).map(|hit| hit["sort"].clone()) else { break };
            body["search_after"] = sort;
            let page = self.send(Method::POST, &path, Some(body.to_string())).await;
            let more = page.body["hits"]["hits"].as_array().cloned().unwrap_or_default();
            if page.is_refusal() || more.is_empty() {
                whole.status = whole.status.max(page.status);
                break;
            }
            whole.body["hits"]["hits"].as_array_mut().unwrap().extend(more);
        }
        self.send(Method::DELETE, "/_pit", Some(json!({"id": id}).to_string())).await;
        // The last value is the server's own place of the hit.
        for hit in whole.body["hits"]["hits"].as_array_mut().into_iter().flatten() {
            if let Some(sort) = hit["sort"].as_array_mut() {
                sort.truncate(request.criteria());
            }
        }
        whole
    }

    pub(crate) async fn remove(&self, index: &str) {
        for name in [index, &second(index)] {
            self.send(Method::DELETE, &format!("/{name}"), None).await;
        }
    }
}
