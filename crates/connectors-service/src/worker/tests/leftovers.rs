//! Files of marks whose indices are gone.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use connectors_core::elastic::{Request, index};

use super::gate::Gate;
use super::place::{Place, turn};
use crate::protocol::JobType;
use crate::worker::Options;

fn is_made_old(file: &Path) {
    let old = SystemTime::now() - Duration::from_secs(48 * 3600);
    File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_go_with_their_index_where_the_server_lists_all_indices() {
    let (place, folder) = (Place::new().await, tempfile::tempdir().unwrap());
    for id in ["kept", "gone"] {
        place.scripted(id).await.let_through(100);
    }
    let gate = Gate::before(&place).await;
    let options = Options { marks: Some(folder.path().to_owned()), ..Options::default() };
    let worker = place.worker_of(gate.store(0).await, options);
    turn(&worker).await;
    let mut files = Vec::new();
    for id in ["kept", "gone"] {
        place.ask(id, JobType::Full).await;
        turn(&worker).await;
        let uuid = index::uuid(place.store.client(), id).await.unwrap().unwrap();
        let file = folder.path().join(format!("{uuid}.marks"));
        is_made_old(&file);
        files.push(file);
    }
    place.store.client().call(&Request::delete("/gone")).await.unwrap();
    // Somebody who may not see every index sees more primary shards than the list has.
    gate.answer("GET /_cat/indices", 1, (200, "[]"));
    for (hours, left) in [(25, 2), (1, 2), (24, 1)] {
        place.wait(hours * 3600);
        turn(&worker).await;
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), left, "after {hours} hours");
    }
    assert!(files[0].exists() && !files[1].exists());
}
