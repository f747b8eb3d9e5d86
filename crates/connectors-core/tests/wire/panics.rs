//! A panic in a source is an error of what was asked for: a document, or the sync.

use async_trait::async_trait;
use connectors_core::sync::{Stage, Status};
use connectors_core::{Body, Content, Document, FieldSpec, Result, Rules, Source};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use crate::support::{INDEX, World, accounts};
use connectors_core::sync::full;

/// Where it panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ping,
    Fields,
    Listing,
    Item,
    Body,
    Opening,
    Reading,
}

struct Faulty(Place);

impl Faulty {
    fn at(&self, place: Place) {
        assert!(self.0 != place, "boom at {place:?}");
    }

    fn document(&self, number: usize) -> Document {
        let (place, is_hit) = (self.0, number == 1);
        let document = Document::new(format!("d{number}")).version(number as u64);
        let fault = move |here: Place| assert!(!is_hit || place != here, "boom at {here:?}");
        let body = Body::lazy(move || {
            fault(Place::Body);
            json!({ "n": number })
        });
        document.body(body).content(Content::new("a.txt", None, move || async move {
            fault(Place::Opening);
            let pieces = stream::once(async move {
                fault(Place::Reading);
                Ok("text".into())
            });
            Ok(pieces.boxed())
        }))
    }
}

#[async_trait]
impl Source for Faulty {
    async fn ping(&self) -> Result<()> {
        self.at(Place::Ping);
        Ok(())
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        self.at(Place::Fields);
        Ok(Vec::new())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.at(Place::Listing);
        let item = |number| {
            if number == 2 {
                self.at(Place::Item);
            }
            Ok(self.document(number))
        };
        stream::iter(0..3).map(item).boxed()
    }
}

#[tokio::test]
async fn a_panic_of_a_source_is_an_error_with_its_message() {
    for place in [Place::Ping, Place::Fields, Place::Listing, Place::Item] {
        let world = World::new().await;
        let report = full(&world.job(&Faulty(place), INDEX)).await;
        assert_eq!((report.status, report.deleted), (Status::Failed, 0), "{place:?}");
        assert!(report.error.unwrap().contains(&format!("(panic: boom at {place:?})")), "{place:?}");
    }
}

#[tokio::test]
async fn a_panic_of_one_document_is_the_error_of_that_document() {
    for (place, stage, written) in [
        (Place::Body, Stage::Body, [2, 0, 0, 1, 0]),
        (Place::Opening, Stage::Content, [3, 0, 0, 0, 0]),
        (Place::Reading, Stage::Content, [3, 0, 0, 0, 0]),
    ] {
        let world = World::new().await;
        let report = full(&world.job(&Faulty(place), INDEX)).await;
        assert_eq!((report.status, accounts(&report)), (Status::Partial, written), "{place:?}: {report:?}");
        let [failure] = &world.failures().await[..] else { panic!("one failure") };
        assert_eq!((failure.id.as_str(), failure.stage), ("d1", stage));
        assert!(failure.reason.contains(&format!("boom at {place:?}")), "{}", failure.reason);
    }
}
