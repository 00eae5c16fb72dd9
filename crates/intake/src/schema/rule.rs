//! A schema, read so that values can be checked against it.

use rendezhook_domain::json::{Json, Members as _, Shape};
use serde::Deserialize;

use super::{Findings, Step, instant};

/// What a schema demands of a value. Without any keyword everything fits.
///
/// Keywords that are not named here only describe (JSON Schema 2020-12, Core, section 6.5).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    types: Option<OneOrMany>,
    properties: Members,
    required: Vec<String>,
    items: Option<Box<Self>>,
    format: Option<Format>,
}

/// The members that a schema says something about, in its order.
#[derive(Debug, Default)]
struct Members(Vec<(String, Rule)>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Type),
    Many(Vec<Type>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Format {
    #[serde(rename = "date-time")]
    DateTime,
}

impl Rule {
    /// Notes what of a value does not fit. It goes no deeper than the schema, whatever the value is.
    pub(super) fn check<'a, J: Json>(&'a self, value: &J, findings: &mut Findings<'a>) {
        if findings.is_full() {
            return;
        }
        if let Some(types) = self.types.as_ref().map(OneOrMany::as_slice)
            && !types.iter().any(|wanted| wanted.is_type_of(&value.shape()))
        {
            return findings.add(format!("this must be {}, not {}", named(types), name_of(&value.shape())));
        }
        match value.shape() {
            Shape::Object(members) => self.check_members::<J>(members, findings),
            Shape::Array(values) => {
                let Some(rule) = &self.items else { return };
                for (place, value) in values.iter().enumerate() {
                    if findings.is_full() {
                        return;
                    }
                    findings.below(Step::Item(place), |findings| rule.check(value, findings));
                }
            }
            Shape::Text(text) if self.format == Some(Format::DateTime) && !instant::is_date_time(text) => {
                findings.add(
                    "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z",
                );
            }
            _ => {}
        }
    }

    fn check_members<'a, 'v, J: Json + 'v>(&'a self, members: J::Members<'v>, findings: &mut Findings<'a>) {
        for name in self.required.iter().filter(|name| members.get(name).is_none()) {
            findings.below(Step::Member(name), |findings| findings.add("this member is missing"));
        }
        for (name, rule) in &self.properties.0 {
            if let Some(value) = members.get(name) {
                findings.below(Step::Member(name), |findings| rule.check(value, findings));
            }
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = serde_json::Map::deserialize(deserializer)?;
        let read = |(name, schema)| Ok((name, Rule::deserialize(schema)?));
        let rules: Result<_, serde_json::Error> = members.into_iter().map(read).collect();
        rules.map(Self).map_err(serde::de::Error::custom)
    }
}

impl OneOrMany {
    const fn as_slice(&self) -> &[Type] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        }
    }
}

impl Type {
    fn is_type_of<J: Json>(self, value: &Shape<'_, J>) -> bool {
        match (self, value) {
            // 1.0 is an integer too (JSON Schema 2020-12, Validation, section 6.1.1).
            (Self::Integer, Shape::Number(number)) => {
                number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            (Self::Null, Shape::Null)
            | (Self::Boolean, Shape::Bool(_))
            | (Self::Number, Shape::Number(_))
            | (Self::String, Shape::Text(_))
            | (Self::Array, Shape::Array(_))
            | (Self::Object, Shape::Object(_)) => true,
            _ => false,
        }
    }

    /// As it stands in a sentence.
    const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

fn named(types: &[Type]) -> String {
    let names: Vec<&str> = types.iter().map(|wanted| wanted.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::from("left out"),
    }
}

const fn name_of<J: Json>(value: &Shape<'_, J>) -> &'static str {
    match value {
        Shape::Null => "null",
        Shape::Bool(true) => "true",
        Shape::Bool(false) => "false",
        Shape::Number(_) => "a number",
        Shape::Text(_) => "a string",
        Shape::Array(_) => "an array",
        Shape::Object(_) => "an object",
    }
}
