//! From stored values to answered ones. A value that has not the shape which the schema says is answered as null; as an element
//! of a list it is left out.

use std::sync::Arc;

use async_graphql::dynamic::{FieldValue, ResolverContext};
use async_graphql::{SelectionField, Value as Answered};
use serde_json::Value;

use super::shape::{FieldShape, Shape};
use crate::budget::Budget;
use crate::execution::Execution;
use crate::list::identifier;
use crate::resource::Resource;

/// The resource whose field is asked for.
pub(super) fn parent_resource<'a>(context: &ResolverContext<'a>) -> Option<&'a Resource> {
    context.parent_value.downcast_ref::<Arc<Resource>>().map(|resource| &**resource)
}

/// The whole state of a resource.
pub(super) fn whole_state<'a>(context: &ResolverContext<'a>) -> Option<FieldValue<'a>> {
    let resource = parent_resource(context)?;
    let execution = context.data_opt::<Arc<Execution>>()?;
    execution.budget.answer(resource.bytes()).then(|| FieldValue::value(answered(resource.state())))
}

/// The value of a member.
pub(super) fn field_value<'a>(context: &ResolverContext<'a>, shape: &FieldShape) -> Option<FieldValue<'a>> {
    let members = match parent_resource(context) {
        Some(resource) => resource.members()?,
        None => context.parent_value.downcast_ref::<Value>()?.as_object()?,
    };
    let stored = members.get(&shape.name)?;
    let budget = &context.data_opt::<Arc<Execution>>()?.budget;
    shaped(&shape.shape, stored, budget, context.ctx.field())
}

fn shaped<'a>(
    shape: &Shape,
    stored: &'a Value,
    budget: &Budget,
    asked: SelectionField<'_>,
) -> Option<FieldValue<'a>> {
    match shape {
        Shape::Text => {
            let text = stored.as_str()?;
            budget.answer(text.len()).then(|| FieldValue::value(text))
        }
        Shape::Boolean => stored.as_bool().map(FieldValue::value),
        Shape::Identifier => {
            let id = identifier(stored)?;
            budget.answer(id.len()).then(|| FieldValue::value(id))
        }
        Shape::Json(types) => {
            let allowed = types.is_empty() || types.iter().any(|json_type| json_type.matches(stored));
            (allowed && budget.answer(size(stored))).then(|| FieldValue::value(answered(stored)))
        }
        Shape::Object(_) => stored.is_object().then(|| FieldValue::borrowed_any(stored)),
        Shape::List(element) => {
            let elements = stored.as_array()?;
            if elements.is_empty() {
                return Some(FieldValue::list(Vec::<FieldValue<'_>>::new()));
            }
            let fields = elements.len().saturating_mul(1 + fields_below(asked));
            if !budget.list(fields) {
                return None;
            }
            Some(FieldValue::list(
                elements.iter().filter_map(|stored| shaped(element, stored, budget, asked)),
            ))
        }
    }
}

/// How many fields are asked for below a field. The cost of the query bounds it.
fn fields_below(asked: SelectionField<'_>) -> usize {
    asked.selection_set().map(|field| 1 + fields_below(field)).sum()
}

fn answered(stored: &Value) -> Answered {
    Answered::from_json(stored.clone()).unwrap_or_default()
}

/// About how many bytes of JSON a value makes.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(elements) => elements.iter().map(|element| size(element) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + size(value) + 4).sum::<usize>() + 2
        }
    }
}
