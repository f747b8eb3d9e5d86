//! Tables that fit where they are shown.

use std::io::{IsTerminal, stdout};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use super::{output, plain};

/// The width of a table that no terminal shows.
const WIDTH: u16 = 100;
/// Spaces between columns.
const GAP: usize = 2;
/// Longer words, such as paths, may be broken.
const LONG_WORD: usize = 20;

/// A column: what stands above it, and whether its values may be broken over lines.
#[derive(Clone, Copy)]
pub(crate) enum Column<'a> {
    /// Words, which may be broken.
    Text(&'a str),
    /// Ids and the like, which are of no use in pieces.
    Whole(&'a str),
    /// Numbers, which end where their column does.
    Number(&'a str),
}

impl<'a> Column<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Text(name) | Self::Whole(name) | Self::Number(name) => name,
        }
    }
}

/// Shows a table, as wide as the terminal at the most, and 100 columns where there is none.
pub(crate) fn table(columns: &[Column<'_>], rows: impl Iterator<Item = Vec<String>>) {
    output::print(&drawn(columns, rows, width()));
}

/// The columns of the terminal.
fn width() -> u16 {
    let is_shown = stdout().is_terminal();
    let size = is_shown.then(|| rustix::termios::tcgetwinsize(stdout()).ok()).flatten();
    size.map(|size| size.ws_col).filter(|columns| *columns > 0).unwrap_or(WIDTH)
}

/// Rows as lines: a table with the names above, no rules and two spaces between columns; where no table is narrow enough
/// without breaking words, each row by itself.
pub(super) fn drawn(columns: &[Column<'_>], rows: impl Iterator<Item = Vec<String>>, width: u16) -> String {
    let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let needed: usize =
        columns.iter().enumerate().map(|(place, column)| narrowest(*column, place, &rows) + GAP).sum();
    if needed > usize::from(width) + GAP {
        records(columns, &rows, width.into())
    } else {
        tabular(columns, &rows, width)
    }
}

/// The width of a column in which nothing is broken that should not be.
fn narrowest(column: Column<'_>, place: usize, rows: &[Vec<String>]) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(place)).map(String::as_str).chain([column.name()]);
    match column {
        Column::Text(_) => {
            let words = cells.flat_map(str::split_whitespace).map(|word| word.chars().count());
            words.max().unwrap_or_default().min(LONG_WORD)
        }
        _ => cells.map(|cell| cell.chars().count()).max().unwrap_or_default(),
    }
}

fn tabular(columns: &[Column<'_>], rows: &[Vec<String>], width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // The last column has its gap too, which is cut off again.
    table.set_width(width + GAP as u16);
    table.set_header(columns.iter().map(|column| column.name().to_uppercase()));
    table.add_rows(rows.to_vec());
    for (place, column) in columns.iter().enumerate() {
        let Some(drawn) = table.column_mut(place) else { continue };
        drawn.set_padding((0, GAP as u16));
        match column {
            Column::Text(_) => {}
            Column::Whole(_) => _ = drawn.set_constraint(ColumnConstraint::ContentWidth),
            Column::Number(_) => {
                drawn.set_constraint(ColumnConstraint::ContentWidth).set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Each row with its first cell on a line of its own, and the others below, with their names.
fn records(columns: &[Column<'_>], rows: &[Vec<String>], width: usize) -> String {
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(row.first().cloned());
        let mut line = String::new();
        for (column, cell) in columns.iter().zip(row).skip(1) {
            let item = format!("{}: {cell}", column.name());
            if !line.is_empty() && line.chars().count() + GAP + item.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            line += if line.is_empty() { "    " } else { "  " };
            line += &item;
        }
        lines.push(line);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "22470e3b367beefdc057dfed04d95f0b";

    /// The tables of `job list`, `connector list`, `index list` and `sources dir`.
    fn all(width: u16) -> String {
        let jobs = crate::commands::JOBS;
        let rows = [
            [ID, "notes", "full", "completed", "+12 -0", "Nov 30 14:02"],
            [
                "7f3c",
                "orders of the shop",
                "access_control",
                "in_progress",
                "+12000000 -31",
                "2025-11-30 14:02",
            ],
        ];
        let row = |row: &[&str]| row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let mut tables = drawn(&jobs, rows.iter().map(|cells| row(cells)), width);
        let connector = [ID, "my notes", "dir", "notes", "needs_configuration", "completed", "Nov 30 14:02"];
        tables +=
            &("\n".to_owned() + &drawn(&crate::commands::CONNECTORS, [row(&connector)].into_iter(), width));
        let columns = [Column::Whole("index"), Column::Number("documents"), Column::Text("kept by")];
        let indices = [
            ["notes", "12", ID],
            ["a-long-name-of-an-index-2026", "not made yet", "`dir` of /srv/documents/notes"],
        ];
        tables += &("\n".to_owned() + &drawn(&columns, indices.iter().map(|cells| row(cells)), width));
        tables
    }

    #[test]
    fn tables_fit_a_hundred_columns_and_eighty_and_keep_ids_whole() {
        for width in [100, 80] {
            let tables = all(width);
            let wide: Vec<&str> = tables.lines().filter(|line| line.chars().count() > width.into()).collect();
            assert!(wide.is_empty(), "{wide:#?}");
            assert_eq!(tables.matches(ID).count(), 3, "{tables}");
            for word in ["access_control", "in_progress", "needs_configuration", "Nov 30 14:02"] {
                assert!(tables.contains(word), "{word}: {tables}");
            }
            expect_test::expect_file![format!("tables-{width}.txt")].assert_eq(&tables);
        }
    }
}
