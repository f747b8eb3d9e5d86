//! A listing that can't be finished.

use connectors_core::Rules;

use super::changes::may_have_changed;
use super::listing::Listing;
use super::stage::{Stage, list, same_ids};
use super::{Broken, Outcome, Promise, always, ensure, promises, some};
use crate::Fixture;

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    promises![always, an_error_in_the_middle_never_looks_like_an_end, a_listing_after_an_error_is_complete]
}

/// Either the error is reported, or the listing is whole in spite of it.
async fn an_error_in_the_middle_never_looks_like_an_end<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    set(stage).await?;
    let listing = Listing::read(connection.source(), &Rules::default()).await;
    let expected = stage.expected();
    if listing.errors.is_empty() {
        return same_ids(listing.ids(), expected.keys()).map_err(|broken| {
            Broken::Promise(format!("the listing broke off and ended without an error: {broken}"))
        });
    }
    let unknown: Vec<_> = listing.ids().filter(|id| !expected.contains_key(*id)).collect();
    ensure(unknown.is_empty(), || format!("listed beside an error, but not there: [{}]", some(unknown)))?;
    ensure(listing.repeated.is_empty(), || format!("listed twice: [{}]", some(&listing.repeated)))?;
    may_have_changed(&*connection, "after a listing that failed").await
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
