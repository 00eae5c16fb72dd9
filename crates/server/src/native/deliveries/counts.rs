//! How many deliveries are in which state.

#![expect(unused_qualifications, reason = "the description of query parameters expands to a qualified path")]

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use rendezhook_domain::delivery::FinalState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::native::subscriptions;
use crate::parameters::Parameters;
use crate::state::ServerState;

/// Which deliveries are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountsQuery {
    /// Those of the subscription with this id only.
    subscription: Option<String>,
    /// For which organization the server's admin key acts.
    #[expect(dead_code, reason = "read with the key; named here so that it is not refused as unknown")]
    organization_id: Option<String>,
}

/// How many deliveries are in which state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryCounts)]
pub(crate) struct DeliveryCountsView {
    /// Those that wait: all of them.
    waiting: u64,
    /// Those that have ended and are still kept, by their final state.
    #[schema(value_type = BTreeMap<String, u64>)]
    ended: BTreeMap<&'static str, u64>,
    /// Whether all that have ended were counted. Otherwise there are more than 20,000 of the receivers concerned, and only the
    /// newest of each receiver were counted.
    complete: bool,
}

/// Counts deliveries by their state: those of an organization, or of one subscription.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/counts",
    tag = "deliveries",
    operation_id = "count_deliveries",
    params(CountsQuery),
    responses((status = 200, description = "The counts", body = DeliveryCountsView))
)]
pub(crate) async fn counts(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<CountsQuery>,
) -> Result<Json<DeliveryCountsView>, Failure> {
    let subscription = match &query.subscription {
        None => None,
        Some(id) => Some(subscriptions::find(&access, id)?.subscription.number),
    };
    let ended = state.store.ended_counts(access.number(), subscription).await?;
    let waiting = state.store.waiting();
    waiting.completed().await;
    let count = |state: FinalState| (state.name(), ended.ended.get(&state).copied().unwrap_or(0));
    Ok(Json(DeliveryCountsView {
        waiting: match subscription {
            None => waiting.of_organization(access.number()),
            Some(subscription) => waiting.of_subscription(subscription),
        },
        ended: FinalState::ALL.into_iter().map(count).collect(),
        complete: ended.complete,
    }))
}
