//! What commands print: one place that writes to standard output.

use std::io::Write;

use serde_json::Value;

/// Prints a line. A closed standard output (`| head`) ends the printing, not the command.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut output = std::io::stdout().lock();
    let _closed = writeln!(output, "{}", text.as_ref());
}

/// Prints a JSON document for people and programs alike.
pub(crate) fn json(value: &Value) {
    line(format!("{value:#}"));
}

/// Prints a line beside the output, for people: to standard error.
pub(crate) fn note(text: impl AsRef<str>) {
    let mut output = std::io::stderr().lock();
    let _closed = writeln!(output, "{}", text.as_ref());
}

/// A text of somebody else with its control characters as escapes, so that it cannot command the terminal.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}
