//! Each fault on each call: what is listed is right, and what is not lies in the scope of an error.

use serde_json::json;

use crate::server::{Fault, Server};
use crate::support::{Read, connect, settings, small, with};

/// Faults that pass when the same is asked again.
const PASSING: [Fault; 6] = [
    Fault::Limited,
    Fault::Secondary,
    Fault::RateLimited,
    Fault::Half,
    Fault::Status(429),
    Fault::Status(500),
];
/// Faults that stay.
const LASTING: [Fault; 4] = [Fault::Status(401), Fault::Status(403), Fault::Status(404), Fault::Html];

/// What a whole listing reads, and the number of its calls.
async fn whole(server: &Server) -> (Read, usize) {
    let connection = connect(&settings(server));
    let before = server.all().calls.all;
    let read = Read::of(&*connection).await;
    assert!(
        read.errors.is_empty() && read.gone.is_empty() && read.unanswered.is_empty(),
        "{:?}",
        read.errors
    );
    (read, server.all().calls.all - before)
}

/// The listing with a fault on calls from this number on, counted from its beginning.
async fn faulty(server: &Server, call: usize, (count, fault): (usize, Fault)) -> Read {
    let begin = server.all().calls.all + call;
    server.all().faults = vec![(begin..begin.saturating_add(count), fault)];
    let read = Read::of(&*connect(&settings(server))).await;
    server.all().faults.clear();
    read
}

/// True where a scope is one of those that errors name, or lies below it, or where an error names none.
fn is_covered(read: &Read, scope: &str) -> bool {
    read.errors.iter().any(|error| {
        error.scope().is_none_or(|failed| {
            scope.strip_prefix(failed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    })
}

/// Nothing wrong is listed, nothing is told to be gone, and what is missing is in the scope of an error.
fn is_sound(read: &Read, whole: &Read, what: &str) {
    assert!(read.gone.is_empty(), "{what}: told to be gone: {:?}", read.gone);
    for (id, document) in &read.documents {
        assert_eq!(whole.documents.get(id), Some(document), "{what}");
    }
    for (id, (scope, _)) in &whole.documents {
        let is_told =
            read.documents.contains_key(id) || (read.unanswered.contains_key(id) && !read.errors.is_empty());
        assert!(is_told || is_covered(read, scope), "{what}: {id} is missing, errors: {:?}", read.errors);
    }
}

#[tokio::test]
async fn a_fault_that_passes_loses_nothing_whichever_call_it_hits() {
    let server = small().await;
    let (all, calls) = whole(&server).await;
    for fault in PASSING {
        for call in 0..calls {
            let read = faulty(&server, call, (1, fault)).await;
            let what = format!("{fault:?} on call {call} of {calls}");
            assert!(read.errors.is_empty(), "{what}: {:?}", read.errors);
            assert_eq!(read.documents, all.documents, "{what}");
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_an_error_about_what_is_missing_whichever_call_it_hits() {
    let server = small().await;
    let (all, calls) = whole(&server).await;
    for (count, faults) in [(1, &LASTING[..]), (usize::MAX, &LASTING[..]), (usize::MAX, &PASSING[..])] {
        for fault in faults {
            for call in 0..calls {
                let read = faulty(&server, call, (count, *fault)).await;
                let what = format!("{fault:?} on {count} calls from {call} of {calls} on");
                // A question that is asked again in halves may be answered then.
                assert!(!read.errors.is_empty() || read.documents == all.documents, "{what}: no error");
                is_sound(&read, &all, &what);
            }
        }
    }
    assert_eq!(whole(&server).await.0.documents, all.documents, "afterwards all is there again");
}

#[tokio::test]
async fn a_token_of_an_app_that_ends_is_renewed_whichever_call_it_hits() {
    let server = small().await;
    let (all, calls) = whole(&server).await;
    let key = include_str!("../../../connectors-core/src/http/assertion/rsa.pem");
    let app = with(&server, json!({"auth_method": "github_app", "app_id": 7, "private_key": key}));
    // Two calls for the token come before those of the listing.
    for call in 0..calls + 2 {
        let begin = server.all().calls.all + call;
        server.all().faults = vec![(begin..begin + 1, Fault::TokenEnds)];
        let read = Read::of(&*connect(&app)).await;
        assert!(read.errors.is_empty(), "call {call}: {:?}", read.errors);
        assert_eq!(read.documents, all.documents, "call {call}");
    }
    assert!(server.all().given > calls, "{} tokens were given", server.all().given);
}
