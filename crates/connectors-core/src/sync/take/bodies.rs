//! Documents that were listed without their bodies: the source is asked for those that have to be sent, many at a time.

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::lookup::ask;
use crate::sync::job::Job;
use crate::{Document, Error, Found, Result, Unlisted};

/// Documents of one question.
const AT_ONCE: usize = 500;

/// Documents that wait for their bodies.
#[derive(Default)]
pub(super) struct Bodies {
    wanted: Vec<Unlisted>,
}

/// The answer to what was asked for.
pub(super) enum Answer {
    /// The document, with its body.
    Whole(Document),
    /// It was deleted after it was listed.
    Gone(Unlisted),
    /// The source could not tell, and why.
    Unknown(Unlisted, String),
}

impl Bodies {
    /// Adds a document; true once there are enough for a question.
    pub(super) fn add(&mut self, document: &Document) -> bool {
        self.wanted.push(unlisted(document));
        self.wanted.len() >= AT_ONCE
    }

    /// Asks for all that wait.
    pub(super) async fn ask(&mut self, job: &Job<'_>) -> Vec<Answer> {
        let wanted = std::mem::take(&mut self.wanted);
        if wanted.is_empty() { Vec::new() } else { answers(job, wanted).await }
    }

    /// Gives up what waits, after an error; the number of documents.
    pub(super) fn abandon(&mut self) -> u64 {
        std::mem::take(&mut self.wanted).len() as u64
    }
}

fn unlisted(document: &Document) -> Unlisted {
    Unlisted { id: document.0.id.clone(), scope: document.0.scope.as_deref().map(str::to_owned) }
}

/// One answer for each document, in the order of the question.
async fn answers(job: &Job<'_>, wanted: Vec<Unlisted>) -> Vec<Answer> {
    let (found, errors) = match job.source.lookup() {
        Some(lookup) => ask(job, lookup, &wanted).await,
        None => (
            Vec::new(),
            vec![Error::unexpected("the source lists documents without bodies, and can't look them up")],
        ),
    };
    let reason =
        errors.first().map_or_else(|| "the source gave no answer for it".to_owned(), Error::to_string);
    let mut found: HashMap<String, Found> =
        found.into_iter().map(|found| (id_of(&found).to_owned(), found)).collect();
    let answer = |wanted: Unlisted| match found.remove(wanted.id.as_str()) {
        Some(Found::There(document)) => Answer::Whole(document),
        Some(Found::Gone(_)) => Answer::Gone(wanted),
        None => Answer::Unknown(wanted, reason.clone()),
    };
    wanted.into_iter().map(answer).collect()
}

fn id_of(found: &Found) -> &str {
    match found {
        Found::There(document) => document.id().as_str(),
        Found::Gone(id) => id.as_str(),
    }
}

/// A listing with the bodies of those documents that `are_wanted`; what could not be looked up is an error in its place, and
/// what was deleted meanwhile is left out.
pub(crate) fn with_bodies<'a>(
    job: &'a Job<'a>,
    listing: BoxStream<'a, Result<Document>>,
    are_wanted: impl Fn(&Document) -> bool + Send + Sync + Copy + 'a,
) -> BoxStream<'a, Result<Document>> {
    let whole = move |listed| whole(job, listed, are_wanted);
    listing.ready_chunks(AT_ONCE).then(whole).flat_map(stream::iter).boxed()
}

async fn whole(
    job: &Job<'_>,
    listed: Vec<Result<Document>>,
    are_wanted: impl Fn(&Document) -> bool,
) -> Vec<Result<Document>> {
    let is_wanted = |listed: &Result<Document>| {
        listed.as_ref().is_ok_and(|document| document.0.body.is_looked_up() && are_wanted(document))
    };
    let (wanted, mut all): (Vec<_>, Vec<_>) = listed.into_iter().partition(is_wanted);
    let wanted: Vec<Unlisted> = wanted.iter().flatten().map(unlisted).collect();
    if wanted.is_empty() {
        return all;
    }
    all.extend(answers(job, wanted).await.into_iter().filter_map(|answer| match answer {
        Answer::Whole(document) => Some(Ok(document)),
        Answer::Gone(_) => None,
        Answer::Unknown(wanted, reason) => {
            Some(Err(Error::transient(reason).with("document", wanted.id.as_str())))
        }
    }));
    all
}
