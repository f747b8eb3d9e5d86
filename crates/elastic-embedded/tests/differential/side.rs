//! A server that requests are sent to.

use reqwest::{Client, Method};
use serde_json::Value;

use crate::requests::Request;
use crate::world::Bulk;

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

/// A server.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) product: Product,
    url: String,
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

    /// Makes an index anew and writes its documents; the answers to the bulks.
    pub(crate) async fn fill(&self, index: &str, (body, bulks): (&Value, &[Bulk])) -> Vec<Answer> {
        self.remove(index).await;
        let made = self.send(Method::PUT, &format!("/{index}"), Some(body.to_string())).await;
        assert_eq!(made.status, 200, "{:?}: {}", self.product, made.body);
        let mut answers = Vec::new();
        for bulk in bulks {
            let lines: String = bulk.iter().flatten().map(|line| format!("{line}\n")).collect();
            answers.push(self.send(Method::POST, &format!("/{index}/_bulk?refresh=true"), Some(lines)).await);
        }
        answers
    }

    pub(crate) async fn ask(&self, index: &str, request: &Request) -> Answer {
        let path = format!("/{index}/{}", request.path);
        let body = (!request.body.is_null()).then(|| request.body.to_string());
        self.send(Method::POST, &path, body).await
    }

    pub(crate) async fn remove(&self, index: &str) {
        self.send(Method::DELETE, &format!("/{index}"), None).await;
    }
}
