//! Asking an origin for the body of a delivery.

use serde_json::{Map, Value};

use rendezhook_domain::lifecycle::event_of;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Origin;

use crate::delivery::{BuildError, DeliveryContext};

/// What is sent to an origin.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginRequest<'a> {
    /// Where it goes, and how.
    pub origin: &'a Origin,
    /// The JSON document of the request, its placeholders replaced.
    pub document: Map<String, Value>,
}

/// The name of the member in which placeholders stand.
const VARIABLES: &str = "variables";

/// The request about this action. Placeholders are replaced inside strings of `variables` only, after the document was parsed, so
/// that no id can become a part of the query or of the document's structure.
pub(crate) fn origin_request<'a>(
    context: &DeliveryContext<'_>,
    origin: &'a Origin,
) -> Result<OriginRequest<'a>, BuildError> {
    let mut document: Map<String, Value> = serde_json::from_str(&origin.body).map_err(BuildError::Origin)?;
    let action = context.action;
    let resource: Value = serde_json::from_slice(&action.resource).map_err(BuildError::Resource)?;
    let event = event_of(action.kind, &action.resource_id, &resource).unwrap_or_default();
    let order = if action.kind == ResourceKind::Order { action.resource_id.as_str() } else { "" };
    let organization = context.organization.number.get().to_string();
    let values =
        [("%EVENT_ID%", event.as_ref()), ("%ORDER_ID%", order), ("%ORGANIZATION_ID%", organization.as_str())];
    if let Some(variables) = document.get_mut(VARIABLES) {
        replace(variables, &values);
    }
    Ok(OriginRequest { origin, document })
}

fn replace(value: &mut Value, values: &[(&str, &str); 3]) {
    match value {
        Value::String(text) => *text = replaced(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, values)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with each placeholder replaced once. What is put in is not looked at again, so that an id that looks like a placeholder stays
/// as it is.
fn replaced(text: &str, values: &[(&str, &str); 3]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        let (before, from_percent) = rest.split_at(start);
        result.push_str(before);
        let found = values.iter().find_map(|(placeholder, value)| {
            from_percent.strip_prefix(placeholder).map(|after| (*value, after))
        });
        let (put_in, after) = found.unwrap_or_else(|| from_percent.split_at(1));
        result.push_str(put_in);
        rest = after;
    }
    result.push_str(rest);
    result
}
