//! Listing deliveries.

#![expect(unused_qualifications, reason = "the description of query parameters expands to a qualified path")]

use axum::Json;
use axum::extract::State;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::read::{DeliveryCursor, DeliveryFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::DeliveryView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::native::{subscriptions, vocabulary};
use crate::page::{Page, PageRequest, cursor};
use crate::parameters::{Parameters, parsed};
use crate::state::ServerState;

/// Which deliveries a list shows. All that is given has to hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// In this state.
    #[param(inline, value_type = Option<vocabulary::DeliveryStateWord>)]
    state: Option<String>,
    /// Of the subscription with this id.
    subscription: Option<String>,
    /// Of a resource of this kind; goes with `resource_id`.
    #[param(inline, value_type = Option<vocabulary::ResourceKindWord>)]
    resource_kind: Option<String>,
    /// Of the resource with this id; goes with `resource_kind`.
    resource_id: Option<String>,
    /// Accepted at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Accepted before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// What the page before answered in `next`.
    cursor: Option<String>,
    /// How many items the page has at most: 1 to 100, 50 when not given.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// For which organization the server's admin key acts.
    #[expect(dead_code, reason = "read with the key; named here so that it is not refused as unknown")]
    organization_id: Option<String>,
}

/// Lists deliveries, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "deliveries",
    operation_id = "list_deliveries",
    params(DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryView>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryView>>, Failure> {
    let page = PageRequest::new(query.cursor.as_deref(), query.limit.as_deref())?;
    let filter = filter(&query, &access)?;
    let after = page.after.map(|sequence| DeliveryCursor(Sequence::new(sequence)));
    let found = state.store.deliveries(access.number(), &filter, after, page.limit).await?;
    let items = found.deliveries.into_iter().map(|stored| DeliveryView::new(stored, &access)).collect();
    Ok(Json(Page { items, next: found.next.map(|DeliveryCursor(sequence)| cursor(sequence.get())) }))
}

fn filter(query: &DeliveriesQuery, access: &Access<Read>) -> Result<DeliveryFilter, Failure> {
    let subscription = match &query.subscription {
        None => None,
        Some(id) => Some(subscriptions::find(access, id)?.subscription.number),
    };
    Ok(DeliveryFilter {
        state: parsed("state", query.state.as_deref())?,
        subscription,
        resource: resource(query)?,
        from: parsed("from", query.from.as_deref())?,
        until: parsed("until", query.until.as_deref())?,
    })
}

fn resource(query: &DeliveriesQuery) -> Result<Option<(ResourceKind, ResourceId)>, Failure> {
    let kind = parsed("resource_kind", query.resource_kind.as_deref())?;
    match (kind, &query.resource_id) {
        (None, None) => Ok(None),
        (Some(kind), Some(id)) => {
            let id = ResourceId::new(id).map_err(|error| {
                Failure::invalid_request(format!("the query parameter resource_id is not valid: {error}"))
            })?;
            Ok(Some((kind, id)))
        }
        _ => Err(Failure::invalid_request(
            "the query parameters resource_kind and resource_id go together; give both",
        )),
    }
}
