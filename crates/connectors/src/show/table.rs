//! Tables that fit where they are shown.

use std::io::{IsTerminal, stdout};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use super::{output, plain};

/// The width of a table that no terminal shows.
const WIDTH: u16 = 100;

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

/// A table as its lines: names above, no rules, two spaces between columns.
pub(super) fn drawn(columns: &[Column<'_>], rows: impl Iterator<Item = Vec<String>>, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(columns.iter().map(|column| column.name().to_uppercase()));
    table.add_rows(rows.map(|row| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>()));
    for (place, column) in columns.iter().enumerate() {
        let Some(drawn) = table.column_mut(place) else { continue };
        drawn.set_padding((0, 2));
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
