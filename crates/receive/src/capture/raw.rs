//! The text of one HTTP/1.1 request (RFC 9112), as a debugging proxy or an editor saves it.

use bytes::Bytes;
use thiserror::Error;

use super::{CapturedRequest, HeaderList, HeaderSource};

/// Why a text is not a request. Lines are counted from 1.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RawRequestError {
    /// No empty line ends the headers, so that the body can not be told from them.
    #[error("no empty line ends the headers: put one between the last header and the body")]
    NoEmptyLine,
    /// The head is not UTF-8.
    #[error("line {0} is not UTF-8")]
    NotText(usize),
    /// A line is neither a request line nor `name: value`.
    #[error("line {0} is not of the form `name: value`")]
    NotAHeader(usize),
    /// The body is still in chunks, so that its bytes are not the ones that were signed.
    #[error("the body is in chunks (`transfer-encoding: chunked`): save it decoded, and remove that header")]
    Chunked,
}

pub(super) fn parse(text: &[u8]) -> Result<CapturedRequest, RawRequestError> {
    let mut method = None;
    let mut target = None;
    let mut headers = Vec::new();
    let mut rest = text;
    for number in 1_usize.. {
        let (line, after) = split_line(rest).ok_or(RawRequestError::NoEmptyLine)?;
        rest = after;
        if line.is_empty() {
            break;
        }
        let line = str::from_utf8(line).map_err(|_invalid| RawRequestError::NotText(number))?;
        if number == 1
            && let Some(request_line) = request_line(line)
        {
            method = Some(request_line.0.to_owned());
            target = Some(request_line.1.to_owned());
            continue;
        }
        let (name, value) = header(line).ok_or(RawRequestError::NotAHeader(number))?;
        headers.push((name, value));
    }
    let headers: HeaderList = headers.into_iter().collect();
    if headers.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return Err(RawRequestError::Chunked);
    }
    Ok(CapturedRequest { method, target, headers, body: Bytes::copy_from_slice(rest) })
}

/// The bytes before the next LF, without a CR before it, and those after it.
fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = text.split_at_checked(end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), after.strip_prefix(b"\n")?))
}

fn request_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let complete = words.next().is_none() && version.starts_with("HTTP/");
    complete.then_some((method, target))
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then_some((name, value.trim_matches([' ', '\t'])))
}
