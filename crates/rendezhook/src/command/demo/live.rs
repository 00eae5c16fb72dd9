//! Lines that are drawn over and over in one place.

use std::io::Write;

/// Lines at the end of what a terminal shows. Each drawing takes the place of the one before.
#[derive(Debug, Default)]
pub(super) struct LiveLines {
    drawn: usize,
}

impl LiveLines {
    /// Draws these lines. A closed standard output ends the drawing, not the command.
    pub(super) fn draw(&mut self, lines: &[String]) {
        let text = frame(self.drawn, lines);
        self.drawn = lines.len();
        let mut output = std::io::stdout().lock();
        let _closed = output.write_all(text.as_bytes()).and_then(|()| output.flush());
    }
}

/// Goes up to where the last drawing began, and draws. Long lines are cut off at the edge meanwhile instead of wrapped, so
/// that going up meets the right line whatever the width of the terminal is.
fn frame(drawn: usize, lines: &[String]) -> String {
    let mut text = String::from("\x1b[?7l");
    if drawn > 0 {
        text.push_str(&format!("\x1b[{drawn}A"));
    }
    for line in lines {
        text.push_str(&format!("\r\x1b[2K{line}\n"));
    }
    text.push_str("\x1b[0J\x1b[?7h");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_takes_the_place_of_the_one_before() {
        let lines = ["a".to_owned(), "b".to_owned()];
        assert_eq!(frame(0, &lines), "\x1b[?7l\r\x1b[2Ka\n\r\x1b[2Kb\n\x1b[0J\x1b[?7h");
        assert!(frame(2, &lines).starts_with("\x1b[?7l\x1b[2A\r"));
    }
}
