//! Checks of single members of a body. All wrong members of a request are named at once.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::failure::{Failure, FieldError};

/// Collects what is wrong with a body.
#[derive(Default)]
pub(crate) struct FieldChecks {
    errors: Vec<FieldError>,
}

impl FieldChecks {
    /// Names a wrong member; `pointer` is a JSON pointer into the body.
    pub(crate) fn refuse(&mut self, pointer: impl Into<String>, detail: impl Display) {
        self.errors.push(FieldError { detail: detail.to_string(), pointer: pointer.into() });
    }

    /// Takes a checked member, or names what is wrong with it.
    pub(crate) fn check<T, E: Display>(
        &mut self,
        pointer: impl Into<String>,
        checked: Result<T, E>,
    ) -> Option<T> {
        checked.map_err(|error| self.refuse(pointer, error)).ok()
    }

    /// Reads a member from its text.
    pub(crate) fn parse<T: FromStr<Err: Display>>(
        &mut self,
        pointer: impl Into<String>,
        text: &str,
    ) -> Option<T> {
        self.check(pointer, text.parse())
    }

    /// A text of so many characters without control characters.
    pub(crate) fn text(&mut self, pointer: impl Into<String>, text: &str, minimum: usize, maximum: usize) {
        let characters = text.chars().count();
        if !(minimum..=maximum).contains(&characters) {
            self.refuse(
                pointer,
                format!("this text has {characters} characters; give it {minimum} to {maximum}"),
            );
        } else if text.chars().any(char::is_control) {
            self.refuse(pointer, "this text contains a control character; use printable characters only");
        }
    }

    /// Fails when anything was wrong.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::fields(self.errors)) }
    }

    /// The members, none of which is missing once nothing was wrong.
    pub(crate) fn finish_with<T>(self, members: Option<T>) -> Result<T, Failure> {
        self.finish()?;
        members.ok_or_else(|| Failure::field("", "a member is missing"))
    }
}

/// Tells a member that is null from one that is missing.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
