use async_trait::async_trait;
use connectors_core::{Body, Lookup};

use super::*;

/// Lists `a` whole and four documents without bodies, and answers for them as their names say.
struct Lean {
    looks_up: bool,
    fails: bool,
}

#[async_trait]
impl Source for Lean {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        let lean = |id: &str| Document::new(id).version(1).scope("s").body(Body::looked_up());
        let all = ["there", "gone", "silent"].map(|id| Ok(lean(id)));
        stream::iter([Ok(Document::new("a"))].into_iter().chain(all)).boxed()
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        self.looks_up.then_some(self)
    }
}

impl Lookup for Lean {
    fn look_up<'a>(&'a self, wanted: &'a [Unlisted], _: &'a Rules) -> BoxStream<'a, Result<Found>> {
        let answer = |wanted: &Unlisted| match (wanted.id.as_str(), self.fails) {
            ("there", _) => Some(Ok(Found::There(Document::new("there").version(1).scope("s")))),
            ("gone", _) => Some(Ok(Found::Gone(wanted.id.clone()))),
            (_, true) => Some(Err(Error::transient("not now"))),
            _ => None,
        };
        assert!(wanted.iter().all(|wanted| wanted.scope.as_deref() == Some("s")));
        stream::iter(wanted.iter().filter_map(answer)).boxed()
    }
}

async fn told(source: Lean) -> Vec<String> {
    let listed = with_bodies(&source, &Rules::NONE).collect::<Vec<_>>().await;
    let text = |listed: Result<Document>| match listed {
        Ok(document) => document.id().as_str().to_owned(),
        Err(error) => error.to_string(),
    };
    listed.into_iter().map(text).collect()
}

#[tokio::test]
async fn documents_are_looked_up_and_what_has_no_answer_is_an_error() {
    for (looks_up, fails, expected) in [
        (true, false, vec!["a", "there", "a lookup gave no answer for a document (document: silent)"]),
        (true, true, vec!["a", "there", "not now"]),
        (false, false, vec!["a", "documents are listed without bodies, and can't be looked up"]),
    ] {
        assert_eq!(told(Lean { looks_up, fails }).await, expected);
    }
}
