//! How deep the brackets of a query are nested.
//!
//! The parser calls itself for every bracket it opens, before any other limit can look at what it has read. So the brackets are
//! counted first, by a walk over the text that knows only strings, comments and brackets.

use async_graphql::Pos;

use crate::error::QueryError;
use crate::limits::MAXIMUM_NESTING;

/// Refuses a text whose brackets are nested too deep. Whether they match is left to the parser.
pub(crate) fn check(text: &str) -> Result<(), QueryError> {
    let mut rest = text;
    let mut open: usize = 0;
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '{' | '[' | '(' => {
                open += 1;
                if open > MAXIMUM_NESTING {
                    return Err(too_deep(text, rest));
                }
                1
            }
            '}' | ']' | ')' => {
                open = open.saturating_sub(1);
                1
            }
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => string_length(rest),
            other => other.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or("");
    }
    Ok(())
}

/// The length of the string or block string that a text begins with; of all the text when it does not end.
fn string_length(text: &str) -> usize {
    let (quote, escapes) = if text.starts_with("\"\"\"") { ("\"\"\"", "\\\"\"\"") } else { ("\"", "\\") };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(escapes) {
            // In a block string only the quotes themselves are escaped; in a string, any character.
            let escaped = if quote.len() == 1 { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
            at += escapes.len() + escaped;
        } else if rest.starts_with(quote) {
            return at + quote.len();
        } else if quote.len() == 1 && rest.starts_with(['\n', '\r']) {
            // A string ends with its line; the parser says that it is not closed.
            return at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn too_deep(text: &str, rest: &str) -> QueryError {
    let before = text.get(..text.len() - rest.len()).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |start| start.chars().count()) + 1;
    QueryError::at(Pos { line, column }, format!("brackets are nested more than {MAXIMUM_NESTING} deep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_brackets_that_are_open() {
        check(&"{a[b(c)]}".repeat(100)).unwrap();
        check(&"[".repeat(MAXIMUM_NESTING)).unwrap();
        let error = check(&format!("{{\n  {}", "[".repeat(MAXIMUM_NESTING))).unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 34: brackets are nested more than 32 deep");
    }

    #[test]
    fn brackets_in_strings_and_comments_are_text() {
        let deep = "[".repeat(100);
        for text in [
            format!("\"{deep}\""),
            format!("\"\\\"{deep}\""),
            format!("\"\"\"\n{deep} \\\"\"\" \" {deep}\"\"\""),
            format!("# {deep}\n{{a}}"),
        ] {
            check(&text).unwrap();
        }
    }

    #[test]
    fn a_closing_bracket_in_text_closes_nothing() {
        for closing in ["\"]\"", "\"\"\"]\"\"\"", "#]\n", "\"é]\"", "\"\\\\\" #]\n"] {
            assert!(check(&format!("[{closing}").repeat(MAXIMUM_NESTING + 1)).is_err(), "{closing}");
        }
        // A string that is not closed ends with its line.
        assert!(check(&"[\"]\n".repeat(MAXIMUM_NESTING + 1)).is_err());
    }
}
