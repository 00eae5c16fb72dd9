//! Whether and where two JSON values differ.

use serde_json::{Map, Number, Value};

/// How many differences are told at most.
pub const MAXIMUM_CHANGES: usize = 100;

/// How long the pointer to a difference is at most, in bytes. A difference that lies deeper is told by the pointer to what
/// contains it.
pub const MAXIMUM_POINTER_BYTES: usize = 1_024;

/// Whether two values are the same JSON: the order of keys means nothing, and 1, 1.0 and 1e0 are one number.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|counterpart| same(value, counterpart)))
        }
        _ => one == other,
    }
}

fn same_number(one: &Number, other: &Number) -> bool {
    // Whole numbers are compared exactly; as floating-point numbers large ones would meet their neighbours.
    one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
}

/// Whether two objects are the same apart from these keys; values that are not both objects are compared as they are.
pub(super) fn same_apart_from(ignored: &[&str], one: &Value, other: &Value) -> bool {
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return same(one, other);
    };
    let covered = |from: &Map<String, Value>, by: &Map<String, Value>| {
        from.iter()
            .filter(|(key, _)| !ignored.contains(&key.as_str()))
            .all(|(key, value)| by.get(key).is_some_and(|counterpart| same(value, counterpart)))
    };
    covered(one, other) && covered(other, one)
}

/// Pointers (RFC 6901) to what differs: the innermost value of each difference, a key or item that only one side has, at most
/// [`MAXIMUM_CHANGES`] of them. Items of arrays are compared place by place.
pub(super) fn pointers(before: &Value, after: &Value) -> Vec<String> {
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

    fn compare(&mut self, before: Option<&Value>, after: Option<&Value>) {
        if self.is_full() {
            return;
        }
        match (before, after) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => self.compare_objects(before, after),
            (Some(Value::Array(before)), Some(Value::Array(after))) => self.compare_arrays(before, after),
            (Some(before), Some(after)) if same(before, after) => {}
            _ => self.found.push(self.path.clone()),
        }
    }

    fn compare_objects(&mut self, before: &Map<String, Value>, after: &Map<String, Value>) {
        for (key, value) in after {
            self.enter(key, before.get(key), Some(value));
        }
        for (key, value) in before.iter().filter(|(key, _)| !after.contains_key(key.as_str())) {
            self.enter(key, Some(value), None);
        }
    }

    fn compare_arrays(&mut self, before: &[Value], after: &[Value]) {
        for place in 0..before.len().max(after.len()) {
            if self.is_full() {
                return;
            }
            self.enter(&place.to_string(), before.get(place), after.get(place));
        }
    }

    /// Compares what lies under one more segment of the path.
    fn enter(&mut self, segment: &str, before: Option<&Value>, after: Option<&Value>) {
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
    fn compare_unnamed(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let unchanged = matches!((before, after), (Some(before), Some(after)) if same(before, after));
        if !unchanged && !self.is_full() && self.found.last() != Some(&self.path) {
            self.found.push(self.path.clone());
        }
    }
}

#[cfg(test)]
mod tests;
