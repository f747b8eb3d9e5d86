//! Figures as tables, for the terminal and for documents.

use comfy_table::{CellAlignment, Table, presets};

use super::measure::Sample;
use super::outcome::{GROWING, Lane, Outcome};
use super::stats::{self, Spread};

/// For whom a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// With lines.
    Terminal,
    /// For a document.
    Markdown,
}

const COLUMNS: [&str; 11] = [
    "",
    "wall, s (min–max)",
    "÷ ceiling",
    "÷ server's CPU",
    "CPU, s",
    "µs a document",
    "peak, MiB",
    "requests",
    "MB sent",
    "MB received",
    "written",
];

/// A workload's figures and requirements.
pub(super) fn figures(outcome: &Outcome, style: Style) -> String {
    let Outcome { workload, title, documents, equal, .. } = outcome;
    let mark = if style == Style::Markdown { "### " } else { "" };
    let mut text = format!("{mark}{workload}: {title}\n\n");
    let mut table = table(style, &COLUMNS);
    for lane in &outcome.lanes {
        table.add_row(row(lane, outcome.ceiling(), *documents));
    }
    align(&mut table, 1);
    text.push_str(&format!("{table}\n"));
    if *equal > 0 {
        text.push_str(&format!(
            "\n{equal} documents were compared by id and content after the last round: equal.\n"
        ));
    }
    for (name, of) in GROWING {
        if let Some(line) = outcome.growth(*of) {
            let each = line.slope * 1e6;
            text.push_str(&format!(
                "\n{name}: {:.3} s + {each:.3} µs a document, R² = {:.5}\n",
                line.intercept, line.r_squared
            ));
        }
    }
    text + &requirements(outcome, style)
}

fn requirements(outcome: &Outcome, style: Style) -> String {
    if outcome.checks.is_empty() {
        return String::new();
    }
    let mut table = table(style, &["requirement", "at most", "measured", "met"]);
    for check in &outcome.checks {
        let met = if check.met { "yes" } else { "NO" };
        table.add_row([check.requirement.clone(), number(check.limit), number(check.measured), met.into()]);
    }
    align(&mut table, 1);
    format!("\n{table}\n")
}

fn table(style: Style, columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(match style {
        Style::Terminal => presets::UTF8_FULL_CONDENSED,
        Style::Markdown => presets::ASCII_MARKDOWN,
    });
    table.set_header(columns);
    table
}

fn align(table: &mut Table, from: usize) {
    table.column_iter_mut().skip(from).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
}

fn row(lane: &Lane, ceiling: Option<&Lane>, documents: u64) -> Vec<String> {
    let documents = lane.name.parse().unwrap_or(documents).max(1) as f64;
    let median = |of: fn(&Sample) -> f64| lane.spread(of).map(|spread| spread.median);
    let wall = lane.spread(|sample| sample.wall);
    let of_ceiling = ceiling.and_then(|ceiling| {
        stats::ratios(&lane.figures(|sample| sample.wall), &ceiling.figures(|sample| sample.wall))
    });
    let of_server = lane.samples.iter().all(|sample| sample.server.is_some()).then(|| {
        let server = lane.figures(|sample| sample.server.unwrap_or_default());
        stats::ratios(&lane.figures(|sample| sample.wall), &server)
    });
    let or_none = |figure: Option<f64>| figure.map_or_else(|| "–".into(), number);
    vec![
        lane.name.clone(),
        wall.map_or_else(String::new, with_borders),
        or_none(of_ceiling.map(|ratio| ratio.median)),
        or_none(of_server.flatten().map(|ratio| ratio.median)),
        or_none(median(|sample| sample.cpu)),
        or_none(median(|sample| sample.cpu).map(|cpu| cpu * 1e6 / documents)),
        or_none(lane.spread(|sample| sample.memory).map(|spread| spread.max)),
        or_none(median(|sample| sample.requests as f64)),
        or_none(median(|sample| sample.sent as f64 / 1e6)),
        or_none(median(|sample| sample.received as f64 / 1e6)),
        or_none(median(|sample| sample.written as f64)),
    ]
}

fn with_borders(spread: Spread) -> String {
    format!("{} ({}–{})", number(spread.median), number(spread.min), number(spread.max))
}

/// Three digits, or all of a whole number.
pub(super) fn number(figure: f64) -> String {
    if figure.fract() == 0.0 {
        return format!("{figure:.0}");
    }
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        1.0.. => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

#[cfg(test)]
mod tests;
