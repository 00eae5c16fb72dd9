//! Letting a subscription go on that was paused or disabled.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::subscription::SubscriptionState;
use rendezhook_store::change::{CatalogueChange, ReceiverUpdate, SubscriptionUpdate};

use super::view::SubscriptionView;
use super::{find, find_in};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::resuming::{Held, ResumeRequest, ResumeView};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Enables a subscription that is paused, or was disabled because its target failed for days, answered 410 or asked for that; or with
/// `dry_run` shows what would follow: how many of its deliveries wait, how many are left out or have expired or will before their turn,
/// and how long the rest takes.
///
/// It begins slowly, and with a clean slate: what failed before counts no more. A `rate` holds for its receiver, all other subscriptions
/// of it included, until the backlog is through. While its receiver pauses its deliveries go on waiting.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions/{subscription_id}/resume",
    tag = "subscriptions",
    operation_id = "resume_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    request_body = ResumeRequest,
    responses((
        status = 200,
        description = "The subscription as it is now; with `dry_run` the plan",
        body = ResumeView<SubscriptionView>
    ))
)]
pub(crate) async fn resume(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(request): JsonBody<ResumeRequest>,
) -> Result<Json<ResumeView<SubscriptionView>>, Failure> {
    let subscription = &find(&access, &id)?.subscription;
    let held = Held {
        receiver: subscription.receiver,
        subscription: Some(subscription.number),
        is_held: subscription.state != SubscriptionState::Enabled,
    };
    let resume = request.checked(held, state.now())?;
    if let Some(plan) = resume.plan(&state).await? {
        return Ok(Json(ResumeView::Plan(plan)));
    }
    resume.skip(&state).await?;
    let organization = access.number();
    let receiver = access.organization.receiver(subscription.receiver);
    if let (Some(drain), Some(receiver)) = (resume.drain(&state).await?, receiver) {
        let update = ReceiverUpdate { drain: Some(Some(drain)), ..ReceiverUpdate::default() };
        state.change(CatalogueChange::UpdateReceiver { organization, receiver: receiver.id, update }).await?;
    }
    let update = SubscriptionUpdate {
        state: Some((SubscriptionState::Enabled, None)),
        ..SubscriptionUpdate::unchanged(organization, subscription.number, state.now())
    };
    let catalogue = state.change(CatalogueChange::UpdateSubscription(Box::new(update))).await?;
    let (organization, changed) = find_in(&catalogue, organization, subscription.id)?;
    Ok(Json(ResumeView::Resumed(SubscriptionView::new(changed, organization, &state.delivery))))
}
