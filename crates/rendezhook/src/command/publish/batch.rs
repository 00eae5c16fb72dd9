//! A file of actions as the requests that publish it.

use std::io::{BufRead, Read};
use std::mem;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::failure::PublishError;
use crate::command::input::{Input, InputError};

/// How many lines go into one request; the most a server takes.
pub(super) const MAXIMUM_LINES: usize = 10_000;

/// How long a request is, and so a line or a document, in MiB.
const MAXIMUM_MEBIBYTES: usize = 16;

/// The same in bytes.
const MAXIMUM_BYTES: usize = MAXIMUM_MEBIBYTES * 1024 * 1024;

/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The media type.
    pub(super) content_type: &'static str,
    /// The body.
    pub(super) bytes: Vec<u8>,
    /// The line in the file, counted from 1, on which each action begins.
    pub(super) items: Vec<usize>,
    /// It is one object.
    pub(super) is_single: bool,
}

/// The requests of a file, one after the other. Never holds more than one of them and one line.
pub(super) struct Batches {
    name: String,
    reader: Box<dyn BufRead>,
    lines_read: usize,
    state: State,
}

enum State {
    /// Nothing is read.
    Start,
    /// One action a line; this one is read and belongs to the next request.
    Lines(Line),
    /// All is read.
    End,
}

struct Line {
    number: usize,
    /// With its line end, if it has one.
    bytes: Vec<u8>,
}

impl Line {
    /// Whether it holds one JSON document.
    fn check(&self) -> Result<(), serde_json::Error> {
        serde_json::from_slice::<IgnoredAny>(self.bytes.trim_ascii_end()).map(|_json| ())
    }
}

impl Batches {
    /// Nothing is read yet.
    pub(super) fn new(input: Input) -> Self {
        Self { name: input.name, reader: input.reader, lines_read: 0, state: State::Start }
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, PublishError> {
        match mem::replace(&mut self.state, State::End) {
            State::End => Ok(None),
            State::Lines(first) => {
                first.check().map_err(|error| self.not_json(first.number, &error))?;
                self.lines(first, false).map(Some)
            }
            State::Start => {
                let mut first =
                    self.line()?.ok_or_else(|| PublishError::Empty { name: self.name.clone() })?;
                if first.bytes.starts_with(BYTE_ORDER_MARK) {
                    first.bytes.drain(..BYTE_ORDER_MARK.len());
                }
                // A line that is an object by itself is followed by others of its kind.
                let is_object = first.bytes.trim_ascii_start().starts_with(b"{") && first.check().is_ok();
                if is_object { self.lines(first, true).map(Some) } else { self.document(first).map(Some) }
            }
        }
    }

    /// Lines up to the bounds of a request, at least the first. A file of a single line is a single object.
    fn lines(&mut self, first: Line, is_start: bool) -> Result<Batch, PublishError> {
        let mut batch = Batch {
            content_type: "application/x-ndjson",
            bytes: first.bytes,
            items: vec![first.number],
            is_single: false,
        };
        while let Some(line) = self.line()? {
            let fits =
                batch.items.len() < MAXIMUM_LINES && batch.bytes.len() + line.bytes.len() <= MAXIMUM_BYTES;
            if !fits {
                self.state = State::Lines(line);
                return Ok(batch);
            }
            line.check().map_err(|error| self.not_json(line.number, &error))?;
            batch.items.push(line.number);
            batch.bytes.extend_from_slice(&line.bytes);
        }
        if is_start && batch.items.len() == 1 {
            batch.content_type = "application/json";
            batch.is_single = true;
        }
        Ok(batch)
    }

    /// One object or an array, over several lines as a rule.
    fn document(&mut self, first: Line) -> Result<Batch, PublishError> {
        let mut bytes = first.bytes;
        let rest = u64::try_from(MAXIMUM_BYTES - bytes.len().min(MAXIMUM_BYTES)).unwrap_or(0);
        let read = self.reader.by_ref().take(rest + 1).read_to_end(&mut bytes);
        read.map_err(|source| InputError::Read { name: self.name.clone(), source })?;
        if bytes.len() > MAXIMUM_BYTES {
            let advice = "write one action a line (NDJSON), then the file may be of any length";
            let name = self.name.clone();
            return Err(InputError::TooLong { name, limit_mebibytes: MAXIMUM_MEBIBYTES, advice }.into());
        }
        let broken = |error| self.not_json(first.number, &error);
        let is_array = bytes.trim_ascii_start().starts_with(b"[");
        let (items, is_single) = if is_array {
            let elements: Vec<&RawValue> = serde_json::from_slice(&bytes).map_err(broken)?;
            (lines_of(&elements, &bytes, first.number), false)
        } else {
            serde_json::from_slice::<IgnoredAny>(&bytes).map_err(broken)?;
            (vec![first.number], true)
        };
        Ok(Batch { content_type: "application/json", bytes, items, is_single })
    }

    /// What is wrong with a text that begins on this line of the file.
    fn not_json(&self, first_line: usize, error: &serde_json::Error) -> PublishError {
        let (line_in_text, column) = (error.line(), error.column());
        let told = error.to_string();
        let place_in_text = format!(" at line {line_in_text} column {column}");
        PublishError::NotJson {
            name: self.name.clone(),
            line: first_line + line_in_text.saturating_sub(1),
            column,
            reason: told.strip_suffix(&place_in_text).unwrap_or(&told).to_owned(),
            advice: String::new(),
        }
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Result<Option<Line>, PublishError> {
        loop {
            let mut bytes = Vec::new();
            let one_more = u64::try_from(MAXIMUM_BYTES).unwrap_or(u64::MAX).saturating_add(1);
            let read = self.reader.by_ref().take(one_more).read_until(b'\n', &mut bytes);
            read.map_err(|source| InputError::Read { name: self.name.clone(), source })?;
            if bytes.is_empty() {
                return Ok(None);
            }
            self.lines_read += 1;
            if bytes.len() > MAXIMUM_BYTES {
                let name = format!("line {} of {}", self.lines_read, self.name);
                let advice = "no server takes an action of that length";
                return Err(InputError::TooLong { name, limit_mebibytes: MAXIMUM_MEBIBYTES, advice }.into());
            }
            if !bytes.trim_ascii().is_empty() {
                return Ok(Some(Line { number: self.lines_read, bytes }));
            }
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, PublishError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// The line on which each element of a document begins.
fn lines_of(elements: &[&RawValue], document: &[u8], first_line: usize) -> Vec<usize> {
    let mut line = first_line;
    let mut position = 0;
    let start = document.as_ptr().addr();
    let mut lines = Vec::with_capacity(elements.len());
    for element in elements {
        let offset = element.get().as_ptr().addr() - start;
        let between = document.get(position..offset).unwrap_or_default();
        line += between.iter().filter(|byte| **byte == b'\n').count();
        position = offset;
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests;
