//! JSON values as they are looked at, however they are held: as a tree of their own, or borrowed from the body they came in.
//!
//! What a resource means is asked of the trait [`Json`], so that nothing of a body has to be copied to be understood.

mod borrowed;

pub use self::borrowed::{BorrowedJson, BorrowedObject};

use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// A JSON value.
///
/// An object has each name once: of members that are written twice the last counts, as it does for [`serde_json::Value`].
pub trait Json: Sized {
    /// The members of an object.
    type Members<'a>: Members<'a, Self>
    where
        Self: 'a;

    /// What the value is.
    fn shape(&self) -> Shape<'_, Self>;

    /// A member of an object.
    fn get(&self, name: &str) -> Option<&Self> {
        match self.shape() {
            Shape::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The value at a JSON pointer (RFC 6901).
    fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut segments = pointer.strip_prefix('/')?.split('/');
        segments.try_fold(self, |value, segment| {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            match value.shape() {
                Shape::Object(members) => members.get(&segment),
                Shape::Array(items) => items.get(index(&segment)?),
                _ => None,
            }
        })
    }

    /// The text that it is.
    fn as_str(&self) -> Option<&str> {
        match self.shape() {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value that it is.
    fn as_bool(&self) -> Option<bool> {
        match self.shape() {
            Shape::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    /// The items of the array that it is.
    fn as_array(&self) -> Option<&[Self]> {
        match self.shape() {
            Shape::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// What a JSON value is.
pub enum Shape<'a, J: Json + 'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(&'a Number),
    /// A string.
    Text(&'a str),
    /// An array with its items.
    Array(&'a [J]),
    /// An object with its members.
    Object(J::Members<'a>),
}

/// The members of an object, each name once, in the order in which they are written.
pub trait Members<'a, J: 'a>: Copy {
    /// How many there are.
    fn count(self) -> usize;

    /// The value under a name.
    fn get(self, name: &str) -> Option<&'a J>;

    /// Each name with its value.
    fn each(self) -> impl Iterator<Item = (&'a str, &'a J)>;
}

/// The place of an item that a segment of a pointer names: digits without a zero in front.
fn index(segment: &str) -> Option<usize> {
    let is_plain = segment.bytes().all(|byte| byte.is_ascii_digit());
    let is_padded = segment.len() > 1 && segment.starts_with('0');
    if is_plain && !is_padded { segment.parse().ok() } else { None }
}

impl Json for Value {
    type Members<'a> = &'a Map<String, Self>;

    fn shape(&self) -> Shape<'_, Self> {
        match self {
            Self::Null => Shape::Null,
            Self::Bool(flag) => Shape::Bool(*flag),
            Self::Number(number) => Shape::Number(number),
            Self::String(text) => Shape::Text(text),
            Self::Array(items) => Shape::Array(items),
            Self::Object(members) => Shape::Object(members),
        }
    }
}

impl<'a> Members<'a, Value> for &'a Map<String, Value> {
    fn count(self) -> usize {
        self.len()
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        Map::get(self, name)
    }

    fn each(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// A value to be written as compact JSON.
pub(crate) struct Written<'a, J>(pub(crate) &'a J);

impl<J: Json> Serialize for Written<'_, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.shape() {
            Shape::Null => serializer.serialize_unit(),
            Shape::Bool(flag) => serializer.serialize_bool(flag),
            Shape::Number(number) => number.serialize(serializer),
            Shape::Text(text) => serializer.serialize_str(text),
            Shape::Array(items) => serializer.collect_seq(items.iter().map(Written)),
            Shape::Object(members) => {
                serializer.collect_map(members.each().map(|(name, value)| (name, Written(value))))
            }
        }
    }
}

#[cfg(test)]
mod tests;
