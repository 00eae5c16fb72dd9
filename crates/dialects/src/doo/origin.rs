//! Asking an origin for the body of a delivery.

mod document;
mod placeholder;

use std::borrow::Cow;

use serde_json::{Map, Value};

use rendezhook_domain::lifecycle::event_of;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Origin;

pub use self::document::{
    DocumentError, MAXIMUM_ORIGIN_BODY_BYTES, MAXIMUM_ORIGIN_BODY_DEPTH, check, question,
};
use self::document::{VARIABLES, question_of};
use self::placeholder::Placeholder;
use crate::delivery::{BuildError, DeliveryContext, Question};

/// What is sent to an origin.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginRequest<'a> {
    /// Where it goes, and how.
    pub origin: &'a Origin,
    /// The JSON document of the request, its placeholders replaced.
    pub document: Map<String, Value>,
}

impl OriginRequest<'_> {
    /// The request as a question to our own GraphQL, for an origin that is this server.
    ///
    /// # Errors
    /// When the document has no `query`.
    pub fn question(&self) -> Result<Question, DocumentError> {
        question_of(&self.document)
    }
}

/// The request about this action. An order that names no event has an empty text for it.
pub(crate) fn origin_request<'a>(
    context: &DeliveryContext<'_>,
    origin: &'a Origin,
) -> Result<OriginRequest<'a>, BuildError> {
    let action = context.action;
    let resource: Value = serde_json::from_slice(&action.resource).map_err(BuildError::Resource)?;
    let ids = Ids {
        event: event_of(action.kind, &action.resource_id, &resource).unwrap_or_default(),
        order: if action.kind == ResourceKind::Order { action.resource_id.as_str() } else { "" },
        organization: context.organization.number.get().to_string(),
    };
    let document = fill(&origin.body, &ids).map_err(BuildError::Origin)?;
    Ok(OriginRequest { origin, document })
}

/// The document with these ids in place of the placeholders. They are replaced inside strings of `variables` only, after the
/// document was parsed, so that no id can become a part of the query or of the document's structure.
///
/// # Errors
/// When the text is no JSON object; a document that passed [`check`] is one.
pub fn fill(body: &str, ids: &Ids<'_>) -> Result<Map<String, Value>, serde_json::Error> {
    let mut document: Map<String, Value> = serde_json::from_str(body)?;
    if let Some(variables) = document.get_mut(VARIABLES) {
        ids.replace(variables);
    }
    Ok(document)
}

/// What is put in for the placeholders.
#[derive(Debug, Clone)]
pub struct Ids<'a> {
    /// For `%EVENT_ID%`; empty when there is no event.
    pub event: Cow<'a, str>,
    /// For `%ORDER_ID%`; empty when there is no order.
    pub order: &'a str,
    /// For `%ORGANIZATION_ID%`.
    pub organization: String,
}

impl Ids<'_> {
    fn of(&self, placeholder: Placeholder) -> &str {
        match placeholder {
            Placeholder::Event => &self.event,
            Placeholder::Order => self.order,
            Placeholder::Organization => &self.organization,
        }
    }

    fn replace(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.replaced(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.replace(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The text with each placeholder replaced once. What is put in is not looked at again, so that an id that looks like a
    /// placeholder stays as it is.
    fn replaced(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('%') {
            let (before, from_percent) = rest.split_at(start);
            result.push_str(before);
            let found = Placeholder::ALL.into_iter().find_map(|placeholder| {
                from_percent.strip_prefix(placeholder.text()).map(|after| (self.of(placeholder), after))
            });
            let (put_in, after) = found.unwrap_or_else(|| from_percent.split_at(1));
            result.push_str(put_in);
            rest = after;
        }
        result.push_str(rest);
        result
    }
}

#[cfg(test)]
mod tests;
