//! Reading the fields of an object, with what is wrong collected by place.

use serde_json::{Map, Value};

use rendezhook_domain::subscription::RequestMethod;
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::error::{InvalidField, RequestError};

/// How much of a client's text is repeated to it.
const REPEATED_CHARACTERS: usize = 80;

/// The longest URL, in bytes.
const MAXIMUM_URL_BYTES: usize = 1_000;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<InvalidField>);

impl Problems {
    /// What was read, if nothing was wrong with it.
    pub(super) fn or<T>(self, read: Option<T>) -> Result<T, RequestError> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(RequestError::Invalid(self.0)),
        }
    }

    pub(super) fn add(&mut self, place: String, sentence: impl Into<String>) {
        self.0.push(InvalidField { place, sentence: sentence.into() });
    }
}

/// The object that a body is.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, RequestError> {
    match serde_json::from_slice(body).map_err(RequestError::InvalidJson)? {
        Value::Object(members) => Ok(members),
        _ => Err(RequestError::NotAnObject),
    }
}

/// The members of an object, and where it stands in the body.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    /// Empty for the body itself, else with the dot that follows: `hooks[1].`.
    prefix: String,
}

impl<'a> Fields<'a> {
    /// The fields of the body itself.
    pub(super) const fn of_body(members: &'a Map<String, Value>) -> Self {
        Self { members, prefix: String::new() }
    }

    /// The fields of an object that stands at `place`; anything else there is a problem.
    pub(super) fn of(value: &'a Value, place: String, problems: &mut Problems) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { members, prefix: format!("{place}.") }),
            _ => {
                problems.add(place, "must be a JSON object");
                None
            }
        }
    }

    /// Where a field stands in the body.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A field that may be missing; null counts as missing.
    pub(super) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A mandatory field.
    pub(super) fn mandatory(&self, name: &str, problems: &mut Problems) -> Option<&'a Value> {
        let value = self.optional(name);
        if value.is_none() {
            problems.add(self.place(name), "is missing");
        }
        value
    }

    /// The fields of an object that may be missing.
    pub(super) fn optional_object(&self, name: &str, problems: &mut Problems) -> Option<Self> {
        Self::of(self.optional(name)?, self.place(name), problems)
    }

    /// The fields of a mandatory object.
    pub(super) fn object(&self, name: &str, problems: &mut Problems) -> Option<Self> {
        Self::of(self.mandatory(name, problems)?, self.place(name), problems)
    }

    /// A mandatory text of 1 to `maximum` characters.
    pub(super) fn text(&self, name: &str, maximum: usize, problems: &mut Problems) -> Option<&'a str> {
        let text = self.string(name, problems)?;
        let length = text.chars().count();
        if (1..=maximum).contains(&length) {
            return Some(text);
        }
        problems.add(self.place(name), format!("has {length} characters; it must have 1 to {maximum}"));
        None
    }

    /// A text of up to `maximum` characters that may be missing and may be empty.
    pub(super) fn optional_text(
        &self,
        name: &str,
        maximum: usize,
        problems: &mut Problems,
    ) -> Option<&'a str> {
        self.optional(name)?;
        let text = self.string(name, problems)?;
        let length = text.chars().count();
        if length <= maximum {
            return Some(text);
        }
        problems.add(self.place(name), format!("has {length} characters; it may have at most {maximum}"));
        None
    }

    /// A mandatory string of any length.
    pub(super) fn string(&self, name: &str, problems: &mut Problems) -> Option<&'a str> {
        let text = self.mandatory(name, problems)?.as_str();
        if text.is_none() {
            problems.add(self.place(name), "must be a string");
        }
        text
    }

    /// A mandatory URL that `policy` lets pass, of at most 1,000 bytes.
    pub(super) fn url(
        &self,
        name: &str,
        policy: &TargetPolicy,
        problems: &mut Problems,
    ) -> Option<TargetUrl> {
        let text = self.string(name, problems)?;
        let maximum = policy.maximum_length().min(MAXIMUM_URL_BYTES);
        let url = TargetUrl::parse(text, &policy.clone().with_maximum_length(maximum));
        url.map_err(|error| problems.add(self.place(name), error.to_string())).ok()
    }

    /// A mandatory method.
    pub(super) fn method(&self, name: &str, problems: &mut Problems) -> Option<RequestMethod> {
        let method = self.string(name, problems)?.parse::<RequestMethod>();
        method.map_err(|error| problems.add(self.place(name), error.to_string())).ok()
    }

    /// An id that may be missing: a string, or a whole number, which is read as its digits.
    pub(super) fn optional_id(&self, name: &str, problems: &mut Problems) -> Option<String> {
        match self.optional(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => {
                problems.add(self.place(name), "must be a string or a whole number");
                None
            }
        }
    }
}

/// The beginning of a client's text, short enough to be repeated to it.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(REPEATED_CHARACTERS).collect()
}
