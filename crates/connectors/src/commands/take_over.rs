//! Taking over an index: what is in it is shown, and somebody agrees, before anything is written.

use connectors_core::elastic::index::check_content_name;
use connectors_core::sync::{Holding, Job, Overlap, holding, overlap};
use connectors_core::{Error, Result};

use super::prompt;
use super::session::Session;
use crate::show;

/// Shows what is in the index and asks; returns at once where there is nothing to take over.
///
/// # Errors
/// `Config` where nobody agrees; when the server can't be asked.
pub(super) async fn agreed(session: &Session, job: &Job<'_>, yes: bool) -> Result<()> {
    let held = holding(job.client, job.index).await?;
    let Some(held) = held.filter(|held| held.documents > 0) else { return Ok(()) };
    show::note(&shown(job.index, &held));
    // What a sync of ours wrote has marks, and `--dry-run` shows what would become of it.
    if held.foreign == held.documents && check_content_name(job.index).is_ok() {
        planned(&overlap(job).await?).iter().for_each(|line| show::note(line));
    }
    if yes {
        return Ok(());
    }
    if prompt::is_agreed(session, "take it over?")? {
        return Ok(());
    }
    Err(Error::config(
        "nothing was written: an index is taken over only after a yes; `--yes` says it beforehand",
    )
    .with("index", job.index))
}

fn planned(found: &Overlap) -> Vec<String> {
    let counts = format!(
        "the first sync writes {} of them once more, with a mark, creates {} and deletes {}; after it only changes are sent",
        found.kept, found.created, found.deleted
    );
    let mut lines = vec![counts];
    if found.kept == 0 && found.created > 0 {
        lines.push(
            "no id of the source is in the index: the other tool's ids may be made in another way".to_owned(),
        );
    }
    if found.listing_errors > 0 {
        lines.push(format!(
            "the source could not be listed to its end ({} errors): while that is so, nothing is deleted",
            found.listing_errors
        ));
    }
    lines
}

fn shown(index: &str, held: &Holding) -> String {
    let owner = held.owner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    format!(
        "the index `{index}` belongs to {owner} and holds {} documents, {} of them written by another tool; those that the \
         source does not have will be deleted, unless they are more than the set share",
        held.documents, held.foreign
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_core::sync::Owner;

    #[test]
    fn what_the_first_sync_will_do_is_counted() {
        let found = Overlap { kept: 7, created: 2, deleted: 1, listing_errors: 0 };
        let lines = planned(&found);
        assert!(
            lines.len() == 1
                && lines[0].contains("writes 7 of them once more, with a mark, creates 2 and deletes 1"),
            "{lines:?}"
        );
        let lines = planned(&Overlap { kept: 0, listing_errors: 3, ..found });
        assert!(lines[1].contains("no id of the source") && lines[2].contains("3 errors"), "{lines:?}");
    }

    #[test]
    fn counts_and_owner_are_shown() {
        let held = Holding { owner: None, documents: 7, foreign: 5 };
        let text = shown("docs", &held);
        assert!(
            text.contains("belongs to nobody and holds 7 documents, 5 of them written by another tool"),
            "{text}"
        );
        let owner = Some(Owner::Connector { connector: "c1".into() });
        assert!(shown("docs", &Holding { owner, ..held }).contains("belongs to the connector `c1`"));
    }
}
