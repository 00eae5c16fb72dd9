//! Pages of resources that filters are laid over.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::read::ResourceQuery;
use serde_json::Value;

use crate::execution::Execution;
use crate::limits::MAXIMUM_READS_A_LIST;
use crate::resource::Resource;

/// How many resources are read at once when some of them may be left out.
const RESOURCES_A_FILTERED_READ: usize = 100;

/// Which resources a list shows. All that is set has to hold.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Last changed at or after.
    pub(crate) updated_after: Option<Timestamp>,
    /// Last changed before.
    pub(crate) updated_before: Option<Timestamp>,
    /// Cancelled or not, by the state or by the action that was published.
    pub(crate) cancelled: Option<bool>,
    /// Whether `confirmed.flag` is true.
    pub(crate) confirmed: Option<bool>,
    /// The `event.id` of an order.
    pub(crate) event: Option<String>,
    /// The `order_details.status` of an order.
    pub(crate) status: Option<String>,
}

impl Filter {
    /// Whether the store alone can tell what is shown.
    fn is_of_the_store(&self) -> bool {
        self.cancelled.is_none() && self.confirmed.is_none() && self.event.is_none() && self.status.is_none()
    }

    /// Whether what the store cannot tell holds.
    fn shows(&self, resource: &Resource) -> bool {
        let value = |pointer: &str| resource.state().pointer(pointer);
        self.cancelled.is_none_or(|cancelled| cancelled == resource.facts.cancelled)
            && self
                .confirmed
                .is_none_or(|confirmed| confirmed == (value("/confirmed/flag") == Some(&Value::Bool(true))))
            && self.event.as_ref().is_none_or(|event| {
                value("/event/id").and_then(identifier).is_some_and(|found| found == *event)
            })
            && self.status.as_ref().is_none_or(|status| {
                value("/order_details/status").and_then(Value::as_str).is_some_and(|found| found == status)
            })
    }
}

/// An id as text: publishers write ids as strings and as integers.
pub(crate) fn identifier(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) nodes: Vec<Arc<Resource>>,
    /// Where the next page starts: after this id.
    pub(crate) end: Option<ResourceId>,
    pub(crate) has_next_page: bool,
}

/// Reads up to `first` resources that a filter shows. `None` when the execution has failed.
pub(crate) async fn read(
    execution: &Execution,
    kind: ResourceKind,
    filter: &Filter,
    first: usize,
    after: Option<ResourceId>,
) -> Option<Connection> {
    let mut connection = Connection { end: after, ..Connection::default() };
    for _ in 0..MAXIMUM_READS_A_LIST {
        let wanted = first - connection.nodes.len();
        let query = ResourceQuery {
            kind,
            after: connection.end.clone(),
            occurred_after: filter.updated_after,
            occurred_before: filter.updated_before,
            limit: if filter.is_of_the_store() { wanted } else { RESOURCES_A_FILTERED_READ },
        };
        let page = execution.page(&query).await?;
        let listed = page.resources.into_iter().map(|one| Resource::new(one.id, one.facts, one.body));
        let mut shown = listed.filter(|resource| filter.shows(resource));
        connection.nodes.extend(shown.by_ref().take(wanted).map(Arc::new));
        if connection.nodes.len() == first {
            connection.has_next_page = shown.next().is_some() || page.next.is_some();
            connection.end = connection.nodes.last().map(|node| node.id.clone());
            return Some(connection);
        }
        connection.has_next_page = page.next.is_some();
        if page.next.is_none() {
            connection.end = connection.nodes.last().map(|node| node.id.clone()).or(connection.end);
            return Some(connection);
        }
        connection.end = page.next;
    }
    Some(connection)
}

/// The text of a cursor.
pub(crate) fn cursor(after: &ResourceId) -> String {
    URL_SAFE_NO_PAD.encode(after.as_str())
}

/// Reads the text of a cursor; `None` when it is none.
pub(crate) fn parse_cursor(text: &str) -> Option<ResourceId> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    ResourceId::new(&String::from_utf8(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_back_its_id_and_nothing_else_is_one() {
        let id = ResourceId::new("bücher/7 — x").unwrap();
        assert_eq!(parse_cursor(&cursor(&id)), Some(id));
        for text in ["", "!", "gA", "bücher"] {
            assert_eq!(parse_cursor(text), None, "{text}");
        }
    }
}
