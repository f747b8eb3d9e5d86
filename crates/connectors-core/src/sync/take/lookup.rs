//! Documents that a source is asked for by id.

use std::collections::HashSet;

use futures::StreamExt;

use crate::panics::caught_stream;
use crate::sync::accounts::Report;
use crate::sync::job::Job;
use crate::sync::patience::within;
use crate::{Document, Error, Found, Lookup, Unlisted};

/// What a source holds of some documents.
#[derive(Default)]
pub(crate) struct Answers {
    /// The documents that are there.
    pub(crate) there: Vec<Document>,
    /// The ids of those that are not there, or that the rules leave out.
    pub(crate) gone: HashSet<String>,
}

/// Asks a source for documents; errors go into the report, and documents without an answer are in neither list.
pub(crate) async fn look_up(
    job: &Job<'_>,
    lookup: &dyn Lookup,
    wanted: &[Unlisted],
    report: &mut Report,
) -> Answers {
    let mut answers = Answers::default();
    let (found, errors) = ask(job, lookup, wanted).await;
    found.into_iter().for_each(|found| answers.add(found, job));
    errors.iter().for_each(|error| report.note(error));
    answers
}

/// Asks a source for documents: what it answers, and why there is no answer about others.
pub(super) async fn ask(job: &Job<'_>, lookup: &dyn Lookup, wanted: &[Unlisted]) -> (Vec<Found>, Vec<Error>) {
    let (mut answers, mut errors) = (Vec::with_capacity(wanted.len()), Vec::new());
    let mut found = caught_stream(|| lookup.look_up(wanted, job.rules));
    loop {
        let next = within(job.context, "what it holds under some ids", async { Ok(found.next().await) });
        let next = tokio::select! {
            next = next => next,
            () = job.cancel.cancelled() => Err(Error::transient("the source was asked no more: a stop was asked for")),
        };
        match next {
            Ok(Some(Ok(found))) => answers.push(found),
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "the source could not be asked for a document");
                errors.push(error);
            }
            Ok(None) => return (answers, errors),
            Err(error) => {
                errors.push(error);
                return (answers, errors);
            }
        }
    }
}

impl Answers {
    fn add(&mut self, found: Found, job: &Job<'_>) {
        let answer = match found {
            Found::Gone(id) => Err(id),
            Found::There(document) => job.rules.basic.filter(document),
        };
        match answer {
            Ok(document) => self.there.push(document),
            Err(id) => drop(self.gone.insert(id.into_string())),
        }
    }
}
