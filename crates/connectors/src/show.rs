//! What the program prints: results on standard output, everything else on standard error.

mod fields;
mod output;
mod plan;
mod table;
mod times;

pub(crate) use self::fields::fields;
pub(crate) use self::output::{failure, is_closed};
pub(crate) use self::plan::{plan, plan_json};
pub(crate) use self::table::{Column, table};
pub(crate) use self::times::{Times, Zone};

use connectors_core::sync::{Difference, Report, Status, Verification};
use connectors_core::{Error, ErrorKind};
use connectors_service::secrets::mask;
use serde_json::{Value, json};

use crate::terminal;

/// Stand around a match in a fragment until it is shown. No text has these characters; control characters would do as well, but
/// servers take them off the beginning and the end of a fragment, as white space.
pub(crate) const OPEN: char = '\u{fdd0}';
/// See [`OPEN`].
pub(crate) const CLOSE: char = '\u{fdd1}';

/// One line of a result.
pub(crate) fn line(text: &str) {
    output::print(&format!("{}\n", plain(text)));
}

/// Several lines of a result, which belong together.
pub(crate) fn paragraph(text: &str) {
    output::print(&format!("{}\n", terminal::paragraph(&mask(text))));
}

/// A text of this program, as it is.
pub(crate) fn script(text: &str) {
    output::print(text);
}

/// One line beside the result.
pub(crate) fn note(text: &str) {
    output::eprint(&format!("{}\n", plain(text)));
}

/// Why the program ends, with its exit code.
pub(crate) fn error(error: &Error, as_json: bool, code: u8) {
    let text = error.to_string();
    output::eprint(&if as_json {
        failed(&text, error.kind().word(), code)
    } else {
        format!("error: {}\n", terminal::paragraph(&mask(&text)))
    });
}

/// What is wrong with a command line.
pub(crate) fn misuse(answer: &clap::Error, as_json: bool, code: u8) {
    if !as_json {
        return usage(answer);
    }
    let text = answer.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    output::eprint(&failed(text, ErrorKind::Config.word(), code));
}

/// An error for programs, as a line.
fn failed(text: &str, kind: &str, code: u8) -> String {
    let error = json!({ "error": mask(text), "kind": kind, "code": code });
    format!("{}\n", terminal::line(&error.to_string()))
}

/// The answer to a command line without a command: help on standard output, or what is wrong with it.
pub(crate) fn usage(answer: &clap::Error) {
    let text = answer.render();
    let shown = |is_coloured: bool| if is_coloured { text.ansi().to_string() } else { text.to_string() };
    if answer.use_stderr() {
        output::eprint(&mask(&shown(terminal::has_colours(&std::io::stderr()))));
    } else {
        output::print(&shown(terminal::has_colours(&std::io::stdout())));
    }
}

/// A text of others as a part of a line: secrets masked, and nothing in it that a terminal obeys.
pub(crate) fn plain(text: &str) -> String {
    terminal::line(&mask(text)).into_owned()
}

/// A value as people write it.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The accounts of a sync.
pub(crate) fn report(report: &Report, as_json: bool) {
    if as_json {
        return line(&json!(report).to_string());
    }
    accounts(report).iter().for_each(|text| line(text));
}

/// Why it failed comes first; accounts are left out where there is nothing to account for.
fn accounts(report: &Report) -> Vec<String> {
    let (failed, ended) = match report.status {
        Status::Failed | Status::Refused => (Some(ending(report)), None),
        _ => (None, Some(ending(report))),
    };
    let lines = failed.into_iter().chain(counted(report)).chain(remarks(report));
    lines.chain(traffic(report)).chain(checked(report)).chain(ended).collect()
}

fn is_empty(report: &Report) -> bool {
    report.listed + report.deleted + report.withheld + report.kept == 0
}

fn counted(report: &Report) -> Option<String> {
    if is_empty(report) {
        let is_done = report.status == Status::Completed;
        return is_done.then(|| format!("{}: the source has no documents", report.index));
    }
    let dropped = if report.dropped > 0 { format!(" + dropped {}", report.dropped) } else { String::new() };
    Some(format!(
        "{}: listed {} = created {} + updated {} + unchanged {} + filtered {}{dropped} + failed {}; deleted {}",
        report.index,
        report.listed,
        report.created,
        report.updated,
        report.unchanged,
        report.filtered,
        report.failed,
        report.deleted,
    ))
}

fn traffic(report: &Report) -> Option<String> {
    (!is_empty(report)).then(|| {
        format!(
            "{} requests, {} sent, {} received, {:.2} s",
            report.requests,
            size(report.bytes_sent),
            size(report.bytes_received),
            report.seconds
        )
    })
}

/// What happened on the way.
fn remarks(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        (!report.pipelines.is_empty())
            .then(|| format!("through ingest pipelines: {}", report.pipelines.join(", "))),
    );
    lines.extend(contents(report));
    lines.extend(report.messages.iter().map(|message| format!("not listed: {message}")));
    let more = report.listing_errors - report.messages.len() as u64;
    lines.extend((more > 0).then(|| format!("not listed: {more} more")));
    lines.extend(
        (report.kept > 0).then(|| format!("kept, as they may lie where the listing failed: {}", report.kept)),
    );
    lines.extend(report.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(difference("nobody may read", &report.closed));
    lines.extend((report.repeated > 0).then(|| format!("ids listed more than once: {}", report.repeated)));
    lines
}

/// Whether the index was asked at the end, and what came of it.
fn checked(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        (report.repaired > 0).then(|| format!("differed at the end and repaired: {}", report.repaired)),
    );
    lines.extend(renamed(report));
    lines.extend(difference("edited in the index and mended", &report.mended));
    lines.extend(difference("differ still", &report.differing));
    lines.extend(difference("not listed, and not confirmed as gone", &report.unconfirmed));
    lines.extend(difference("copies inside the index", &report.foreign));
    if report.verified {
        lines.push("verified: the index holds what is told here".into());
    }
    lines.extend(fields(&report.ignored, &report.mismatched));
    lines.extend(report.unverified.iter().map(|why| format!("not verified: {why}")));
    lines
}

/// Fields that have other names in the index than in the source.
fn renamed(report: &Report) -> Option<String> {
    let renamed = &report.renamed;
    let first: Vec<String> = renamed.first.iter().map(|(from, to)| format!("`{from}` → `{to}`")).collect();
    let names = (renamed.count > 0)
        .then(|| format!("fields with another name {}: {}", renamed.count, first.join(", ")));
    let texts = (renamed.as_text > 0)
        .then(|| format!("objects that lie too deep, kept as text: {}", renamed.as_text));
    let lines: Vec<String> = names.into_iter().chain(texts).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// How many, and the first; none for none.
fn difference(what: &str, difference: &Difference) -> Option<String> {
    (difference.count > 0).then(|| format!("{what} {}: {}", difference.count, difference.first.join(", ")))
}

fn contents(report: &Report) -> Vec<String> {
    let contents = &report.contents;
    let mut lines = Vec::new();
    if contents.extracted + contents.failed > 0 {
        let cut = if contents.cut > 0 { format!(", {} cut", contents.cut) } else { String::new() };
        lines.push(format!("files: {} read, {} failed{cut}", contents.extracted, contents.failed));
    }
    if !contents.skipped.is_empty() {
        let mut reasons: Vec<_> = contents.skipped.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let shown: Vec<String> =
            reasons.iter().take(6).map(|(reason, count)| format!("{reason} {count}")).collect();
        let more = if reasons.len() > 6 { ", …" } else { "" };
        lines.push(format!("files without text: {}{more}", shown.join(", ")));
    }
    lines
}

fn ending(report: &Report) -> String {
    let failed = report.failed + report.contents.failed;
    match report.status {
        Status::Completed => "completed".into(),
        Status::Skipped => "skipped: the source is certain that nothing changed".into(),
        Status::Partial if report.differing.count > 0 => {
            "done in part: the index holds something else than was written; another sync may be at work"
                .into()
        }
        Status::Partial if failed > 0 => {
            format!("done in part: {failed} failed, `connectors failures` lists them")
        }
        Status::Partial if report.complete && report.unconfirmed.count > 0 => {
            "done in part: what the source could not be asked about was not deleted; the next sync asks again"
                .into()
        }
        Status::Partial if report.complete && report.foreign.count > 0 => {
            "done in part: somebody copied documents inside the index; `--take-over` deletes the copies"
                .into()
        }
        Status::Partial if report.closed.count > 0 && report.complete => {
            "done in part: who may read some documents could not be read; nobody may until the next sync can"
                .into()
        }
        Status::Partial => {
            "done in part: the listing was not complete, and what it may have missed was not deleted".into()
        }
        Status::Withheld => format!(
            "{} deletes are withheld: more than the set share of the index; `--allow-deletes` lets them through",
            report.withheld
        ),
        Status::Stopped => "stopped: nothing was deleted; the next sync goes on".into(),
        Status::Refused => {
            format!(
                "refused, nothing was written: {}",
                report.error.as_deref().unwrap_or("no reason was kept")
            )
        }
        Status::Failed => format!("failed: {}", report.error.as_deref().unwrap_or("no reason was kept")),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// How an index differs from its source.
pub(crate) fn verification(found: &Verification) {
    let filtered = (found.filtered > 0).then(|| format!(", left out by rules {}", found.filtered));
    let filtered = filtered.unwrap_or_default();
    let dropped = (found.dropped > 0).then(|| format!(", dropped by a pipeline {}", found.dropped));
    let dropped = dropped.unwrap_or_default();
    line(&format!("{}: listed {}, equal {}{filtered}{dropped}", found.index, found.listed, found.equal));
    let kinds = [("missing", &found.missing), ("stale", &found.stale), ("left over", &found.left_over)];
    kinds.iter().filter_map(|(what, found)| difference(what, found)).for_each(|text| line(&text));
    if let Some(compared) = found.compared {
        line(&format!("compared field by field: {compared}"));
    }
    if found.differing.count > 0 {
        line(&format!("with other fields {}:", found.differing.count));
    }
    for (id, fields) in &found.differing.first {
        line(&format!("  {id}: {}", fields.join(", ")));
    }
    if let Some(error) = &found.error {
        line(&format!("not listed, {} times: {error}", found.listing_errors));
    }
    line(if found.is_equal() { "equal" } else { "not equal" });
}

/// The hits of a search, or the server's answer as it is.
pub(crate) fn hits(answer: &Value, as_json: bool) {
    let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
    if as_json {
        let all = hits.iter().map(|hit| {
            let fragments: Vec<String> = fragments(hit).iter().map(|fragment| marked(fragment, ("<em>", "</em>"))).collect();
            json!({"id": hit["_id"], "score": hit["_score"], "source": hit["_source"], "fragments": fragments})
        });
        return line(&Value::from_iter(all).to_string());
    }
    if hits.is_empty() {
        return line("nothing was found");
    }
    let marks = if terminal::has_colours(&std::io::stdout()) { ("\x1b[1m", "\x1b[0m") } else { ("*", "*") };
    hits.iter().zip(1..).for_each(|(hit, place)| output::print(&found(hit, place, marks)));
}

/// A hit as its lines.
fn found(hit: &Value, place: usize, marks: (&str, &str)) -> String {
    let score = hit["_score"].as_f64().unwrap_or_default();
    let mut lines = format!("{place}. {}  ({score:.2})\n", plain(&title(hit)));
    for fragment in fragments(hit) {
        // What stands around a match is set in when nothing else is left that a terminal obeys.
        let parts = fragment.split_inclusive([OPEN, CLOSE]).map(|part| {
            let (text, mark) = match part.chars().next_back() {
                Some(OPEN) => (part.strip_suffix(OPEN), marks.0),
                Some(CLOSE) => (part.strip_suffix(CLOSE), marks.1),
                _ => (None, ""),
            };
            plain(text.unwrap_or(part)) + mark
        });
        lines.push_str(&format!("   … {} …\n", parts.collect::<String>()));
    }
    lines
}

/// Fields that name a document, the best first.
pub(crate) const TITLES: [&str; 4] = ["path", "title", "name", "url"];

/// What names a document.
pub(crate) fn title_of(source: &Value) -> Option<&str> {
    TITLES.iter().find_map(|field| source[*field].as_str())
}

/// What names a hit best.
fn title(hit: &Value) -> String {
    let source = &hit["_source"];
    title_of(source).or_else(|| hit["_id"].as_str()).unwrap_or_default().to_owned()
}

fn fragments(hit: &Value) -> Vec<String> {
    let found = hit["highlight"]["body"].as_array().into_iter().flatten().filter_map(Value::as_str);
    found.map(|fragment| fragment.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn marked(fragment: &str, (open, close): (&str, &str)) -> String {
    fragment.replace(OPEN, open).replace(CLOSE, close)
}

#[cfg(test)]
mod tests;
