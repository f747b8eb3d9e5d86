//! What failed, kept in the failures index until it no longer does.

use crate::sync::accounts::Report;
use crate::sync::know::inventory::Inventory;
use crate::sync::take::failing::Failing;
use crate::{ErrorKind, Result};

/// Keeps what failed now, and removes what failed before and no longer does. Where the index of failures is something else, a
/// full sync goes on without, as it compares each document with the index, and reports it.
///
/// # Errors
/// When the failures can't be kept.
pub(super) async fn settle(
    failing: &mut Failing<'_>,
    report: &mut Report,
    inventory: &Inventory,
) -> Result<()> {
    let is_full = inventory.is_known();
    let lists_all = report.complete && is_full;
    let settled = match failing.record().await {
        Ok(()) => failing.forget(|before| before.is_seen || lists_all).await,
        failed => failed,
    };
    match settled {
        Err(error) if is_full && error.kind() == ErrorKind::Config => {
            report.warnings.push(error.to_string());
            Ok(())
        }
        settled => settled,
    }
}
