//! Changing subscriptions.

use axum::Json;
use axum::extract::State;
use rendezhook_dialects::simplymeet::{self, MeetingEvent};
use rendezhook_dialects::vyte::management::{HookRequest, OFFERED_ACTIONS};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::subscription::{Dialect, Subscription, SubscriptionState, VyteBody};
use rendezhook_store::change::{CatalogueChange, SubscriptionUpdate};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::view::SubscriptionView;
use super::{find, request};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::native::vocabulary;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// New values of a subscription; a member that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionPatch {
    /// Where deliveries go from now on, waiting ones included.
    #[schema(max_length = 2048)]
    target_url: Option<String>,
    /// Which actions it wants from now on. A Vyte hook has exactly one, by its name.
    #[schema(min_items = 1, max_items = 50)]
    actions: Option<Vec<String>>,
    /// What you call it: up to 255 characters.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// `paused` keeps deliveries waiting; `enabled` attempts them, also after it was disabled.
    #[schema(value_type = Option<vocabulary::SettableStateWord>)]
    state: Option<String>,
    /// The waits between attempts, in seconds; null goes back to the server's own schedule.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<u64>>, required = false)]
    retry_schedule_seconds: Option<Option<Vec<u64>>>,
    /// How deliveries of this Vyte hook are wrapped: `array` or `object`; null goes back to the organization's way.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false)]
    vyte_body: Option<Option<String>>,
    /// The revision you looked at; the change is refused with 409 when it is another one by now.
    revision: Option<u32>,
}

/// Tells a member that is null from one that is missing.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a subscription.
#[utoipa::path(
    patch,
    path = "/api/v1/subscriptions/{subscription_id}",
    tag = "subscriptions",
    operation_id = "update_subscription",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    request_body = SubscriptionPatch,
    responses((status = 200, description = "The subscription as it is now", body = SubscriptionView))
)]
pub(crate) async fn update(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(patch): JsonBody<SubscriptionPatch>,
) -> Result<Json<SubscriptionView>, Failure> {
    let current = &find(&access, &id)?.subscription;
    let update = checked(patch, current, &state)?;
    let catalogue = state.change(CatalogueChange::UpdateSubscription(Box::new(update))).await?;
    let organization =
        catalogue.organization(access.number()).ok_or_else(|| Failure::not_found("organization"))?;
    let changed = organization.subscription(current.id).ok_or_else(|| Failure::not_found("subscription"))?;
    Ok(Json(SubscriptionView::new(&changed.subscription, organization)))
}

fn checked(
    patch: SubscriptionPatch,
    current: &Subscription,
    state: &ServerState,
) -> Result<SubscriptionUpdate, Failure> {
    let mut checks = FieldChecks::default();
    let target = patch
        .target_url
        .as_deref()
        .and_then(|text| request::target_url(&mut checks, text, &state.options.target_policy));
    let actions = patch.actions.as_deref().and_then(|texts| request::actions(&mut checks, texts));
    let filter = actions.and_then(|actions| filter(&mut checks, actions, current));
    if let Some(text) = &patch.description {
        request::description(&mut checks, text);
    }
    let wanted_state = patch.state.as_deref().and_then(|text| settable(&mut checks, text));
    let retry = match &patch.retry_schedule_seconds {
        None => None,
        Some(None) => Some(None),
        Some(Some(seconds)) => request::retry_schedule(&mut checks, seconds).map(Some),
    };
    let vyte_body = patch.vyte_body.map(|name| vyte_body(&mut checks, name.as_deref(), current));
    checks.finish()?;
    Ok(SubscriptionUpdate {
        revision: patch.revision,
        description: patch.description.map(Into::into),
        target,
        filter,
        state: wanted_state.map(|state| (state, None)),
        retry,
        vyte_body,
        ..SubscriptionUpdate::unchanged(current.organization, current.number, state.now())
    })
}

/// How the deliveries of a Vyte hook are wrapped; other subscriptions have no such thing.
fn vyte_body(checks: &mut FieldChecks, name: Option<&str>, current: &Subscription) -> Option<VyteBody> {
    if current.dialect() != Dialect::Vyte {
        checks.refuse("/vyte_body", "only Vyte hooks have this member");
        return None;
    }
    match name? {
        "array" => Some(VyteBody::Array),
        "object" => Some(VyteBody::Object),
        _ => {
            checks.refuse("/vyte_body", "a Vyte delivery is wrapped as array or object");
            None
        }
    }
}

fn settable(checks: &mut FieldChecks, text: &str) -> Option<SubscriptionState> {
    let found = [SubscriptionState::Enabled, SubscriptionState::Paused]
        .into_iter()
        .find(|state| state.name() == text);
    if found.is_none() {
        checks.refuse("/state", "a subscription can be set to enabled or paused");
    }
    found
}

/// What the subscription wants from now on. A hook keeps the form in which its own API shows it: a Vyte hook has one action, a
/// SimplyMeet.me hook those of its events, a doo hook those of its type.
fn filter(checks: &mut FieldChecks, actions: Vec<ActionPattern>, current: &Subscription) -> Option<Filter> {
    let user = current.filter.user.clone();
    let event = current.filter.event.clone();
    match current.dialect() {
        Dialect::Standard => Some(Filter { actions, user, event }),
        Dialect::Vyte => match actions.as_slice() {
            [ActionPattern::Exactly(action)] if OFFERED_ACTIONS.contains(&action.as_str()) => {
                let hook = HookRequest { action: action.clone(), target: current.target.clone() };
                Some(hook.filter(user))
            }
            _ => {
                let offered = OFFERED_ACTIONS.join(", ");
                checks.refuse("/actions", format!("a Vyte hook has exactly one action out of: {offered}"));
                None
            }
        },
        Dialect::SimplyMeet => {
            let event = |pattern: &ActionPattern| match pattern {
                ActionPattern::Exactly(action) => MeetingEvent::of_action(action),
                ActionPattern::Any | ActionPattern::Kind(_) => None,
            };
            let events: Option<Vec<MeetingEvent>> = actions.iter().map(event).collect();
            if events.is_none() {
                checks.refuse(
                    "/actions",
                    "a SimplyMeet.me hook has actions out of: event.confirmed, event.updated, event.cancelled",
                );
            }
            events.map(|events| simplymeet::filter(&events, user))
        }
        Dialect::Doo => {
            checks.refuse("/actions", "the actions of a doo hook follow from its type; make its group anew");
            None
        }
    }
}
