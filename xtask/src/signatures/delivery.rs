//! Deliveries as the server makes them, without a server.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use rendezhook_dialects::delivery::{DeliveryContext, Fetched, build};
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::{DeliveryId, OrganizationId, SubscriptionId};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{
    OrganizationNumber, ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber,
};
use rendezhook_domain::subscription::{
    self, Dialect, DooHook, Hook, RequestMethod, SimplyMeetHook, Subscription, SubscriptionState,
    Verification, VyteBody, VyteHook,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::SigningSecret;
use uuid::Uuid;

use super::cases::Case;

const ORGANIZATION: OrganizationNumber = OrganizationNumber::new(1);
const RECEIVER: ReceiverNumber = ReceiverNumber::new(1);

/// What a delivery carries.
pub(super) enum Content {
    /// A resource, from which the dialect composes the body of a first attempt.
    Resource(String),
    /// The body that an earlier attempt sent.
    Body(String),
}

/// An action and the subscription it is delivered to.
pub(super) struct Scene {
    organization: Organization,
    subscription: Subscription,
    action: AcceptedAction,
    frozen_body: Option<Bytes>,
}

impl Scene {
    /// A confirmed event with this content, for a subscription of this dialect.
    pub(super) fn new(dialect: Dialect, content: Content, now: i64) -> Result<Self, Box<dyn Error>> {
        let (resource, frozen_body) = match content {
            Content::Resource(resource) => (resource, None),
            Content::Body(body) => ("{}".to_owned(), Some(body.into())),
        };
        let now = Timestamp::from_milliseconds(now.saturating_mul(1_000));
        Ok(Self {
            organization: organization(now),
            subscription: subscription(dialect, now)?,
            action: action(resource.into(), now)?,
            frozen_body,
        })
    }

    /// The delivery, signed with these secrets at this time (in seconds since 1970).
    pub(super) fn case(
        &self,
        name: String,
        secrets: &[SigningSecret],
        now: i64,
    ) -> Result<Case, Box<dyn Error>> {
        let keys: Vec<&SigningSecret> = secrets.iter().collect();
        let context = DeliveryContext {
            delivery: DeliveryId::new(self.action.accepted_at, self.action.sequence, RECEIVER),
            attempt: 1,
            origin: DeliveryOrigin::Original,
            action: &self.action,
            organization: &self.organization,
            subscription: &self.subscription,
            keys: &keys,
            shared_secret: None,
            target_secret: None,
            request_origin: "hooks.example.com",
            headers: &[],
            frozen_body: self.frozen_body.as_ref(),
            overtaken: false,
            previous: None,
            folded: None,
        };
        let now = Timestamp::from_milliseconds(now.saturating_mul(1_000));
        let request = build(&Fetched::default(), &context, now)?;
        Ok(Case {
            name,
            id: value(&request.headers, "webhook-id")?,
            timestamp: value(&request.headers, "webhook-timestamp")?,
            signature: value(&request.headers, "webhook-signature")?,
            body: String::from_utf8(request.body.to_vec())?,
            secrets: secrets.iter().map(|secret| secret.reveal().expose().clone()).collect(),
        })
    }
}

fn value(headers: &HeaderMap, name: &str) -> Result<String, Box<dyn Error>> {
    let value = headers.get(name).ok_or_else(|| format!("the delivery has no header {name}"))?;
    Ok(value.to_str()?.to_owned())
}

fn organization(now: Timestamp) -> Organization {
    Organization {
        number: ORGANIZATION,
        id: OrganizationId::from_uuid(Uuid::from_u128(1)),
        name: Arc::from("Clinic \"North\""),
        vyte_id: Arc::from("60af5269459aad001d0cb565"),
        vyte_body: VyteBody::Array,
        masks_doo_secrets: false,
        join_link: false,
        schema_check: SchemaCheck::default(),
        default_expiry_hours: None,
        backlog: BacklogLimits::default(),
        created_at: now,
    }
}

/// What the API of a dialect knows of its hook.
fn hook(dialect: Dialect) -> Hook {
    let uuid = Uuid::from_u128(3);
    match dialect {
        Dialect::Standard => Hook::Standard,
        Dialect::Vyte => Hook::Vyte(VyteHook { hook_id: Arc::from("60af526954e6605aae0dad5a"), body: None }),
        Dialect::SimplyMeet => Hook::SimplyMeet(SimplyMeetHook { uuid }),
        Dialect::Doo => Hook::Doo(DooHook { group: uuid, name: Arc::from("CRM"), position: 0 }),
    }
}

fn subscription(dialect: Dialect, now: Timestamp) -> Result<Subscription, Box<dyn Error>> {
    Ok(Subscription {
        number: SubscriptionNumber::new(1),
        id: SubscriptionId::from_uuid(Uuid::from_u128(2)),
        organization: ORGANIZATION,
        receiver: RECEIVER,
        hook: hook(dialect),
        description: Arc::from(""),
        target: TargetUrl::parse("https://www.example.com/hooks", &TargetPolicy::stored())?,
        method: RequestMethod::Post,
        content: subscription::Content::Composed,
        authentication: None,
        verification: Verification::default(),
        filter: Filter {
            actions: vec![ActionPattern::Exactly("event.confirmed".parse()?)],
            user: None,
            event: None,
        },
        state: SubscriptionState::Enabled,
        disabled_because: None,
        retry: None,
        rate_limit: None,
        folds_updates: false,
        created_at: now,
        updated_at: now,
        revision: 1,
    })
}

fn action(resource: Bytes, now: Timestamp) -> Result<AcceptedAction, Box<dyn Error>> {
    Ok(AcceptedAction {
        sequence: Sequence::new(1),
        organization: ORGANIZATION,
        name: "event.confirmed".parse()?,
        kind: ResourceKind::Event,
        resource_id: ResourceId::new("booking/1 \"é\"")?,
        resource_number: ResourceNumber::new(1),
        version: 1,
        user: None,
        occurred_at: now,
        accepted_at: now,
        expires_at: None,
        resource,
        representations: None,
        changes: None,
        fired: None,
    })
}
