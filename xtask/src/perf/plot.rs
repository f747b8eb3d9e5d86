//! Figures as a picture: bars of wall time in units of the ceiling, a group for each workload.

use std::fmt::Write;

use super::outcome::{Lane, Outcome};

const WIDTH: f64 = 960.0;
/// Where bars begin, behind their names.
const LEFT: f64 = 260.0;
const RIGHT: f64 = 70.0;
const BAR: f64 = 16.0;
const GAP: f64 = 6.0;
const TITLE: f64 = 34.0;

/// Bars in the picture.
struct Bar<'a> {
    name: &'a str,
    /// Median, smallest and largest, in units of the ceiling.
    of_ceiling: [f64; 3],
    seconds: f64,
}

/// The picture of all workloads that have a ceiling.
pub(super) fn svg(outcomes: &[Outcome]) -> String {
    let groups: Vec<(String, Vec<Bar>)> = outcomes.iter().filter_map(group).collect();
    let largest = groups.iter().flat_map(|(_, bars)| bars).map(|bar| bar.of_ceiling[2]).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / largest;
    let height: f64 =
        groups.iter().map(|(_, bars)| TITLE + bars.len() as f64 * (BAR + GAP)).sum::<f64>() + 20.0;
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" font-family="sans-serif" font-size="13">"#
    );
    let _ = writeln!(out, r#"<rect width="{WIDTH}" height="{height:.0}" fill="white"/>"#);
    let mut y = 0.0;
    for (title, bars) in &groups {
        y = draw(&mut out, (title, bars), scale, y);
    }
    let one = LEFT + scale;
    let _ = writeln!(
        out,
        r##"<line x1="{one:.1}" y1="10" x2="{one:.1}" y2="{:.0}" stroke="#c33" stroke-dasharray="4 3"/>"##,
        height - 10.0
    );
    out.push_str("</svg>\n");
    out
}

fn group(outcome: &Outcome) -> Option<(String, Vec<Bar<'_>>)> {
    let unit = outcome.ceiling()?.spread(|sample| sample.wall)?.median;
    let bars = outcome.lanes.iter().filter_map(|lane| bar(lane, unit)).collect();
    Some((format!("{}: {}", outcome.workload, outcome.title), bars))
}

fn bar(lane: &Lane, unit: f64) -> Option<Bar<'_>> {
    let wall = lane.spread(|sample| sample.wall)?;
    let of_ceiling = [wall.median / unit, wall.min / unit, wall.max / unit];
    Some(Bar { name: &lane.name, of_ceiling, seconds: wall.median })
}

/// Draws a group below `y` and returns where the next one begins.
fn draw(out: &mut String, (title, bars): (&str, &[Bar<'_>]), scale: f64, y: f64) -> f64 {
    let mut y = y + TITLE;
    let _ = writeln!(out, r#"<text x="10" y="{:.0}" font-weight="bold">{}</text>"#, y - 8.0, escaped(title));
    for bar in bars {
        let [median, min, max] = bar.of_ceiling.map(|ratio| ratio * scale);
        let (colour, middle, text) = (colour(bar.name), y + BAR / 2.0, y + BAR - 3.0);
        let _ = writeln!(
            out,
            r#"<text x="{:.0}" y="{text:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            escaped(bar.name)
        );
        let _ = writeln!(
            out,
            r#"<rect x="{LEFT}" y="{y:.1}" width="{median:.1}" height="{BAR}" fill="{colour}"/>"#
        );
        let _ = writeln!(
            out,
            r#"<line x1="{:.1}" y1="{middle:.1}" x2="{:.1}" y2="{middle:.1}" stroke="black"/>"#,
            LEFT + min,
            LEFT + max
        );
        let told = format!("{:.2} s", bar.seconds);
        let _ = writeln!(out, r#"<text x="{:.1}" y="{text:.1}">{told}</text>"#, LEFT + max + 6.0);
        y += BAR + GAP;
    }
    y
}

/// Ceilings are grey.
fn colour(name: &str) -> &'static str {
    if name.starts_with('C') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        "#b5bcc6"
    } else {
        "#2f7ed8"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
