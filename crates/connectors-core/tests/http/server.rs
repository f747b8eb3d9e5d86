//! A server that answers by a closure and notes what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use connectors_core::{Clock, Context, Http, Limits, Retry};
use std::time::Duration;
use url::Url;

/// What the server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Counted from 0.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

type Answer = dyn Fn(&Call) -> Response<Body> + Send + Sync;

pub(crate) struct Server {
    pub(crate) url: Url,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Call) -> Response<Body> + Send + Sync + 'static) -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let (answer, noted): (Arc<Answer>, _) = (Arc::new(answer), calls.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (answer, noted) = (answer.clone(), noted.clone());
            async move {
                let mut call = read(request).await;
                call.number = noted.lock().unwrap().len();
                noted.lock().unwrap().push(call.clone());
                answer(&call)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> Http {
        context().http(&self.url).unwrap()
    }
}

async fn read(request: Request) -> Call {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let query = head.uri.query().unwrap_or_default();
    Call {
        number: 0,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A context whose waits are short.
pub(crate) fn context() -> Context {
    let retry =
        Retry { initial: Duration::from_millis(1), longest: Duration::from_millis(2), ..Retry::default() };
    Context { limits: Limits { retry, ..Limits::default() }, ..Context::default() }
}

pub(crate) fn context_with(clock: Clock) -> Context {
    Context { clock, ..context() }
}

pub(crate) fn status(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let body: Bytes = body.into();
    Response::builder().status(StatusCode::from_u16(status).unwrap()).body(body.into()).unwrap()
}

pub(crate) fn with(status: u16, name: &str, value: &str) -> Response<Body> {
    Response::builder().status(status).header(name, value).body(Body::empty()).unwrap()
}
