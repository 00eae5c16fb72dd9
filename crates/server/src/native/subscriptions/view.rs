//! How the native API shows a subscription.

use std::collections::BTreeMap;
use std::sync::Arc;

use rendezhook_delivery::runtime::DeliveryHandle;
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::subscription::{
    Content, Dialect, DisableReason, RateLimit, RequestMethod, SubscriptionState, VerificationMethod,
    VyteBody,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{OrganizationEntry, SubscriptionEntry};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authentication::AuthenticationView;
use super::headers::HIDDEN;
use crate::native::vocabulary;

/// A subscription: who wants which actions where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionView {
    /// Its id.
    #[schema(value_type = String, example = "sub_0198b2f0c0de7000800000000000abcd")]
    pub(super) id: SubscriptionId,
    /// The wire form of its deliveries, and the API it was made through.
    #[schema(value_type = vocabulary::DialectWord)]
    dialect: Dialect,
    /// Where deliveries go, byte for byte as it was sent.
    #[schema(example = "https://api.example.com/hooks/12345")]
    target_url: String,
    /// The same as it is understood, without query: international names in ASCII, other spellings of an address in its usual form.
    #[schema(example = "https://api.example.com/hooks/12345")]
    endpoint: String,
    /// The method of deliveries; `GET` and `DELETE` carry no body.
    #[schema(value_type = vocabulary::RequestMethodWord)]
    method: RequestMethod,
    /// The GraphQL query whose answers are the bodies of deliveries; the body of its wire form when null.
    #[schema(example = "query ($id: ID!) { event(id: $id) { title } }")]
    select: Option<String>,
    /// Which actions it wants: names (`event.confirmed`), all of a kind (`event.*`) or all (`*`).
    #[schema(value_type = Vec<String>, example = json!(["event.*"]))]
    actions: Vec<ActionPattern>,
    /// Only actions that name this user.
    user: Option<String>,
    /// Only actions of the event with this id, and those of its orders.
    event: Option<String>,
    /// What its owner calls it; may be empty.
    description: String,
    /// The receiver its deliveries go to.
    #[schema(value_type = String, example = "rcv_0198b2f0c0de7000800000000000abcd")]
    receiver: Option<ReceiverId>,
    /// How the target is shown that deliveries may come, beside the signature. Its secret is not shown.
    authentication: Option<AuthenticationView>,
    /// The headers that are sent with every delivery. What stands for a value is not the value.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"x-api-key": "[hidden]"}))]
    headers: BTreeMap<Arc<str>, &'static str>,
    /// How the target shows that it wants deliveries before it gets any but tests.
    #[schema(value_type = vocabulary::VerificationWord)]
    verification: VerificationMethod,
    /// When it did so last; null as long as deliveries wait for that.
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
    /// Why the last handshake with the target failed.
    #[schema(value_type = Option<String>)]
    verification_failure: Option<Arc<str>>,
    /// How many deliveries a minute the target allows, if it named a number when it was verified.
    allowed_deliveries_per_minute: Option<u32>,
    /// When the certificate ends that the target showed last; null for plain http, and as long as none was seen.
    #[schema(value_type = Option<String>, format = DateTime)]
    certificate_expires_at: Option<Timestamp>,
    /// `enabled`; `paused` by its owner; `disabled` because its receiver asked for that. Deliveries wait in the last two.
    #[schema(value_type = vocabulary::SubscriptionStateWord)]
    state: SubscriptionState,
    /// Why it is disabled.
    #[schema(value_type = Option<String>, example = json!(null))]
    disabled_because: Option<DisableReason>,
    /// The waits between its attempts, in seconds; the server's own schedule when null.
    #[schema(value_type = Option<Vec<u64>>, example = json!([5, 30, 120]))]
    retry_schedule_seconds: Option<RetryPolicy>,
    /// The most deliveries a second to its endpoint; no limit when null. An endpoint that several subscriptions share keeps the
    /// smallest of their limits.
    #[schema(value_type = Option<u32>, example = json!(null))]
    rate_limit: Option<RateLimit>,
    /// Whether waiting updates of a resource fold into the newest of them.
    fold_updates: bool,
    /// What the Vyte API knows it by; only with the dialect `vyte`.
    vyte_hook_id: Option<String>,
    /// How deliveries of this Vyte hook are wrapped, when it is not the organization's way.
    #[schema(value_type = Option<String>)]
    vyte_body: Option<VyteBody>,
    /// What the SimplyMeet.me API knows it by; only with the dialect `simplymeet`.
    #[schema(value_type = Option<String>)]
    simplymeet_uuid: Option<Uuid>,
    /// The group of the doo API it belongs to; only with the dialect `doo`.
    #[schema(value_type = Option<String>)]
    doo_group_id: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Counts its changes; a change can name the revision it was made from.
    revision: u32,
}

impl SubscriptionView {
    /// Shows a subscription of this organization.
    pub(super) fn new(
        entry: &SubscriptionEntry,
        organization: &OrganizationEntry,
        delivery: &DeliveryHandle,
    ) -> Self {
        let subscription = &entry.subscription;
        let receiver = organization.receiver(subscription.receiver);
        Self {
            id: subscription.id,
            dialect: subscription.dialect(),
            target_url: subscription.target.as_str().to_owned(),
            endpoint: subscription.target.endpoint().as_str().to_owned(),
            method: subscription.method,
            select: match &subscription.content {
                Content::Select(query) => Some(query.to_string()),
                Content::Composed | Content::Origin(_) => None,
            },
            actions: subscription.filter.actions.clone(),
            user: subscription.filter.user.as_deref().map(str::to_owned),
            event: subscription.filter.event.as_deref().map(str::to_owned),
            description: subscription.description.to_string(),
            receiver: receiver.map(|entry| entry.id),
            authentication: subscription.authentication.as_ref().map(AuthenticationView::from),
            headers: entry.headers.iter().map(|header| (Arc::clone(&header.name), HIDDEN)).collect(),
            verification: subscription.verification.method,
            verified_at: subscription.verification.verified_at,
            verification_failure: subscription.verification.failure.clone(),
            allowed_deliveries_per_minute: subscription.verification.deliveries_per_minute,
            certificate_expires_at: delivery.certificate_expires_at(subscription),
            state: subscription.state,
            disabled_because: subscription.disabled_because,
            retry_schedule_seconds: subscription.retry.clone(),
            rate_limit: subscription.rate_limit,
            fold_updates: subscription.folds_updates,
            vyte_hook_id: subscription.hook.vyte().map(|hook| hook.hook_id.to_string()),
            vyte_body: subscription.hook.vyte().and_then(|hook| hook.body),
            simplymeet_uuid: subscription.hook.simplymeet().map(|hook| hook.uuid),
            doo_group_id: subscription.hook.doo().map(|hook| hook.group),
            created_at: subscription.created_at,
            updated_at: subscription.updated_at,
            revision: subscription.revision,
        }
    }
}
