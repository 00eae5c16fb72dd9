//! What frameworks, editors and proxies do to a body, undone.

use std::borrow::Cow;
use std::fmt::Write;
use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What happened to a body between signing and capturing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyChange {
    /// A line end was put after it.
    TrailingNewlineAdded,
    /// The line end after it was taken away.
    TrailingNewlineRemoved,
    /// LF became CRLF.
    LineEndsBecameCrlf,
    /// CRLF became LF.
    LineEndsBecameLf,
    /// A byte order mark (U+FEFF) was put before it.
    ByteOrderMarkAdded,
    /// The byte order mark before it was taken away.
    ByteOrderMarkRemoved,
    /// It was parsed and written again; signed was the form given.
    Reserialised(JsonForm),
}

/// How a JSON document is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// No white space.
    Compact,
    /// No white space, and every character beyond ASCII as `\u` escape.
    CompactAscii,
    /// A space after every comma and colon, as Python's `json.dumps` writes.
    Spaced,
    /// The same, and every character beyond ASCII as `\u` escape, which is that function's default.
    SpacedAscii,
    /// A line an item, indented by two spaces.
    Indented,
    /// A line an item, indented by four spaces.
    IndentedByFour,
}

/// The bodies that may have been signed if `body` was captured: itself first, then what it may have
/// been made of, without repetitions.
pub(super) fn candidates(body: &[u8]) -> Vec<(Option<BodyChange>, Cow<'_, [u8]>)> {
    let mut candidates = vec![(None, Cow::Borrowed(body))];
    let mut offer = |change: BodyChange, candidate: Cow<'_, [u8]>| {
        if candidates.iter().all(|(_, known)| *known != candidate) {
            candidates.push((Some(change), Cow::Owned(candidate.into_owned())));
        }
    };
    if let Some(shorter) = body.strip_suffix(b"\n") {
        offer(BodyChange::TrailingNewlineAdded, shorter.into());
        offer(BodyChange::TrailingNewlineAdded, shorter.strip_suffix(b"\r").unwrap_or(shorter).into());
    }
    offer(BodyChange::TrailingNewlineRemoved, [body, b"\n"].concat().into());
    offer(BodyChange::TrailingNewlineRemoved, [body, b"\r\n"].concat().into());
    let with_lf = lf_line_ends(body);
    offer(BodyChange::LineEndsBecameLf, crlf_line_ends(&with_lf).into());
    offer(BodyChange::LineEndsBecameCrlf, with_lf.into());
    let without_mark = body.strip_prefix(BYTE_ORDER_MARK);
    match without_mark {
        Some(shorter) => offer(BodyChange::ByteOrderMarkAdded, shorter.into()),
        None => offer(BodyChange::ByteOrderMarkRemoved, [BYTE_ORDER_MARK, body].concat().into()),
    }
    if let Ok(value) = serde_json::from_slice::<Value>(without_mark.unwrap_or(body)) {
        for (form, text) in serialisations(&value) {
            offer(BodyChange::Reserialised(form), text.into_bytes().into());
        }
    }
    candidates
}

/// `value` in every form. The order of keys is kept; how numbers and escapes were written is not.
fn serialisations(value: &Value) -> Vec<(JsonForm, String)> {
    let compact = write_json(value, CompactFormatter);
    let spaced = write_json(value, SpacedFormatter);
    let indented = write_json(value, PrettyFormatter::new());
    let indented_by_four = write_json(value, PrettyFormatter::with_indent(b"    "));
    let forms = [
        (JsonForm::CompactAscii, compact.as_deref().map(ascii)),
        (JsonForm::SpacedAscii, spaced.as_deref().map(ascii)),
        (JsonForm::Compact, compact),
        (JsonForm::Spaced, spaced),
        (JsonForm::Indented, indented),
        (JsonForm::IndentedByFour, indented_by_four),
    ];
    // A document that is ASCII already is offered under its plainer name.
    let mut written: Vec<_> = forms.into_iter().filter_map(|(form, text)| Some((form, text?))).collect();
    written.sort_by_key(|(form, _)| matches!(form, JsonForm::CompactAscii | JsonForm::SpacedAscii));
    written
}

fn write_json(value: &Value, formatter: impl Formatter) -> Option<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter)).ok()?;
    String::from_utf8(bytes).ok()
}

/// Escapes every character beyond ASCII. In JSON such characters occur in strings only.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string can not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

fn lf_line_ends(body: &[u8]) -> Vec<u8> {
    let mut rest = body;
    let mut converted = Vec::with_capacity(body.len());
    while let Some((byte, after)) = rest.split_first() {
        if !(*byte == b'\r' && after.starts_with(b"\n")) {
            converted.push(*byte);
        }
        rest = after;
    }
    converted
}

fn crlf_line_ends(body_with_lf: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(body_with_lf.len());
    for byte in body_with_lf {
        if *byte == b'\n' {
            converted.push(b'\r');
        }
        converted.push(*byte);
    }
    converted
}

/// Writes `{"a": 1, "b": [1, 2]}`.
struct SpacedFormatter;

impl Formatter for SpacedFormatter {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
