//! Values that the tests of all dialects start from.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::{DeliveryOrigin, FoldedDeliveries};
use rendezhook_domain::id::{DeliveryId, OrganizationId, SubscriptionId};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::sequence::{
    OrganizationNumber, ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber,
};
use rendezhook_domain::subscription::{
    Content, Dialect, DooHook, Hook, RequestMethod, SimplyMeetHook, Subscription, SubscriptionState,
    Verification, VyteBody, VyteHook,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SecretHeader, SharedSecret, SigningSecret};

use crate::delivery::{DeliveryContext, Fetched, OutboundParts, build};

/// The resource of the Vyte reference's example, shortened, with spaces that must survive.
pub(crate) const EVENT: &str = r#"{ "title": "Démo", "confirmed": {"flag": true}, "vyteme":true }"#;

pub(crate) const NOW: Timestamp = Timestamp::from_milliseconds(1_768_469_400_750);

pub(crate) fn secret(byte: u8) -> SigningSecret {
    SigningSecret::from_bytes(&[byte; 36]).unwrap()
}

/// Everything a context borrows.
pub(crate) struct Scene {
    pub(crate) organization: Organization,
    pub(crate) subscription: Subscription,
    pub(crate) action: AcceptedAction,
    pub(crate) keys: Vec<SigningSecret>,
    pub(crate) shared_secret: Option<SharedSecret>,
    pub(crate) target_secret: Option<SharedSecret>,
    pub(crate) headers: Vec<SecretHeader>,
    pub(crate) fetched: Fetched<'static>,
    pub(crate) frozen_body: Option<Bytes>,
    pub(crate) origin: DeliveryOrigin,
    pub(crate) attempt: u16,
    pub(crate) overtaken: bool,
    pub(crate) previous: Option<u64>,
    pub(crate) folded: Option<FoldedDeliveries>,
}

impl Scene {
    pub(crate) fn new(dialect: Dialect, action: &str) -> Self {
        Self {
            organization: organization(),
            subscription: subscription(dialect, action),
            action: accepted(action),
            keys: vec![secret(1)],
            shared_secret: Some(SharedSecret::new(String::from("something"))),
            target_secret: None,
            headers: Vec::new(),
            fetched: Fetched::default(),
            frozen_body: None,
            origin: DeliveryOrigin::Original,
            attempt: 1,
            overtaken: false,
            previous: None,
            folded: None,
        }
    }

    /// Builds as the one who drives deliveries does once it has fetched what is planned.
    pub(crate) fn request(&self, now: Timestamp) -> OutboundParts {
        let keys: Vec<&SigningSecret> = self.keys.iter().collect();
        let context = self.context(&keys);
        build(&self.fetched, &context, now).unwrap()
    }

    pub(crate) fn context<'a>(&'a self, keys: &'a [&'a SigningSecret]) -> DeliveryContext<'a> {
        DeliveryContext {
            delivery: DeliveryId::new(self.action.accepted_at, Sequence::new(43), ReceiverNumber::new(5)),
            attempt: self.attempt,
            origin: self.origin,
            action: &self.action,
            organization: &self.organization,
            subscription: &self.subscription,
            keys,
            shared_secret: self.shared_secret.as_ref(),
            target_secret: self.target_secret.as_ref(),
            request_origin: "hooks.example.com",
            headers: &self.headers,
            frozen_body: self.frozen_body.as_ref(),
            overtaken: self.overtaken,
            previous: self.previous,
            folded: self.folded.as_ref(),
        }
    }
}

pub(crate) fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap()
}

pub(crate) fn organization() -> Organization {
    Organization {
        number: OrganizationNumber::new(3),
        id: OrganizationId::from_uuid(Uuid::from_u128(0x0192_f0e0_0000_7000_8000_0000_0000_000a)),
        name: Arc::from("Clinic \"North\""),
        vyte_id: Arc::from("60af5269459aad001d0cb565"),
        vyte_body: VyteBody::Array,
        masks_doo_secrets: false,
        join_link: false,
        schema_check: SchemaCheck::default(),
        default_expiry_hours: None,
        backlog: BacklogLimits::default(),
        created_at: "2021-05-27T08:03:53.775Z".parse().unwrap(),
    }
}

pub(crate) fn subscription(dialect: Dialect, action: &str) -> Subscription {
    let target = TargetUrl::parse("https://www.example.com/hooks?id=123", &TargetPolicy::stored()).unwrap();
    let hook = match dialect {
        Dialect::Standard => Hook::Standard,
        Dialect::Vyte => Hook::Vyte(VyteHook { hook_id: Arc::from("60af526954e6605aae0dad5a"), body: None }),
        Dialect::SimplyMeet => Hook::SimplyMeet(SimplyMeetHook {
            uuid: Uuid::from_u128(0x3e68_7c78_a8b8_4837_9333_57e3_d807_e61c),
        }),
        Dialect::Doo => Hook::Doo(DooHook {
            group: Uuid::from_u128(0x0f55_66bb_d35b_41e7_bde8_0206_1167_76d2),
            name: Arc::from("My Test Webhook"),
            position: 0,
        }),
    };
    Subscription {
        number: SubscriptionNumber::new(7),
        id: SubscriptionId::from_uuid(Uuid::from_u128(0x0192_f0e0_0000_7000_8000_0000_0000_000b)),
        organization: OrganizationNumber::new(3),
        receiver: ReceiverNumber::new(5),
        hook,
        description: Arc::from(""),
        target,
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        verification: Verification::default(),
        filter: Filter {
            actions: vec![ActionPattern::Exactly(action.parse().unwrap())],
            user: None,
            event: None,
        },
        state: SubscriptionState::Enabled,
        disabled_because: None,
        retry: None,
        rate_limit: None,
        folds_updates: false,
        created_at: "2021-05-27T08:03:53.775Z".parse().unwrap(),
        updated_at: "2021-06-01T10:00:00Z".parse().unwrap(),
        revision: 1,
    }
}

fn accepted(action: &str) -> AcceptedAction {
    let name: rendezhook_domain::action::ActionName = action.parse().unwrap();
    AcceptedAction {
        sequence: Sequence::new(42),
        organization: OrganizationNumber::new(3),
        kind: name.kind().unwrap(),
        name,
        resource_id: ResourceId::new("bk/01 \"é\"").unwrap(),
        resource_number: ResourceNumber::new(9),
        version: 4,
        user: None,
        occurred_at: "2026-01-15T09:30:00Z".parse().unwrap(),
        accepted_at: "2026-01-15T09:30:00.500Z".parse().unwrap(),
        expires_at: None,
        resource: Bytes::from_static(EVENT.as_bytes()),
        representations: None,
        changes: None,
        fired: None,
    }
}
