//! Servers that stay.

use super::super::lasting::{Record, State};
use super::*;

#[tokio::test]
async fn a_server_stays_until_it_is_stopped() {
    let place = Place::new();
    let state = State::new(&place.machine, "healthy");
    assert_eq!(state.record(), Record { name: "healthy".into(), ..Record::default() });
    let (record, is_new) = state.start(&healthy(), &place.machine).await.unwrap();
    let port: u16 = record.url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(is_new && record.running && answers(port));
    assert_eq!(record.log, place.path("target/backends/healthy/server.log"));
    assert_eq!(state.start(&healthy(), &place.machine).await.unwrap(), (record.clone(), false));
    assert_eq!(state.record(), record);
    state.stop().await.unwrap();
    assert!(!answers(port) && !state.record().running);
    state.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_starts_at_once_one_finds_it_running() {
    let place = Place::new();
    let (one, other) = (State::new(&place.machine, "healthy"), State::new(&place.machine, "healthy"));
    let (first, second) = (healthy(), healthy());
    let (first, second) =
        tokio::join!(one.start(&first, &place.machine), other.start(&second, &place.machine));
    let ((first, is_first), (second, is_second)) = (first.unwrap(), second.unwrap());
    assert_eq!((first, is_first), (second, !is_second));
    one.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_start_does_not_stay() {
    let place = Place::new();
    let state = State::new(&place.machine, "broken");
    let error = state.start(&broken(), &place.machine).await.unwrap_err().to_string();
    assert!(error.ends_with("status 3 before it was ready\n    oh"), "{error}");
    assert!(!state.record().running);
}

#[tokio::test]
async fn a_record_without_a_keeper_or_a_damaged_one_counts_as_none() {
    let place = Place::new();
    let state = State::new(&place.machine, "healthy");
    let folder = place.path("target/backends/healthy");
    fs::create_dir_all(&folder).unwrap();
    let record = Record { name: "healthy".into(), running: true, ..Record::default() };
    fs::write(folder.join("server.json"), serde_json::to_string(&record).unwrap()).unwrap();
    assert!(!state.record().running);
    state.start(&healthy(), &place.machine).await.unwrap();
    fs::write(folder.join("server.json"), "{").unwrap();
    assert!(!state.record().running);
    state.stop().await.unwrap();
}

/// A server that does not start.
fn broken() -> Backend {
    Backend::new("broken", Program::named("/bin/sh"))
        .arguments("-c")
        .argument("echo oh; exit 3")
        .first_port(24_600)
}

/// What the command answers, given servers of two kinds.
async fn command(place: &Place, line: &str) -> Result<Vec<String>> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    command::run((&[healthy(), broken()], &place.machine), &words, &mut tokio::io::empty()).await
}

#[tokio::test]
async fn start_status_and_stop_tell_where_a_server_is() {
    let place = Place::new();
    let started = command(&place, "start healthy").await.unwrap();
    let log = place.path("target/backends/healthy/server.log");
    assert!(
        started[0].starts_with("healthy ") && started[0].contains(" at http://127.0.0.1:"),
        "{started:?}"
    );
    assert_eq!(command(&place, "start healthy").await.unwrap(), started);
    let told = command(&place, "status").await.unwrap();
    assert_eq!(told, [format!("{}, log {}", started[0], log.display()), "broken is not running".into()]);
    let json = command(&place, "status broken --json").await.unwrap();
    let records: Vec<Record> = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(records, [Record { name: "broken".into(), ..Record::default() }]);
    assert!(command(&place, "hold healthy").await.unwrap().is_empty(), "it runs already, and stays");
    assert!(State::new(&place.machine, "healthy").record().running);
    assert_eq!(command(&place, "stop").await.unwrap(), ["healthy is not running", "broken is not running"]);
}

#[tokio::test]
async fn where_one_does_not_start_the_others_are_stopped_again() {
    let place = Place::new();
    let error = command(&place, "start healthy broken").await.unwrap_err().to_string();
    assert_eq!(error, "broken: it ended with status 3 before it was ready\n    oh");
    assert!(!State::new(&place.machine, "healthy").record().running);
    assert!(command(&place, "hold broken").await.is_err());
    assert!(command(&place, "hold healthy").await.unwrap().is_empty(), "its input is at its end");
}

#[tokio::test]
async fn words_that_make_no_sense_are_refused() {
    let place = Place::new();
    for (line, expected) in [
        ("", "say start, stop, status or hold"),
        ("restart", "backend cannot `restart`; it can start, stop, status"),
        ("start mysql", "no backend `mysql`; there are healthy, broken"),
    ] {
        assert_eq!(command(&place, line).await.unwrap_err().to_string(), expected);
    }
}
