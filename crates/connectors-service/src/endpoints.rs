//! What operators and their tools ask over HTTP: is it alive, is it ready, what does it do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use connectors_core::{Error, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::secrets::masked;
use crate::worker::Worker;

/// The media type of Prometheus' text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers until `stop` is cancelled.
///
/// # Errors
/// When the socket breaks.
pub async fn serve(worker: Arc<Worker>, listener: TcpListener, stop: CancellationToken) -> Result<()> {
    let served = axum::serve(listener, routes(worker)).with_graceful_shutdown(stop.cancelled_owned()).await;
    served.map_err(|error| Error::unexpected("the page for operators is gone").caused_by(error))
}

fn routes(worker: Arc<Worker>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(worker)
}

/// 200 while the worker looks at connectors and jobs, 503 when it has stopped to.
async fn healthz(State(worker): State<Arc<Worker>>) -> Response {
    let (is_alive, since) = (worker.is_alive(), worker.since_last_tick());
    let body = Json(json!({ "alive": is_alive, "seconds_since_last_look": since.as_secs() }));
    (status(is_alive), body).into_response()
}

/// 200 when connectors and jobs can be read; the body also names the connectors that can't reach their third parties.
async fn readyz(State(worker): State<Arc<Worker>>) -> Response {
    let error = worker.is_ready().await.err().map(|error| masked(&error));
    let body = Json(json!({
        "ready": error.is_none(), "elasticsearch": error.as_deref().unwrap_or("ok"),
        "connectors_in_error": worker.connectors_in_error(),
    }));
    (status(error.is_none()), body).into_response()
}

async fn metrics(State(worker): State<Arc<Worker>>) -> Response {
    match worker.metrics() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn status(is_good: bool) -> StatusCode {
    if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
