//! From a body to its items: one object, an array of objects, or an object a line.

use bytes::Bytes;
use rendezhook_intake::Item;
use serde::Deserialize;

use super::item::WrittenItem;
use crate::body::Payload;
use crate::failure::{Failure, FailureKind};
use crate::json::{self, ObjectOf};
use crate::native::fields::FieldChecks;
use crate::options::BodyLimits;

/// A shared piece of a body keeps the whole body in memory as long as a delivery carries it; pieces of longer bodies are
/// copied instead.
const MAXIMUM_SHARED_BODY_BYTES: usize = 16 * 1024;

/// Reads and checks every item of a body.
///
/// Pointers in failures begin with the item's place, counted from 0, unless the body is a single object.
pub(super) fn items(payload: &Payload, limits: &BodyLimits) -> Result<Vec<Item>, Failure> {
    let body = &payload.bytes;
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail =
            format!("the body is not UTF-8: the byte at position {} is not valid", error.valid_up_to());
        Failure::new(FailureKind::InvalidJson, detail)
    })?;
    let share = |piece: &str| {
        if body.len() <= MAXIMUM_SHARED_BODY_BYTES {
            body.slice_ref(piece.as_bytes())
        } else {
            Bytes::copy_from_slice(piece.as_bytes())
        }
    };
    let mut checks = FieldChecks::default();
    let checked = match form(payload) {
        Form::Lines => checked_all(&lines(text, limits)?, limits, share, &mut checks),
        Form::Array => checked_all(&array(text, limits)?, limits, share, &mut checks),
        Form::Single => {
            let ObjectOf::<WrittenItem<'_>>(written) = quick(text, 1)?;
            written.checked("", limits, share, &mut checks).into_iter().collect()
        }
    };
    checks.finish()?;
    if checked.is_empty() {
        return Err(Failure::field("", "there is no action in the body; send at least one"));
    }
    Ok(checked)
}

/// How items stand in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object.
    Single,
    /// An array of objects.
    Array,
    /// An object a line.
    Lines,
}

/// How the items of this body stand in it.
pub(super) fn form(payload: &Payload) -> Form {
    if payload.is_lines {
        return Form::Lines;
    }
    if payload.bytes.trim_ascii_start().starts_with(b"[") { Form::Array } else { Form::Single }
}

fn checked_all<'a>(
    written: &[ObjectOf<WrittenItem<'a>>],
    limits: &BodyLimits,
    share: impl Fn(&'a str) -> Bytes,
    checks: &mut FieldChecks,
) -> Vec<Item> {
    let place = |index: usize| format!("/{index}");
    written
        .iter()
        .enumerate()
        .filter_map(|(index, ObjectOf(item))| item.checked(&place(index), limits, &share, checks))
        .collect()
}

fn array<'a>(text: &'a str, limits: &BodyLimits) -> Result<Vec<ObjectOf<WrittenItem<'a>>>, Failure> {
    let written: Vec<ObjectOf<WrittenItem<'a>>> = quick(text, 1)?;
    if written.len() > limits.items {
        return Err(too_many(limits));
    }
    Ok(written)
}

/// Reads an item from every line; blank lines are passed over and not counted.
fn lines<'a>(text: &'a str, limits: &BodyLimits) -> Result<Vec<ObjectOf<WrittenItem<'a>>>, Failure> {
    let mut written = Vec::new();
    let numbered = text.split('\n').map(str::trim_ascii).zip(1..);
    for (line, number) in numbered.filter(|(line, _)| !line.is_empty()) {
        let index = written.len();
        if index >= limits.items {
            return Err(too_many(limits));
        }
        if line.len() > limits.resource_bytes {
            let detail =
                format!("this line has {} bytes; at most {} are allowed", line.len(), limits.resource_bytes);
            return Err(Failure::field(format!("/{index}"), detail));
        }
        let item = quick(line, number).map_err(|failure| failure.below(&format!("/{index}")))?;
        written.push(item);
    }
    Ok(written)
}

fn too_many(limits: &BodyLimits) -> Failure {
    Failure::new(
        FailureKind::BodyTooLarge,
        format!("one request may publish {} actions; send the rest in further ones", limits.items),
    )
}

/// Reads a text without looking for the place of errors; a text that is wrong is read once more to find it.
fn quick<'a, T: Deserialize<'a>>(text: &'a str, first_line: usize) -> Result<T, Failure> {
    serde_json::from_str(text).or_else(|_wrong| json::read_from_line(text.as_bytes(), first_line))
}
