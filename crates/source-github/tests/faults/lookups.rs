//! What is told of documents by their ids.

use connectors_core::{Found, Result};
use serde_json::{Value, json};

use crate::server::Fault;
use crate::support::{connect, filled, item, looked_up, settings, wanted, with};
use crate::world::Kind;

/// What was found, in a word each, in the order of ids.
fn told(found: Vec<Result<Found>>) -> Vec<(String, &'static str)> {
    let mut told: Vec<_> = found
        .into_iter()
        .map(|found| match found {
            Ok(Found::There(document)) => (document.id().as_str().to_owned(), "there"),
            Ok(Found::Gone(id)) => (id.into_string(), "gone"),
            Err(error) => (error.scope().unwrap_or_default().to_owned(), "error"),
        })
        .collect();
    told.sort();
    told
}

fn of(told: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    told.iter().map(|(id, word)| ((*id).to_owned(), *word)).collect()
}

#[tokio::test]
async fn documents_are_there_or_gone_whatever_they_are() {
    let server = filled(90).await;
    let file = (0..90).map(item).find(|item| item.kind() == Kind::File).unwrap();
    let gone = (file.number + 1..90).map(item).find(|item| item.kind() == Kind::File).unwrap();
    {
        let mut all = server.all();
        [1, gone.number].iter().for_each(|number| all.world.remove(*number));
    }
    let scope = |number: usize| format!("acme/repo-{number}/files");
    let ids = [
        wanted("I_0000000", "acme/repo-0/issues"),
        wanted("I_0000001", "acme/repo-1/issues"),
        wanted("PR_0000015", ""),
        wanted("R_2", "acme/repo-2"),
        wanted("R_9", "acme/repo-9"),
        wanted("PR_0000000", "acme/repo-0/pulls"),
        wanted(&file.id(), &scope(file.repository())),
        wanted(&gone.id(), &scope(gone.repository())),
        wanted("Acme/Repo-9/README.md", &scope(9)),
        wanted("Acme/Repo-0/lost.md", ""),
    ];
    let expected = |files| {
        let mut expected = of(&[
            ("I_0000000", "there"),
            ("I_0000001", "gone"),
            ("PR_0000015", "there"),
            ("R_2", "there"),
            ("R_9", "gone"),
            ("PR_0000000", "gone"),
            (&file.id(), files),
            (&gone.id(), "gone"),
            ("Acme/Repo-9/README.md", "gone"),
            ("Acme/Repo-0/lost.md", "gone"),
        ]);
        expected.sort();
        expected
    };
    assert_eq!(told(looked_up(&*connect(&settings(&server)), &ids).await), expected("there"));
    let without = connect(&with(&server, json!({"files": "none"})));
    assert_eq!(told(looked_up(&*without, &ids).await), expected("gone"), "files are not read any more");
}

#[tokio::test]
async fn what_is_not_among_the_repositories_any_more_is_gone() {
    let server = filled(30).await;
    let ids = [
        wanted("R_0", "acme/repo-0"),
        wanted("R_1", "acme/repo-1"),
        wanted("I_0000000", "acme/repo-0/issues"),
        wanted("I_0000001", "acme/repo-1/issues"),
        wanted("PR_0000015", "acme/repo-0/pulls"),
        wanted("PR_0000016", "acme/repo-1/pulls"),
        wanted(&item(27).id(), "acme/repo-0/files"),
        wanted(&item(28).id(), "acme/repo-1/files"),
    ];
    let one = connect(&with(&server, json!({"repositories": "repo-0"})));
    let told = told(looked_up(&*one, &ids).await);
    for (id, word) in told {
        let is_first = ["R_0", "I_0000000", "PR_0000015"].contains(&id.as_str()) || id.contains("Repo-0");
        assert_eq!(word == "there", is_first, "{id}");
    }
}

#[tokio::test]
async fn a_question_that_is_not_answered_is_asked_in_halves_and_leaves_out_what_it_must() {
    let server = filled(90).await;
    let ids: Vec<_> = (0..12).map(|number| wanted(&item(number).id(), "acme/repo-0/issues")).collect();
    let begin = server.all().calls.all;
    // Six tries of the whole, and six of its first half.
    server.all().faults = vec![(begin..begin + 12, Fault::Status(502))];
    let found = looked_up(&*connect(&settings(&server)), &ids).await;
    assert!(found.iter().all(|found| matches!(found, Ok(Found::There(_)))), "{found:?}");
    assert_eq!(found.len(), 12);
    server.all().faults = vec![(0..usize::MAX, Fault::Status(404))];
    let found = looked_up(&*connect(&settings(&server)), &ids).await;
    assert!(matches!(&found[..], [Err(_)]), "nothing is told to be gone: {found:?}");
    let files = [wanted(&item(27).id(), "acme/repo-0/files")];
    let found = looked_up(&*connect(&settings(&server)), &files).await;
    assert_eq!(told(found), of(&[("acme/repo-0/files", "error")]));
}

#[tokio::test]
async fn lists_longer_than_a_page_are_whole() {
    let server = filled(600).await;
    let (issue, pull) = (item(97 * 3), item(89 * 6));
    assert_eq!((issue.kind(), pull.kind()), (Kind::Pull, Kind::Pull));
    let ids = [wanted(&issue.id(), "acme/repo-0/pulls"), wanted(&pull.id(), "acme/repo-0/pulls")];
    let found = looked_up(&*connect(&settings(&server)), &ids).await;
    let mut bodies: Vec<Value> = Vec::new();
    for found in found {
        let Found::There(document) = found.unwrap() else { panic!("it is there") };
        bodies.push(serde_json::from_slice(&document.into_parts().body.into_bytes().unwrap()).unwrap());
    }
    let lengths = |list: &str| bodies.iter().map(|body| body[list].as_array().unwrap().len()).max();
    assert_eq!((lengths("issue_comments"), lengths("reviews_comments")), (Some(230), Some(12)));
    let reviews = bodies.iter().flat_map(|body| body["reviews_comments"].as_array().unwrap());
    let longest = reviews.map(|review| review["comments"].as_array().unwrap().len()).max();
    assert_eq!(longest, Some(25));
}

#[tokio::test]
async fn a_server_that_is_down_is_not_asked_for_each_document() {
    let server = filled(300).await;
    server.all().faults = vec![(0..usize::MAX, Fault::Status(502))];
    let ids: Vec<_> =
        (0..100).map(|number| wanted(&format!("I_{number:07}"), "acme/repo-0/issues")).collect();
    let found = looked_up(&*connect(&settings(&server)), &ids).await;
    assert!(found.iter().all(Result::is_err), "{found:?}");
    assert!(server.all().calls.all <= 10 * 6, "six tries of at most ten questions: {:?}", server.all().calls);
}
