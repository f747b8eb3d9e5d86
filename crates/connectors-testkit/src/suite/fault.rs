//! A listing that can't be finished.

use connectors_core::{Error, Rules};

use super::changes::may_have_changed;
use super::listing::{Listing, Seen};
use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, always, ensure, promises, some};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![
        always,
        an_error_in_the_middle_never_looks_like_an_end,
        an_error_names_the_scope_that_it_is_about,
        a_listing_after_an_error_is_complete,
    ]
}

/// Either the error is reported, or the listing is whole in spite of it.
async fn an_error_in_the_middle_never_looks_like_an_end<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    // A source whose every listing fails would pass otherwise. Another connection lists, as this one remembers what it listed.
    stage.is_whole(&list(&*stage.connect()?).await?)?;
    set(stage).await?;
    let listing = Listing::read(connection.source(), &Rules::default()).await;
    let expected = stage.expected();
    if listing.errors.is_empty() {
        return same_ids(listing.ids(), expected.keys()).map_err(|broken| {
            Broken::Promise(format!("the listing broke off and ended without an error: {broken}"))
        });
    }
    ensure(!listing.documents.is_empty(), || "nothing was listed before the error in the middle".into())?;
    let unknown: Vec<_> = listing.ids().filter(|id| !expected.contains_key(*id)).collect();
    ensure(unknown.is_empty(), || format!("listed beside an error, but not there: [{}]", some(unknown)))?;
    ensure(listing.repeated.is_empty(), || format!("listed twice: [{}]", some(&listing.repeated)))?;
    may_have_changed(&*connection, "after a listing that failed").await
}

/// Whatever an error keeps from being listed lies in its scope: what lies elsewhere may be deleted. Without a scope
/// nothing may, so a source whose documents have scopes names one.
async fn an_error_names_the_scope_that_it_is_about<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    let whole = list(&*connection).await?;
    if whole.documents.values().any(|seen| seen.scope.is_none()) {
        return Err(Broken::Untried("not every document has a scope".into()));
    }
    set(stage).await?;
    let listing = Listing::read(connection.source(), &Rules::default()).await;
    let unscoped = listing.errors.iter().find(|error| error.scope().is_none());
    if let Some(error) = unscoped {
        let text = format!(
            "documents have scopes, and this error names none, so that nothing can be deleted: {error}"
        );
        return Err(Broken::Promise(text));
    }
    let failed: Vec<&str> = listing.errors.iter().filter_map(Error::scope).collect();
    let is_known = |seen: &Seen| failed.iter().any(|failed| lies_in(seen.scope.as_deref(), failed));
    let lost =
        whole.documents.iter().filter(|(id, seen)| !listing.documents.contains_key(*id) && !is_known(seen));
    let lost: Vec<&String> = lost.map(|(id, _)| id).collect();
    ensure(lost.is_empty(), || {
        format!(
            "not listed, and in none of the scopes that the errors name ({}): [{}]",
            some(&failed),
            some(lost)
        )
    })
}

/// True when a scope is this one, or lies below it.
fn lies_in(scope: Option<&str>, failed: &str) -> bool {
    let below = scope.and_then(|scope| scope.strip_prefix(failed));
    failed.is_empty() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn a_listing_after_an_error_is_complete<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    set(stage).await?;
    Listing::read(connection.source(), &Rules::default()).await;
    stage.fixture.mend().await?;
    stage.is_whole(&list(&*connection).await?)
}

async fn set<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let is_set = stage.fixture.break_in_the_middle().await?;
    if is_set {
        Ok(())
    } else {
        Err(Broken::Untried("the fixture can't break a listing in the middle".into()))
    }
}
