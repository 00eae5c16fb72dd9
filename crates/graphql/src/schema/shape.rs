//! What JSON Schemas say, as far as GraphQL can tell it.
//!
//! Of a JSON Schema `type`, `properties`, `items` and `description` are read. A value whose type depends on the publisher,
//! or about which nothing is said, is passed on as JSON.

use serde_json::Value;

/// What a value looks like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A text.
    Text,
    /// Yes or no.
    Boolean,
    /// An id: a text or an integer.
    Identifier,
    /// Any of these types.
    Json(Vec<JsonType>),
    /// An object with known members.
    Object(ObjectShape),
    /// A list of elements of one shape.
    List(Box<Shape>),
}

/// An object with known members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ObjectShape {
    /// Its name as a GraphQL type.
    pub(super) type_name: String,
    pub(super) description: Option<String>,
    pub(super) fields: Vec<FieldShape>,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldShape {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) shape: Shape,
}

/// A type of JSON Schema that is not null: every field may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonType {
    Boolean,
    String,
    Integer,
    Number,
    Array,
    Object,
}

impl JsonType {
    /// Whether a value has this type.
    pub(super) fn matches(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl ObjectShape {
    /// Reads the text of a JSON Schema of objects. The error is a sentence.
    pub(super) fn read(type_name: &str, text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match shape(type_name, &schema)? {
            Shape::Object(object) => Ok(object),
            _ => Err("it is no object with properties".to_owned()),
        }
    }

    /// The object shapes within it, at any depth.
    pub(super) fn nested(&self) -> Vec<&Self> {
        let direct = self.fields.iter().filter_map(|field| field.shape.object());
        direct.flat_map(|object| std::iter::once(object).chain(object.nested())).collect()
    }
}

impl Shape {
    /// The object that it is, or that its elements are.
    fn object(&self) -> Option<&ObjectShape> {
        match self {
            Self::Object(object) => Some(object),
            Self::List(element) => element.object(),
            Self::Text | Self::Boolean | Self::Identifier | Self::Json(_) => None,
        }
    }
}

fn shape(type_name: &str, schema: &Value) -> Result<Shape, String> {
    let types = types(schema)?;
    Ok(match types.as_slice() {
        [JsonType::String] => Shape::Text,
        [JsonType::Boolean] => Shape::Boolean,
        [JsonType::String, JsonType::Integer] => Shape::Identifier,
        [JsonType::Object] => match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => {
                let fields = properties.iter().map(|(name, schema)| field(type_name, name, schema));
                Shape::Object(ObjectShape {
                    type_name: type_name.to_owned(),
                    description: description(schema),
                    fields: fields.collect::<Result<_, _>>()?,
                })
            }
            None => Shape::Json(types),
        },
        [JsonType::Array] => {
            let element = match schema.get("items") {
                // The type of the elements of "dates" is a date.
                Some(items) => shape(type_name.strip_suffix('s').unwrap_or(type_name), items)?,
                None => Shape::Json(Vec::new()),
            };
            Shape::List(Box::new(element))
        }
        _ => Shape::Json(types),
    })
}

fn field(owner: &str, name: &str, schema: &Value) -> Result<FieldShape, String> {
    let type_name = format!("{owner}{}", capitalized(name));
    Ok(FieldShape {
        name: name.to_owned(),
        description: description(schema),
        shape: shape(&type_name, schema)?,
    })
}

fn description(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(str::to_owned)
}

/// The types of a schema in its order, without null; none when it does not say.
fn types(schema: &Value) -> Result<Vec<JsonType>, String> {
    let names: Vec<&Value> = match schema.get("type") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().collect(),
        Some(name) => vec![name],
    };
    let known = names.into_iter().filter(|name| name.as_str() != Some("null"));
    known.map(json_type).collect()
}

fn json_type(name: &Value) -> Result<JsonType, String> {
    Ok(match name.as_str() {
        Some("boolean") => JsonType::Boolean,
        Some("string") => JsonType::String,
        Some("integer") => JsonType::Integer,
        Some("number") => JsonType::Number,
        Some("array") => JsonType::Array,
        Some("object") => JsonType::Object,
        _ => return Err(format!("{name} is not a type")),
    })
}

/// `order_details` as `OrderDetails`.
fn capitalized(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}
