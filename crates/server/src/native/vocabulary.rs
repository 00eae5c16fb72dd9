//! The closed word lists of the domain as schemas, so that the OpenAPI document never lags behind them.

use std::borrow::Cow;

use rendezhook_domain::access::KeyScope;
use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState, ExpiryReason};
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::organization::SchemaCheck;
use rendezhook_domain::replay::{ReplayState, ReplayedStates};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Dialect, RequestMethod, SubscriptionState, VerificationMethod};
use rendezhook_domain::timer::{Condition, LatePolicy};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The ways to show a target that deliveries may come.
pub(crate) const AUTHENTICATIONS: [&str; 3] = ["oauth2_client_credentials", "basic", "api_key"];

/// Makes a type that stands for a list of words in descriptions. It has no values: on the wire there is a text.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident = $words:expr;)*) => {
        $(
            $(#[$meta])*
            pub(crate) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new().schema_type(Type::String).enum_values(Some($words)).into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )*
    };
}

words! {
    /// The scopes of keys.
    KeyScopeWord = KeyScope::ALL.map(KeyScope::name);
    /// The kinds of resource.
    ResourceKindWord = ResourceKind::ALL.map(ResourceKind::name);
    /// The kinds of resource that can be published.
    PublishedKindWord = ResourceKind::PUBLISHED.map(ResourceKind::name);
    /// Why a delivery expired.
    ExpiryReasonWord = ExpiryReason::ALL.map(ExpiryReason::name);
    /// The states of a delivery.
    DeliveryStateWord = DeliveryState::names();
    /// Which deliveries of a receiver wait for each other.
    DeliveryOrderWord = DeliveryOrder::ALL.map(DeliveryOrder::name);
    /// Why a delivery was made.
    DeliveryOriginWord = DeliveryOrigin::ALL.map(DeliveryOrigin::name);
    /// How far a replay is.
    ReplayStateWord = ReplayState::ALL.map(ReplayState::name);
    /// How deliveries that are replayed ended.
    ReplayedStatesWord = ReplayedStates::ALL.map(ReplayedStates::name);
    /// The requests an attempt consists of.
    StageWord = Stage::ALL.map(Stage::name);
    /// The states of a subscription.
    SubscriptionStateWord = SubscriptionState::ALL.map(SubscriptionState::name);
    /// The states of a subscription that its owner can choose.
    SettableStateWord = [SubscriptionState::Enabled, SubscriptionState::Paused].map(SubscriptionState::name);
    /// The methods of deliveries.
    RequestMethodWord = RequestMethod::ALL.map(RequestMethod::name);
    /// The ways to show a target that deliveries may come.
    AuthenticationWord = AUTHENTICATIONS;
    /// The ways in which targets show that they want deliveries.
    VerificationWord = VerificationMethod::ALL.map(VerificationMethod::name);
    /// The wire forms.
    DialectWord = Dialect::ALL.map(Dialect::name);
    /// The two ways to wrap a Vyte delivery.
    VyteBodyWord = ["array", "object"];
    /// For which events a timer fires.
    TimerConditionWord = Condition::ALL.map(Condition::name);
    /// Whether a late timer fires.
    LatePolicyWord = LatePolicy::ALL.map(LatePolicy::name);
    /// What is done with resources that do not fit their schema.
    SchemaCheckWord = SchemaCheck::ALL.map(SchemaCheck::name);
}
