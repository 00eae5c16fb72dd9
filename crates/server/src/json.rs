//! JSON texts: read with errors that name the place, and measured without being parsed.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::failure::{Failure, FailureKind};

/// Reads a JSON text of a known form.
///
/// Text that is no JSON fails with its line and column, JSON of another form with a pointer to the wrong member.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, Failure> {
    read_from_line(text, 1)
}

/// As [`read`], for a text that begins on a later line of the body; lines count from 1.
pub(crate) fn read_from_line<'de, T: Deserialize<'de>>(
    text: &'de [u8],
    first_line: usize,
) -> Result<T, Failure> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let place = pointer(error.path());
        explain(place, &error.into_inner(), first_line)
    })?;
    deserializer.end().map_err(|error| explain(String::new(), &error, first_line))?;
    Ok(value)
}

/// A value that is written as a JSON object. By itself a derived type also takes an array of its members in their order,
/// which no documented request is.
pub(crate) struct ObjectOf<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Says what is wrong with a text at a place.
fn explain(mut place: String, error: &serde_json::Error, first_line: usize) -> Failure {
    let (line, column) = (error.line(), error.column());
    let position = format!(" at line {line} column {column}");
    let text = error.to_string();
    let reason = text.strip_suffix(&position).unwrap_or(&text);
    match error.classify() {
        Category::Data => {
            if let Some(name) = quoted_after(reason, "missing field `") {
                place.push('/');
                place.push_str(name);
                return Failure::field(place, "this member is missing");
            }
            Failure::field(place, reason)
        }
        Category::Eof if line <= 1 && column == 0 => {
            Failure::new(FailureKind::InvalidJson, "the body is empty; send a JSON text")
        }
        Category::Syntax | Category::Eof | Category::Io => {
            let line = line.saturating_add(first_line).saturating_sub(1);
            Failure::new(FailureKind::InvalidJson, format!("line {line}, column {column}: {reason}"))
        }
    }
}

/// The name between the beginning of a message and the next backquote.
fn quoted_after<'a>(message: &'a str, beginning: &str) -> Option<&'a str> {
    message.strip_prefix(beginning)?.split('`').next()
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// How deep arrays and objects of a valid JSON text are nested, if that is deeper than `limit`: 1 for a flat object, 0 for a number.
pub(crate) fn deeper_than(text: &str, limit: usize) -> Option<usize> {
    // No text is nested deeper than it has brackets, which are counted far faster than followed.
    let brackets = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if brackets <= limit {
        return None;
    }
    let depth = depth(text);
    (depth > limit).then_some(depth)
}

/// How deep arrays and objects are nested in a valid JSON text: 1 for a flat object, 0 for a number.
fn depth(text: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    let mut in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            // What a backslash escapes cannot end the string.
            b'\\' => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only the errors are looked at")]
        numbers: Vec<u8>,
    }

    fn failure(text: &str) -> (FailureKind, String) {
        let failure = read::<ObjectOf<Example>>(text.as_bytes()).map(|_| ()).unwrap_err();
        (failure.kind(), failure.detail().to_owned())
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            ("", FailureKind::InvalidJson, "the body is empty; send a JSON text"),
            ("{\"numbers\": [1}", FailureKind::InvalidJson, "line 1, column 15: expected `,` or `]`"),
            ("{\"numbers\": [1]} 7", FailureKind::InvalidJson, "line 1, column 18: trailing characters"),
            ("{}", FailureKind::InvalidFields, "/numbers: this member is missing"),
            ("[[1]]", FailureKind::InvalidFields, "invalid type: sequence, expected a JSON object"),
            (
                "{\"numbers\": [1, \"2\"]}",
                FailureKind::InvalidFields,
                "/numbers/1: invalid type: string \"2\", expected u8",
            ),
            (
                "{\"numbers\": [], \"name\": 1}",
                FailureKind::InvalidFields,
                "/name: unknown field `name`, expected `numbers`",
            ),
        ];
        for (text, kind, detail) in cases {
            assert_eq!(failure(text), (kind, detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn texts_that_are_nested_too_deep_are_found() {
        let cases = [
            ("7", 0, None),
            ("[[]]", 2, None),
            ("[[],[]]", 2, None),
            ("[[],[]]", 1, Some(2)),
            (r#"["[["]"#, 1, None),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(deeper_than(text, limit), expected, "{text}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        let cases = [
            ("7", 0),
            ("{}", 1),
            (r#"{"a":[1,{"b":[]}]}"#, 4),
            (r#"{"a":"[[[["}"#, 1),
            (r#"{"a":"\"[[","b":"\\"}"#, 1),
            ("[[],[]]", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(depth(text), expected, "{text}");
        }
    }
}
