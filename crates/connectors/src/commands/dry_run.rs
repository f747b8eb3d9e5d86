//! `connectors sync --dry-run`: what a sync would do, without writing.

use connectors_core::Result;
use connectors_core::sync::{
    Difference, Holding, Job, TakeOver, Verification, allows_deletes, holding, preview,
};
use serde_json::json;

use super::end::End;
use super::names;
use super::session::Session;
use crate::show;

pub(super) async fn run(session: &Session, job: &Job<'_>) -> Result<End> {
    let held = holding(job.client, job.index).await?.unwrap_or_default();
    let found = preview(job).await?;
    let refusal = refusal(job, &held).or_else(|| withheld(job, (&held, &found)));
    if session.json {
        show::line(&as_json(&found, refusal.as_deref()));
    } else {
        let ids: Vec<&str> = [&found.stale, &found.left_over]
            .iter()
            .flat_map(|kind| &kind.first)
            .map(String::as_str)
            .collect();
        let names =
            if ids.is_empty() { Default::default() } else { names::of(job.client, job.index, &ids).await };
        let shown = |id: &String| names::beside(&names, id);
        lines(&found, &shown).iter().for_each(|line| show::line(line));
        refusal.iter().for_each(|why| show::line(why));
    }
    Ok(match (&refusal, found.listing_errors) {
        (Some(_), _) => End::Withheld,
        (None, 0) => End::Done,
        (None, _) => End::Partial,
    })
}

/// Why a sync would write nothing.
fn refusal(job: &Job<'_>, held: &Holding) -> Option<String> {
    let owner = held.owner.as_ref().filter(|owner| Some(*owner) != job.owner)?;
    (job.options.take_over != TakeOver::Any).then(|| {
        format!("a sync would be refused: the index belongs to {owner}; `--take-over` takes it over")
    })
}

/// Why a sync would delete nothing.
fn withheld(job: &Job<'_>, (held, found): (&Holding, &Verification)) -> Option<String> {
    let deletes = found.left_over.count;
    (!allows_deletes(&job.options, held.documents, deletes)).then(|| {
        format!("{deletes} deletes would be withheld: more than the set share of the index; `--allow-deletes` lets them through")
    })
}

fn lines(found: &Verification, shown: &dyn Fn(&String) -> String) -> Vec<String> {
    let changed = found.stale.count + found.without_content.count;
    let mut lines = vec![format!(
        "{}: listed {}; would create {}, update {changed}, delete {}; unchanged {}, filtered {}",
        found.index, found.listed, found.missing.count, found.left_over.count, found.equal, found.filtered,
    )];
    let kinds = [("create", &found.missing), ("update", &found.stale), ("delete", &found.left_over)];
    lines.extend(kinds.iter().filter_map(|(what, kind)| first(what, kind, shown)));
    if let Some(error) = &found.error {
        lines.push(format!("not listed, {} times: {error}", found.listing_errors));
    }
    lines.push("nothing was written".into());
    lines
}

fn first(what: &str, kind: &Difference, shown: &dyn Fn(&String) -> String) -> Option<String> {
    let more = if kind.count > kind.first.len() as u64 { ", …" } else { "" };
    let ids: Vec<String> = kind.first.iter().map(shown).collect();
    (kind.count > 0).then(|| format!("  {what}: {}{more}", ids.join(", ")))
}

fn as_json(found: &Verification, refusal: Option<&str>) -> String {
    json!({
        "dry_run": true, "index": found.index, "listed": found.listed, "created": found.missing, "updated": found.stale,
        "without_content": found.without_content, "deleted": found.left_over, "unchanged": found.equal,
        "filtered": found.filtered, "listing_errors": found.listing_errors, "error": found.error, "refusal": refusal,
    })
    .to_string()
}
