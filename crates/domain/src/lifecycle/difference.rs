//! Whether and where two JSON values differ.

use serde_json::Number;

use crate::json::{Json, Members, Shape};

/// How many differences are told at most.
pub const MAXIMUM_CHANGES: usize = 100;

/// How long the pointer to a difference is at most, in bytes. A difference that lies deeper is told by the pointer to what
/// contains it.
pub const MAXIMUM_POINTER_BYTES: usize = 1_024;

/// Whether two values are the same JSON: the order of keys means nothing, and 1, 1.0 and 1e0 are one number.
pub(super) fn same<J: Json>(one: &J, other: &J) -> bool {
    match (one.shape(), other.shape()) {
        (Shape::Null, Shape::Null) => true,
        (Shape::Bool(one), Shape::Bool(other)) => one == other,
        (Shape::Number(one), Shape::Number(other)) => same_number(one, other),
        (Shape::Text(one), Shape::Text(other)) => one == other,
        (Shape::Array(one), Shape::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Shape::Object(one), Shape::Object(other)) => {
            one.count() == other.count()
                && one
                    .each()
                    .all(|(key, value)| other.get(key).is_some_and(|counterpart| same(value, counterpart)))
        }
        _ => false,
    }
}

fn same_number(one: &Number, other: &Number) -> bool {
    // Whole numbers are compared exactly; as floating-point numbers large ones would meet their neighbours.
    one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
}

/// Whether two objects are the same apart from these keys; values that are not both objects are compared as they are.
pub(super) fn same_apart_from<J: Json>(ignored: &[&str], one: &J, other: &J) -> bool {
    let (Shape::Object(members), Shape::Object(others)) = (one.shape(), other.shape()) else {
        return same(one, other);
    };
    let covered = |from: J::Members<'_>, by: J::Members<'_>| {
        from.each()
            .filter(|(key, _)| !ignored.contains(key))
            .all(|(key, value)| by.get(key).is_some_and(|counterpart| same(value, counterpart)))
    };
    covered(members, others) && covered(others, members)
}

/// Pointers (RFC 6901) to what differs: the innermost value of each difference, a key or item that only one side has, at most
/// [`MAXIMUM_CHANGES`] of them. Items of arrays are compared place by place.
pub(super) fn pointers<J: Json>(before: &J, after: &J) -> Vec<String> {
    let mut walk = Walk { path: String::new(), found: Vec::new() };
    walk.compare(Some(before), Some(after));
    walk.found
}

struct Walk {
    path: String,
    found: Vec<String>,
}

impl Walk {
    fn is_full(&self) -> bool {
        self.found.len() >= MAXIMUM_CHANGES
    }

    fn compare<J: Json>(&mut self, before: Option<&J>, after: Option<&J>) {
        if self.is_full() {
            return;
        }
        let (Some(before), Some(after)) = (before, after) else {
            return self.found.push(self.path.clone());
        };
        match (before.shape(), after.shape()) {
            (Shape::Object(before), Shape::Object(after)) => self.compare_objects::<J>(before, after),
            (Shape::Array(before), Shape::Array(after)) => self.compare_arrays(before, after),
            _ if same(before, after) => {}
            _ => self.found.push(self.path.clone()),
        }
    }

    fn compare_objects<'a, J: Json + 'a>(&mut self, before: J::Members<'a>, after: J::Members<'a>) {
        for (key, value) in after.each() {
            self.enter(key, before.get(key), Some(value));
        }
        for (key, value) in before.each().filter(|(key, _)| after.get(key).is_none()) {
            self.enter(key, Some(value), None);
        }
    }

    fn compare_arrays<J: Json>(&mut self, before: &[J], after: &[J]) {
        for place in 0..before.len().max(after.len()) {
            if self.is_full() {
                return;
            }
            self.enter(&place.to_string(), before.get(place), after.get(place));
        }
    }

    /// Compares what lies under one more segment of the path.
    fn enter<J: Json>(&mut self, segment: &str, before: Option<&J>, after: Option<&J>) {
        let length_outside = self.path.len();
        self.path.push('/');
        for character in segment.chars() {
            match character {
                '~' => self.path.push_str("~0"),
                '/' => self.path.push_str("~1"),
                other => self.path.push(other),
            }
        }
        if self.path.len() <= MAXIMUM_POINTER_BYTES {
            self.compare(before, after);
            self.path.truncate(length_outside);
        } else {
            self.path.truncate(length_outside);
            self.compare_unnamed(before, after);
        }
    }

    /// Compares what has no pointer of its own because that would be too long: its container is pointed at, once.
    fn compare_unnamed<J: Json>(&mut self, before: Option<&J>, after: Option<&J>) {
        let unchanged = matches!((before, after), (Some(before), Some(after)) if same(before, after));
        if !unchanged && !self.is_full() && self.found.last() != Some(&self.path) {
            self.found.push(self.path.clone());
        }
    }
}

#[cfg(test)]
mod tests;
