//! Showing one delivery.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::view::DeliveryView;
use super::{named, unknown};
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// A delivery with what was published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
pub(crate) struct DetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// The published resource; null once retention has removed it.
    #[schema(value_type = Option<Object>)]
    resource: Option<Box<RawValue>>,
}

/// Shows a delivery with the resource it carries.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{delivery_id}",
    tag = "deliveries",
    operation_id = "show_delivery",
    params(("delivery_id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = DetailView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<DetailView>, Failure> {
    let detail = state.store.delivery(access.number(), named(&id)?).await?.ok_or_else(unknown)?;
    let resource = detail
        .resource
        .map(|body| serde_json::from_slice(&body))
        .transpose()
        .map_err(|error| Failure::internal(&error))?;
    Ok(Json(DetailView { delivery: DeliveryView::new(detail.view, &access), resource }))
}
