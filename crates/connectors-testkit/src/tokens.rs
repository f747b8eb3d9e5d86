//! Who may ask a server of a test's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use url::form_urlencoded;

/// The tokens of a server, granted by OAuth to clients that know its secret. Each is worth nothing after so many requests, so that a
/// source that does not renew it fails.
#[derive(Clone)]
pub struct Tokens(Arc<Mutex<Granted>>);

struct Granted {
    secret: &'static str,
    uses: usize,
    /// What every token begins with.
    prefix: &'static str,
    /// Each client, and whether it may read.
    clients: HashMap<&'static str, bool>,
    /// Tokens by how often they may still be used, and whether they may read.
    left: HashMap<String, (usize, bool)>,
}

impl Tokens {
    /// Tokens that begin with `prefix` and last for `uses` requests, for whoever knows `secret`.
    #[must_use]
    pub fn new((secret, prefix): (&'static str, &'static str), uses: usize) -> Self {
        let (clients, left) = (HashMap::new(), HashMap::new());
        Self(Arc::new(Mutex::new(Granted { secret, uses, prefix, clients, left })))
    }

    /// Knows a client that may read.
    #[must_use]
    pub fn reader(self, client: &'static str) -> Self {
        self.granted().clients.insert(client, true);
        self
    }

    /// Knows a client that may not, whose requests are answered with 403.
    #[must_use]
    pub fn guest(self, client: &'static str) -> Self {
        self.granted().clients.insert(client, false);
        self
    }

    /// Puts a router behind the tokens, which are granted at `path`: what comes without a good one is answered with 401.
    pub fn guard(self, path: &str, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), judge)).route(path, post(grant).with_state(self))
    }

    fn granted(&self) -> MutexGuard<'_, Granted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn grant(State(tokens): State<Tokens>, form: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let given = |name| form.get(name).map_or("", String::as_str);
    let mut granted = tokens.granted();
    match granted
        .clients
        .get(given("client_id"))
        .copied()
        .filter(|_| given("client_secret") == granted.secret)
    {
        Some(may_read) => {
            let token = format!("{}{}", granted.prefix, granted.left.len());
            let uses = granted.uses;
            granted.left.insert(token.clone(), (uses, may_read));
            Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600})).into_response()
        }
        None => (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response(),
    }
}

async fn judge(State(tokens): State<Tokens>, request: Request, next: Next) -> Response {
    let header = request.headers().get("authorization").and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let may_read = tokens.granted().left.get_mut(token).and_then(|(uses, may_read)| {
        *uses = uses.saturating_sub(1);
        (*uses > 0).then_some(*may_read)
    });
    match may_read {
        Some(true) => next.run(request).await,
        Some(false) => (StatusCode::FORBIDDEN, "a right is needed").into_response(),
        None => (StatusCode::UNAUTHORIZED, "the token is not good, or not any more").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;
    use crate::Service;

    #[tokio::test]
    async fn a_token_is_granted_for_the_secret_counts_its_uses_and_tells_readers_from_guests() {
        let tokens = Tokens::new(("s3cret", "t0ken-"), 3).reader("me").guest("guest");
        let service =
            Service::start(tokens.guard("/token", Router::new().route("/", get(|| async { "in" }))))
                .await
                .unwrap();
        let http = reqwest::Client::new();
        let ask = async |client: &str, secret: &str| {
            let form = [("client_id", client), ("client_secret", secret)];
            let answer = http.post(format!("{}/token", service.url())).form(&form).send().await.unwrap();
            let status = answer.status().as_u16();
            let granted: serde_json::Value = answer.json().await.unwrap();
            (status, granted["access_token"].as_str().unwrap_or_default().to_owned())
        };
        let read = async |token: &str| {
            http.get(service.url()).bearer_auth(token).send().await.unwrap().status().as_u16()
        };
        for (client, secret) in [("me", "other"), ("nobody", "s3cret")] {
            assert_eq!(ask(client, secret).await, (401, String::new()), "{client}");
        }
        let (me, guest) = (ask("me", "s3cret").await.1, ask("guest", "s3cret").await.1);
        assert!(me.starts_with("t0ken-") && me != guest, "{me} {guest}");
        assert_eq!((read("t0ken-9").await, read(&guest).await), (401, 403));
        assert_eq!([read(&me).await, read(&me).await, read(&me).await], [200, 200, 401]);
    }
}
