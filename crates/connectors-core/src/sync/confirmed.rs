//! Deletes that the source confirms: a listing alone does not prove that a document is gone.

use std::collections::HashSet;

use futures::StreamExt;

use crate::panics::caught_stream;
use crate::{Document, Error, Found, Lookup, Result, Unlisted};

use super::deletes::LeftOver;
use super::patience::within;
use super::run::Run;

impl Run<'_, '_> {
    /// Those of the left-overs that are gone. Where the source can be asked by id, what is still there is written instead, and
    /// what could not be asked for stays and is reported.
    pub(super) async fn confirmed_gone(&mut self, left_over: &[LeftOver]) -> Result<Vec<LeftOver>> {
        let Some(lookup) = self.job.source.lookup() else { return Ok(left_over.to_vec()) };
        let wanted: Vec<Unlisted> = left_over.iter().map(LeftOver::unlisted).collect();
        let (there, gone) = self.looked_up(lookup, &wanted).await;
        let answered: HashSet<String> =
            there.iter().map(|document| document.id().as_str().to_owned()).collect();
        for document in there {
            tracing::debug!(id = document.id().as_str(), "a listing missed this document");
            let hash = self.render.shape.id(document.id().as_str());
            self.document(document, hash).await?;
        }
        let (confirmed, rest): (Vec<_>, Vec<_>) =
            left_over.iter().cloned().partition(|found| gone.contains(&found.id));
        let unanswered = rest.iter().filter(|found| !answered.contains(&found.id));
        unanswered.for_each(|found| self.report.unconfirmed.add(&found.id));
        Ok(confirmed)
    }

    /// What the source holds of these, and the ids that it does not hold or that the rules leave out.
    pub(super) async fn looked_up(
        &mut self,
        lookup: &dyn Lookup,
        wanted: &[Unlisted],
    ) -> (Vec<Document>, HashSet<String>) {
        let (mut there, mut gone) = (Vec::new(), HashSet::new());
        let mut found = caught_stream(|| lookup.look_up(wanted, self.job.rules));
        loop {
            let next =
                within(self.job.context, "whether documents are gone", async { Ok(found.next().await) });
            let next = tokio::select! {
                next = next => next,
                () = self.job.cancel.cancelled() => Err(Error::transient("the source was asked no more: a stop was asked for")),
            };
            let answer = match next {
                Ok(Some(answer)) => answer,
                Ok(None) => break,
                Err(error) => {
                    self.report.note(&error);
                    break;
                }
            };
            match answer {
                Ok(Found::Gone(id)) => drop(gone.insert(id.into_string())),
                Ok(Found::There(document)) => match self.job.rules.basic.sift(document) {
                    Ok(document) => there.push(document),
                    Err(id) => drop(gone.insert(id.into_string())),
                },
                Err(error) => {
                    tracing::warn!(%error, "the source could not be asked whether a document is gone");
                    self.report.note(&error);
                }
            }
        }
        (there, gone)
    }
}
