//! Changing subscriptions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use rendezhook_store::catalogue::SubscriptionEntry;
use rendezhook_store::change::{CatalogueChange, SubscriptionUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::authentication::AuthenticationRequest;
use super::view::SubscriptionView;
use super::{change, find, find_in, headers, request, verify};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::json::ObjectOf;
use crate::native::fields::{FieldChecks, present};
use crate::native::vocabulary;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// New values of a subscription; a member that is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionPatch {
    /// Where deliveries go from now on, waiting ones included.
    #[schema(max_length = 2048)]
    target_url: Option<String>,
    /// The method of deliveries; only of subscriptions with the dialect `standard`.
    #[schema(value_type = Option<vocabulary::RequestMethodWord>)]
    method: Option<String>,
    /// The GraphQL query whose answers are the bodies from now on, as for a new subscription; null: the envelope after Standard
    /// Webhooks. Only with the dialect `standard`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, max_length = 16384)]
    select: Option<Option<String>>,
    /// Which actions it wants from now on. A Vyte hook has exactly one, by its name.
    #[schema(min_items = 1, max_items = 50)]
    actions: Option<Vec<String>>,
    /// Only actions of the event with this id, and those of its orders; null: of every event. Only with the dialect
    /// `standard`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 255)]
    event: Option<Option<String>>,
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
    /// The most deliveries a second to its endpoint, 1 to 10,000; null takes the limit away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 10000)]
    rate_limit: Option<Option<u32>>,
    /// Whether waiting updates of a resource fold into the newest of them, from now on.
    fold_updates: Option<bool>,
    /// How the target is shown that deliveries may come, whole and with its secret; null: by nothing but the signature. It stays
    /// when only `target_url` changes. A doo hook has `oauth2_client_credentials` without scope, or null.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<AuthenticationRequest>, required = false)]
    authentication: Option<Option<ObjectOf<AuthenticationRequest>>>,
    /// Headers that are sent with every delivery from now on, in place of all there were; null: none. A new host in `target_url`
    /// gets none unless they are given again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<BTreeMap<String, String>>, required = false)]
    headers: Option<Option<BTreeMap<String, String>>>,
    /// How the target shows that it wants deliveries. Another way than before begins anew, and so does a new `target_url` or
    /// `method`, and `enabled` after it was disabled.
    #[schema(value_type = Option<vocabulary::VerificationWord>)]
    verification: Option<String>,
    /// How deliveries of this Vyte hook are wrapped: `array` or `object`; null goes back to the organization's way.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, required = false)]
    vyte_body: Option<Option<String>>,
    /// The revision you looked at; the change is refused with 409 when it is another one by now.
    revision: Option<u32>,
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
    let entry = find(&access, &id)?;
    let current = &entry.subscription;
    let update = checked(patch, entry, &state)?;
    let catalogue = state.change(CatalogueChange::UpdateSubscription(Box::new(update))).await?;
    let (organization, changed) = find_in(&catalogue, access.number(), current.id)?;
    verify::ask_again(&state, changed);
    Ok(Json(SubscriptionView::new(changed, organization, &state.delivery)))
}

fn checked(
    patch: SubscriptionPatch,
    entry: &SubscriptionEntry,
    state: &ServerState,
) -> Result<SubscriptionUpdate, Failure> {
    let current = &entry.subscription;
    let mut checks = FieldChecks::default();
    let target = patch
        .target_url
        .as_deref()
        .and_then(|text| request::target_url(&mut checks, text, &state.options.target_policy));
    let takes_secret_along =
        target.as_ref().is_some_and(|target| current.moves_secret(target)) && patch.authentication.is_none();
    if takes_secret_along {
        checks.refuse(
            "/target_url",
            "another host gets the stored secret only from somebody who knows it: send authentication again, or null",
        );
    }
    let takes_headers_along =
        target.as_ref().is_some_and(|target| entry.moves_headers(target)) && patch.headers.is_none();
    if takes_headers_along {
        checks.refuse(
            "/target_url",
            "another host gets the stored headers only from somebody who knows them: send headers again, or null",
        );
    }
    let method = patch.method.as_deref().and_then(|text| change::method(&mut checks, text, current));
    let select = patch.select.as_ref().map(Option::as_deref);
    let content = change::content(&mut checks, select, method, current, &state.graphql);
    let actions = patch.actions.as_deref().and_then(|texts| request::actions(&mut checks, texts));
    let event = patch.event.map(|text| text.and_then(|text| request::event(&mut checks, &text)));
    let filter = change::filter(&mut checks, actions, event, current);
    if let Some(text) = &patch.description {
        request::description(&mut checks, text);
    }
    let wanted_state = patch.state.as_deref().and_then(|text| change::state(&mut checks, text));
    let retry = match &patch.retry_schedule_seconds {
        None => None,
        Some(None) => Some(None),
        Some(Some(seconds)) => request::retry_schedule(&mut checks, seconds).map(Some),
    };
    let rate_limit = match patch.rate_limit {
        None => None,
        Some(None) => Some(None),
        Some(Some(limit)) => request::rate_limit(&mut checks, limit).map(Some),
    };
    let authentication = patch.authentication.and_then(|wanted| {
        let wanted = wanted.map(|ObjectOf(wanted)| wanted);
        change::authentication(&mut checks, wanted, current, &state.options.target_policy)
    });
    let headers = patch.headers.map(|given| headers::check(&mut checks, given.unwrap_or_default()));
    headers::refuse_clash_of_update(&mut checks, headers.as_deref(), authentication.as_ref(), entry);
    let verification =
        patch.verification.as_deref().and_then(|text| request::verification(&mut checks, text));
    let vyte_body = patch.vyte_body.map(|name| change::vyte_body(&mut checks, name.as_deref(), current));
    checks.finish()?;
    Ok(SubscriptionUpdate {
        revision: patch.revision,
        description: patch.description.map(Into::into),
        target,
        method,
        content,
        authentication,
        headers,
        verification,
        filter,
        state: wanted_state.map(|state| (state, None)),
        retry,
        rate_limit,
        folds_updates: patch.fold_updates,
        vyte_body,
        ..SubscriptionUpdate::unchanged(current.organization, current.number, state.now())
    })
}
