//! Tables of text for people.

use super::terminal::{Terminal, Tone};

/// The space between two columns.
const GAP: &str = "  ";

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a tone of its own.
    pub(crate) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<Text: Into<String>> From<Text> for Cell {
    fn from(text: Text) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }
}

/// A table in the making.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Side)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: impl IntoIterator<Item = (&'static str, Side)>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; cells beyond the columns are left out.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).collect());
    }

    /// The lines of the table: the headings, then the rows.
    #[must_use]
    pub(crate) fn lines(&self, terminal: Terminal) -> Vec<String> {
        let headings: Vec<Cell> =
            self.columns.iter().map(|(text, _)| Cell::toned(Tone::Quiet, *text)).collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = std::iter::once(&headings).chain(&self.rows).filter_map(|row| row.get(column));
                cells.map(Cell::width).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: &Vec<Cell>| self.line(cells, &widths, terminal);
        std::iter::once(&headings).chain(&self.rows).map(line).collect()
    }

    fn line(&self, cells: &[Cell], widths: &[usize], terminal: Terminal) -> String {
        let mut line = String::new();
        for ((cell, width), (_, side)) in cells.iter().zip(widths).zip(&self.columns) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let text = terminal.paint(cell.tone, &cell.text);
            line.push_str(GAP);
            match side {
                Side::Left => line.extend([text, space]),
                Side::Right => line.extend([space, text]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let mut table = Table::new([("who", Side::Left), ("how many", Side::Right), ("state", Side::Left)]);
        table.row(["Zoé Lefèvre".into(), "7".into(), Cell::toned(Tone::Good, "delivered")]);
        table.row(["Jean".into(), "1,024".into(), "".into()]);
        let expected = [
            "  who          how many  state",
            "  Zoé Lefèvre         7  delivered",
            "  Jean            1,024",
        ];
        assert_eq!(table.lines(Terminal::PLAIN), expected);
    }

    #[test]
    fn a_short_row_and_a_long_one_do_no_harm() {
        let mut table = Table::new([("a", Side::Left), ("b", Side::Left)]);
        table.row(["1".into()]);
        table.row(["1".into(), "2".into(), "3".into()]);
        assert_eq!(table.lines(Terminal::PLAIN), ["  a  b", "  1", "  1  2"]);
    }
}
