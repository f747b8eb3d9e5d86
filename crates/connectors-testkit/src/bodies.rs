//! Documents with the bodies that their source lists them without.

use std::collections::BTreeSet;

use connectors_core::{Document, Error, Found, Result, Rules, Source, Unlisted};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

/// Documents of one question, as many as a sync asks for at a time.
const AT_ONCE: usize = 500;

/// The listing of a source, in which each document has its body: those listed without are looked up, as a sync does for those that
/// it has to send. A document without an answer is an error in its place, one that is gone meanwhile is left out.
pub(crate) fn with_bodies<'a>(source: &'a dyn Source, rules: &'a Rules) -> BoxStream<'a, Result<Document>> {
    let whole = move |listed| whole(source, rules, listed);
    source.documents(rules).chunks(AT_ONCE).then(whole).flat_map(stream::iter).boxed()
}

async fn whole(source: &dyn Source, rules: &Rules, listed: Vec<Result<Document>>) -> Vec<Result<Document>> {
    let is_wanted = |listed: &Result<Document>| listed.as_ref().is_ok_and(Document::is_looked_up);
    let (wanted, mut all): (Vec<_>, Vec<_>) = listed.into_iter().partition(is_wanted);
    let wanted: Vec<Unlisted> = wanted.iter().flatten().map(unlisted).collect();
    if !wanted.is_empty() {
        all.extend(looked_up(source, rules, &wanted).await);
    }
    all
}

fn unlisted(document: &Document) -> Unlisted {
    Unlisted { id: document.id().clone(), scope: document.lies_in().map(str::to_owned) }
}

async fn looked_up(source: &dyn Source, rules: &Rules, wanted: &[Unlisted]) -> Vec<Result<Document>> {
    let Some(lookup) = source.lookup() else {
        return vec![Err(Error::unexpected("documents are listed without bodies, and can't be looked up"))];
    };
    let mut unanswered: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.id.as_str()).collect();
    let mut all = Vec::with_capacity(wanted.len());
    let mut found = lookup.look_up(wanted, rules);
    while let Some(answer) = found.next().await {
        match answer {
            Ok(Found::Gone(id)) => drop(unanswered.remove(id.as_str())),
            Ok(Found::There(document)) => {
                unanswered.remove(document.id().as_str());
                all.push(Ok(document));
            }
            Err(error) => all.push(Err(error)),
        }
    }
    if all.iter().all(Result::is_ok) {
        let left_out =
            |id| Err(Error::unexpected("a lookup gave no answer for a document").with("document", id));
        all.extend(unanswered.into_iter().map(left_out));
    }
    all
}

#[cfg(test)]
mod tests;
