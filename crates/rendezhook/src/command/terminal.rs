//! Colours and live lines, where there is somebody to see them.

use std::io::{IsTerminal, Write};

/// What a piece of text says, and so how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// A heading, or what matters.
    Strong,
    /// What can be passed over.
    Quiet,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// It is not decided yet.
    Open,
}

/// What standard output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    colors: bool,
    live: bool,
}

impl Terminal {
    /// Text alone: a file or a pipe.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { colors: false, live: false };

    /// Looks at standard output and the environment (`NO_COLOR`, see no-color.org, and `TERM`).
    #[must_use]
    pub(crate) fn of_standard_output() -> Self {
        let live =
            std::io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|name| name != "dumb");
        let colors = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colors, live }
    }

    /// Whether colours are shown.
    #[must_use]
    pub(crate) fn has_colors(self) -> bool {
        self.colors
    }

    /// Whether lines that were printed can be printed over.
    #[must_use]
    pub(crate) fn is_live(self) -> bool {
        self.live
    }

    /// Shows what is going on until the next call or [`clear_status`](Self::clear_status), if lines can be printed over.
    pub(crate) fn status(self, text: &str) {
        if self.live {
            let text = self.paint(Tone::Quiet, text);
            show(&format!("\r\x1b[2K{text} …"));
        }
    }

    /// Takes the status away.
    pub(crate) fn clear_status(self) {
        if self.live {
            show("\r\x1b[2K");
        }
    }

    /// The text in its tone.
    #[must_use]
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Open => "33",
        };
        if self.colors { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Shows text without a line end at once. A closed standard output ends the showing, not the command.
fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let _closed = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_only_with_colors() {
        let colored = Terminal { colors: true, live: true };
        assert_eq!(colored.paint(Tone::Good, "ok"), "\x1b[32mok\x1b[0m");
        assert_eq!(colored.paint(Tone::Plain, "ok"), "ok");
        assert_eq!(Terminal::PLAIN.paint(Tone::Good, "ok"), "ok");
    }
}
