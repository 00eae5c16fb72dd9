//! Requests as they were received: headers in order and the exact bytes of the body.

mod json_lines;
mod raw;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::HeaderMap;
use thiserror::Error;

pub use json_lines::{AnswerRecord, CallRecord, JsonLineError, VerificationRecord};
pub use raw::RawRequestError;

/// Where a verifier reads headers from.
pub trait HeaderSource {
    /// The value of the first header of this name in whatever case, or `None` if there is none or
    /// it is not readable as text.
    fn header(&self, name: &str) -> Option<&str>;
}

impl HeaderSource for HeaderMap {
    fn header(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Headers in the order they were received. Repeated names are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderList(Vec<(String, String)>);

impl HeaderList {
    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl HeaderSource for HeaderList {
    fn header(&self, name: &str) -> Option<&str> {
        self.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl<Name: Into<String>, Value: Into<String>> FromIterator<(Name, Value)> for HeaderList {
    fn from_iter<Headers: IntoIterator<Item = (Name, Value)>>(headers: Headers) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl From<&HeaderMap> for HeaderList {
    /// Bytes of a value that are not UTF-8 become U+FFFD.
    fn from(headers: &HeaderMap) -> Self {
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect()
    }
}

/// One request as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedRequest {
    /// The method, if the capture has a request line.
    pub method: Option<String>,
    /// Path and query, if the capture has a request line.
    pub target: Option<String>,
    /// The headers in order.
    pub headers: HeaderList,
    /// The exact bytes of the body.
    pub body: Bytes,
}

impl CapturedRequest {
    /// Reads the text of one HTTP/1.1 request: an optional request line, headers, an empty line and
    /// the body, which reaches to the end. Lines of the head may end in LF alone.
    ///
    /// # Errors
    /// [`RawRequestError`] names the line that can not be read.
    pub fn from_raw(text: &[u8]) -> Result<Self, RawRequestError> {
        raw::parse(text)
    }

    /// Reads one line of the form [`Call::to_json_line`](crate::listener::Call::to_json_line) writes.
    ///
    /// # Errors
    /// [`JsonLineError`] if the line is not such a record.
    pub fn from_json_line(line: &[u8]) -> Result<Self, JsonLineError> {
        json_lines::parse(line)
    }
}

/// Reads a file of captured requests in either form: JSON lines if it starts with `{`, else the raw
/// text of one request.
///
/// # Errors
/// [`CaptureError`] says which line can not be read.
pub fn parse(file: &[u8]) -> Result<Vec<CapturedRequest>, CaptureError> {
    if !file.trim_ascii_start().starts_with(b"{") {
        return Ok(vec![CapturedRequest::from_raw(file)?]);
    }
    let lines = file.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(index, line)| {
            CapturedRequest::from_json_line(line)
                .map_err(|source| CaptureError::JsonLine { line: index.saturating_add(1), source })
        })
        .collect()
}

/// Why a file of captured requests can not be read.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The file is the text of a request, and something in it is wrong.
    #[error("the file can not be read as the text of an HTTP request")]
    Raw(#[from] RawRequestError),
    /// The file is JSON lines, and one of them is wrong.
    #[error("line {line} is not a record that `rendezhook listen` writes")]
    JsonLine {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: JsonLineError,
    },
}
