//! Making subscriptions.

use std::collections::BTreeMap;

use axum::extract::State;
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::matching::Filter;
use rendezhook_domain::subscription::Hook;
use rendezhook_secrets::{SigningSecret, SystemRandomness};
use rendezhook_store::change::{CatalogueChange, NewSubscription};
use rendezhook_store::identity::NewId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::authentication::AuthenticationRequest;
use super::view::SubscriptionView;
use super::{find_in, headers, request};
use crate::access::{Access, ManageSubscriptions};
use crate::answer::Created;
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::json::ObjectOf;
use crate::native::fields::FieldChecks;
use crate::native::vocabulary;
use crate::state::ServerState;

/// A subscription to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionRequest {
    /// Where deliveries go: an https URL of at most 2,048 bytes that leads to the public Internet.
    #[schema(max_length = 2048, example = "https://api.example.com/hooks/12345")]
    target_url: String,
    /// The method of deliveries, `POST` when not given. `GET` and `DELETE` carry no body.
    #[schema(value_type = Option<vocabulary::RequestMethodWord>)]
    method: Option<String>,
    /// A GraphQL query of at most 16 KiB over the organization's resources, asked at each attempt: its answer is the body. What
    /// happened is in the variables `$id`, `$kind`, `$action` and `$user`, of which a query declares those it needs. The envelope
    /// after Standard Webhooks when not given.
    #[schema(
        max_length = 16384,
        example = "query ($id: ID!) { event(id: $id) { title confirmed { flag } } }"
    )]
    select: Option<String>,
    /// Which actions it wants: names (`event.confirmed`), all of a kind (`event.*`) or all (`*`).
    #[schema(min_items = 1, max_items = 50, example = json!(["event.confirmed", "event.cancelled"]))]
    actions: Vec<String>,
    /// Only actions of the event with this id, and those of its orders. 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    event: Option<String>,
    /// What you call it: up to 255 characters.
    #[serde(default)]
    #[schema(max_length = 255)]
    description: String,
    /// The name of the receiver it belongs to: several subscriptions with the same name are one application, whose
    /// deliveries keep their order and are paused together. Its endpoint when not given.
    #[schema(min_length = 1, max_length = 255, example = "crm")]
    receiver: Option<String>,
    /// How the target is shown that deliveries may come, beside the signature.
    #[schema(value_type = Option<AuthenticationRequest>)]
    authentication: Option<ObjectOf<AuthenticationRequest>>,
    /// Headers that are sent with every delivery, names with their values: at most 20, of visible ASCII characters, spaces and
    /// tabs, at most 4,096 bytes each. Names that frame the request or belong to proxies or to the delivery itself are refused.
    /// The values are never shown again.
    #[serde(default)]
    #[schema(example = json!({"x-api-key": "s3cret"}))]
    headers: Option<BTreeMap<String, String>>,
    /// How the target shows that it wants deliveries before it gets any but tests; `none` when not given.
    #[schema(value_type = Option<vocabulary::VerificationWord>)]
    verification: Option<String>,
    /// The waits between attempts, in seconds: 1 to 20 steps of 1 second to 48 hours, at most 7 days together. The server's
    /// own schedule when not given.
    #[schema(min_items = 1, max_items = 20, example = json!([5, 30, 120]))]
    retry_schedule_seconds: Option<Vec<u64>>,
    /// The most deliveries a second to its endpoint, 1 to 10,000. An endpoint that several subscriptions share keeps the smallest
    /// of their limits. No limit when not given.
    #[schema(minimum = 1, maximum = 10000, example = 50)]
    rate_limit: Option<u32>,
    /// Whether waiting updates of a resource (`event.updated`, `order.updated` and other `*.updated`) fold into the newest of them,
    /// which then lists what it stands for. False when not given: each is delivered.
    #[serde(default)]
    fold_updates: bool,
    /// What deliveries are signed with: `whsec_` and 24 to 64 bytes in base64. Made anew when not given.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
}

/// A subscription that was just made, with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSubscriptionView {
    #[serde(flatten)]
    subscription: SubscriptionView,
    /// What its deliveries are signed with, after Standard Webhooks.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

/// Makes a subscription. It gets every action that is accepted from now on.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions",
    tag = "subscriptions",
    operation_id = "create_subscription",
    request_body = SubscriptionRequest,
    responses((status = 201, description = "The subscription with its secret", body = NewSubscriptionView))
)]
pub(crate) async fn create(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    JsonBody(wanted): JsonBody<SubscriptionRequest>,
) -> Result<Created<NewSubscriptionView>, Failure> {
    let mut checks = FieldChecks::default();
    let target = request::target_url(&mut checks, &wanted.target_url, &state.options.target_policy);
    let method = wanted.method.as_deref().and_then(|text| request::method(&mut checks, text));
    let actions = request::actions(&mut checks, &wanted.actions);
    let event = wanted.event.as_deref().and_then(|text| request::event(&mut checks, text));
    request::description(&mut checks, &wanted.description);
    if let Some(name) = &wanted.receiver {
        checks.text("/receiver", name, 1, 255);
    }
    let retry =
        wanted.retry_schedule_seconds.as_deref().and_then(|list| request::retry_schedule(&mut checks, list));
    let rate_limit = wanted.rate_limit.and_then(|limit| request::rate_limit(&mut checks, limit));
    let authentication = wanted
        .authentication
        .and_then(|ObjectOf(given)| given.check(&mut checks, &state.options.target_policy));
    let headers = wanted.headers.map(|given| headers::check(&mut checks, given)).unwrap_or_default();
    if let Some((authentication, _secret)) = &authentication {
        let names = headers.iter().map(|header| header.name.as_ref());
        headers::refuse_clash(&mut checks, names, authentication);
    }
    let verification =
        wanted.verification.as_deref().and_then(|text| request::verification(&mut checks, text));
    // A key that belongs to a user makes subscriptions to that user's actions, on every surface.
    let user = access.key_user().cloned();
    let method = method.unwrap_or_default();
    let content = wanted
        .select
        .and_then(|query| request::select(&mut checks, &query, user.as_deref(), &state.graphql))
        .unwrap_or_default();
    request::body_fits(&mut checks, "/select", method, &content);
    let given_secret = wanted.secret.as_deref().and_then(|text| request::secret(&mut checks, text));
    let (target, actions) = checks.finish_with(target.zip(actions))?;

    let now = state.now();
    let id = SubscriptionId::new_at(now, &mut SystemRandomness)?;
    let secret = match given_secret {
        Some(secret) => secret,
        None => SigningSecret::generate(&mut SystemRandomness)?,
    };
    let shown_secret = secret.reveal();
    let subscription = NewSubscription {
        id,
        organization: access.number(),
        receiver_name: wanted.receiver.map(Into::into),
        receiver_id: ReceiverId::new_at(now, &mut SystemRandomness)?,
        hook: Hook::Standard,
        method,
        content,
        authentication,
        headers,
        verification: verification.unwrap_or_default(),
        description: wanted.description.into(),
        target,
        filter: Filter { actions, user, event },
        retry,
        rate_limit,
        folds_updates: wanted.fold_updates,
        secret,
        shared_secret: None,
        created_at: now,
        limit: None,
    };
    let catalogue = state.change(CatalogueChange::CreateSubscription(Box::new(subscription))).await?;
    let (organization, made) = find_in(&catalogue, access.number(), id)?;
    Ok(Created {
        location: format!("/api/v1/subscriptions/{id}"),
        body: NewSubscriptionView {
            subscription: SubscriptionView::new(made, organization, &state.delivery),
            secret: shown_secret.expose().clone(),
        },
    })
}
