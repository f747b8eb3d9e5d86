//! Figures as tables and as a picture, and the machine that they were measured on.

use std::fmt::{self, Write as _};
use std::fs;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::outcome::{Figure, GROWING, Lane, Outcome, WALL};
use super::stats::{self, Spread, number};

#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    /// Processors that this process may use.
    processors: usize,
    model: String,
    /// GiB of memory.
    memory: u64,
    system: String,
}

impl Machine {
    /// This machine.
    pub(super) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
        Self {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            model: field(&read("/proc/cpuinfo"), "model name"),
            memory: kib.div_ceil(1 << 20),
            system: format!("{} {}", read("/proc/sys/kernel/ostype"), read("/proc/sys/kernel/osrelease")),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, model, memory, system } = self;
        write!(f, "{processors} processors ({model}), {memory} GiB of memory, {system}")
    }
}

/// The value behind `name` and a colon.
fn field(text: &str, name: &str) -> String {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map_or("", |(_, value)| value).trim().to_owned()
}

/// For whom a table is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Terminal,
    Markdown,
}

/// What is shown of a lane beside its name and its wall time, from it, its ceiling, and how many documents there were.
type Column = (&'static str, fn(&Lane, Option<&Lane>, f64) -> Option<f64>);

const COLUMNS: [Column; 9] = [
    ("÷ ceiling", |lane, ceiling, _| stats::ratio(&lane.figures(WALL), &ceiling?.figures(WALL))),
    ("÷ server's CPU", |lane, _, _| {
        let server: Option<Vec<f64>> = lane.samples.iter().map(|sample| sample.server).collect();
        stats::ratio(&lane.figures(WALL), &server?)
    }),
    ("CPU, s", |lane, _, _| median(lane, |sample| sample.cpu)),
    ("µs a document", |lane, _, documents| Some(median(lane, |sample| sample.cpu)? * 1e6 / documents)),
    ("peak, MiB", |lane, _, _| Some(lane.spread(|sample| sample.memory)?.max)),
    ("requests", |lane, _, _| median(lane, |sample| sample.requests as f64)),
    ("MB sent", |lane, _, _| median(lane, |sample| sample.sent as f64 / 1e6)),
    ("MB received", |lane, _, _| median(lane, |sample| sample.received as f64 / 1e6)),
    ("written", |lane, _, _| median(lane, |sample| sample.written as f64)),
];

fn median(lane: &Lane, of: Figure) -> Option<f64> {
    Some(lane.spread(of)?.median)
}

/// A workload's figures and requirements.
pub(super) fn figures(outcome: &Outcome, style: Style) -> String {
    let Outcome { workload, title, documents, equal, lanes, checks, .. } = outcome;
    let mark = if style == Style::Markdown { "### " } else { "" };
    let rows = lanes.iter().map(|lane| row(lane, outcome.ceiling(), *documents)).collect();
    let columns: Vec<&str> =
        ["", "wall, s (min–max)"].into_iter().chain(COLUMNS.map(|(name, _)| name)).collect();
    let mut text = format!("{mark}{workload}: {title}\n\n{}\n", table(style, &columns, rows));
    if *equal > 0 {
        let compared = "documents were compared by id and content after the last round: equal.";
        let _ = writeln!(text, "\n{equal} {compared}");
    }
    for (name, of) in GROWING {
        if let Some(line) = outcome.growth(of) {
            let (each, none, fit) = (line.slope * 1e6, line.intercept, line.r_squared);
            let _ = writeln!(text, "\n{name}: {none:.3} s + {each:.3} µs a document, R² = {fit:.5}");
        }
    }
    let required = checks.iter().map(|check| {
        let met = if check.met { "yes" } else { "NO" };
        vec![check.requirement.clone(), number(check.limit), number(check.measured), met.into()]
    });
    if !checks.is_empty() {
        let columns = ["requirement", "at most", "measured", "met"];
        let _ = writeln!(text, "\n{}", table(style, &columns, required.collect()));
    }
    text
}

fn table(style: Style, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(match style {
        Style::Terminal => presets::UTF8_FULL_CONDENSED,
        Style::Markdown => presets::ASCII_MARKDOWN,
    });
    table.set_header(columns).add_rows(rows);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn row(lane: &Lane, ceiling: Option<&Lane>, documents: u64) -> Vec<String> {
    let documents = lane.name.parse().unwrap_or(documents).max(1) as f64;
    let wall = lane.spread(WALL);
    let wall =
        wall.map(|wall| format!("{} ({}–{})", number(wall.median), number(wall.min), number(wall.max)));
    let figures =
        COLUMNS.iter().map(|(_, of)| of(lane, ceiling, documents).map_or_else(|| "–".into(), number));
    [lane.name.clone(), wall.unwrap_or_default()].into_iter().chain(figures).collect()
}

const WIDTH: f64 = 960.0;
/// Where bars begin, behind their names.
const LEFT: f64 = 260.0;
const RIGHT: f64 = 70.0;
const BAR: f64 = 16.0;
const STEP: f64 = BAR + 6.0;
const TITLE: f64 = 34.0;

/// Bars of wall time in units of the ceiling, a group for each workload that has one.
pub(super) fn svg(outcomes: &[Outcome]) -> String {
    let groups =
        outcomes.iter().filter_map(|outcome| Some((outcome, outcome.ceiling()?.spread(WALL)?.median)));
    let all = groups.clone().flat_map(|(outcome, unit)| outcome.lanes.iter().map(move |lane| (lane, unit)));
    let largest = all.filter_map(|(lane, unit)| Some(lane.spread(WALL)?.max / unit)).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / largest;
    let (mut body, mut y) = (String::new(), 0.0);
    for (Outcome { workload, title, lanes, .. }, unit) in groups {
        y += TITLE;
        let title = escaped(&format!("{workload}: {title}"));
        let _ = writeln!(body, r#"<text x="10" y="{:.0}" font-weight="bold">{title}</text>"#, y - 8.0);
        for (lane, wall) in lanes.iter().filter_map(|lane| Some((lane, lane.spread(WALL)?))) {
            bar(&mut body, (&lane.name, wall), (scale / unit, y));
            y += STEP;
        }
    }
    let (height, bottom, one) = (y + 20.0, y + 10.0, LEFT + scale);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{height:.0}" fill="white"/>
{body}<line x1="{one:.1}" y1="10" x2="{one:.1}" y2="{bottom:.0}" stroke="#c33" stroke-dasharray="4 3"/>
</svg>
"##
    )
}

/// A bar up to the median, a line from the smallest to the largest, and the seconds. Ceilings are grey.
fn bar(body: &mut String, (name, wall): (&str, Spread), (scale, y): (f64, f64)) {
    let is_ceiling = name.starts_with('C') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let colour = if is_ceiling { "#b5bcc6" } else { "#2f7ed8" };
    let (middle, text, label, width) = (y + BAR / 2.0, y + BAR - 3.0, LEFT - 8.0, wall.median * scale);
    let (low, high, end) = (LEFT + wall.min * scale, LEFT + wall.max * scale, LEFT + wall.max * scale + 6.0);
    let (name, seconds) = (escaped(name), wall.median);
    let _ = writeln!(
        body,
        r#"<text x="{label:.0}" y="{text:.1}" text-anchor="end">{name}</text>
<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{BAR}" fill="{colour}"/>
<line x1="{low:.1}" y1="{middle:.1}" x2="{high:.1}" y2="{middle:.1}" stroke="black"/>
<text x="{end:.1}" y="{text:.1}">{seconds:.2} s</text>"#
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::perf::measure::Sample;
    use crate::perf::outcome::{C1, Check, US};
    use crate::perf::workloads::WORKLOADS;

    fn outcome(lanes: &[(&str, f64)]) -> Outcome {
        let mut outcome = Outcome::of(&WORKLOADS[0]);
        for (name, wall) in lanes {
            let server = name.contains('o').then_some(*wall);
            let sample = Sample {
                wall: *wall,
                cpu: 0.25,
                memory: 40.25,
                server,
                sent: 1_500_000,
                ..Sample::default()
            };
            outcome.push(name, sample);
        }
        outcome
    }

    fn cells(line: &str) -> Vec<&str> {
        line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }

    #[test]
    fn a_table_has_medians_borders_and_ratios() {
        let mut outcome = outcome(&[(C1, 2.0), (US, 2.1), (C1, 4.0), (US, 4.0)]);
        outcome.equal = 5;
        outcome.checks =
            vec![Check { requirement: "wall ÷ C1".into(), limit: 1.05, measured: 1.025, met: true }];
        let text = figures(&outcome, Style::Markdown);
        let row = |start: &str| text.lines().find(|line| line.starts_with(start)).map(cells).unwrap();
        let us = ["connectors", "3.05 (2.10–4)", "1.02", "1", "0.250", "2.50", "40.2", "0", "1.50", "0", "0"];
        assert_eq!(row("| connectors"), us);
        assert_eq!(row("| wall ÷ C1"), ["wall ÷ C1", "1.05", "1.02", "yes"]);
        assert!(text.starts_with("### W1: 100k documents of 570 B\n\n|"), "{text}");
        assert!(
            text.contains("\n5 documents were compared by id and content after the last round: equal.\n")
        );
        let text = figures(&outcome, Style::Terminal);
        assert!(text.starts_with("W1: ") && text.contains('┌'), "{text}");
    }

    #[test]
    fn growth_is_told_as_a_line() {
        let text = figures(&outcome(&[("1000000", 2.0), ("2000000", 3.0)]), Style::Markdown);
        assert!(text.contains("wall: 1.000 s + 1.000 µs a document, R² = 1.00000"), "{text}");
        assert!(text.contains(" – |"), "no ceiling, no server: {text}");
    }

    #[test]
    fn bars_are_in_units_of_the_ceiling() {
        let text = svg(&[outcome(&[(C1, 2.0), ("a<b & c>", 4.0)]), outcome(&[("dynamic", 1.0)])]);
        let bars = text.lines().filter(|line| line.starts_with("<rect x="));
        let widths: Vec<&str> = bars.filter_map(|line| line.split('"').nth(5)).collect();
        assert_eq!(widths, ["315.0", "630.0"], "twice the ceiling: twice as long");
        assert!(text.contains("2.00 s") && text.contains("4.00 s") && text.contains("W1: 100k"), "{text}");
        assert!(text.contains(">a&lt;b &amp; c&gt;<") && !text.contains("dynamic"), "no ceiling, no group");
        assert!(svg(&[]).ends_with("</svg>\n"));
    }

    #[test]
    fn the_machine_is_described() {
        assert_eq!(field("a\t: b\nmodel name\t: Fast: 9000\n", "model name"), "Fast: 9000");
        let machine = Machine { processors: 2, model: "M".into(), memory: 24, system: "Linux 6".into() };
        assert_eq!(machine.to_string(), "2 processors (M), 24 GiB of memory, Linux 6");
        let this = Machine::look();
        assert!(this.processors > 0 && this.memory > 0 && this.system.starts_with("Linux "), "{this}");
    }
}
