//! Plays the scenarios of `tests/scenarios` against the embedded server, and against the real servers
//! whose URLs stand in `CONNECTORS_SCENARIO_URLS`, comma between them.

#[cfg(test)]
#[path = "support/scenario.rs"]
mod scenario;

use elastic_embedded::{Options, Server};
use scenario::{Engine, load, play};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_server_answers_as_the_scenarios_say() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let engine = Engine::of(&server.url()).await;
    let failures = play(&engine, &load()).await;
    server.stop().await.unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test]
async fn real_servers_answer_as_the_scenarios_say() {
    let urls = std::env::var("CONNECTORS_SCENARIO_URLS").unwrap_or_default();
    let mut failures = Vec::new();
    for url in urls.split(',').map(str::trim).filter(|url| !url.is_empty()) {
        failures.extend(play(&Engine::of(url).await, &load()).await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
