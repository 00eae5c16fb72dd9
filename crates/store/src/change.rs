//! Changes of the catalogue. Each is one durable transaction; the new catalogue is seen by everybody before the answer.

use std::sync::Arc;

use rendezhook_domain::access::KeyScope;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::id::{KeyId, OAuthClientId, OrganizationId, ReceiverId, SubscriptionId, TimerId};
use rendezhook_domain::matching::Filter;
use rendezhook_domain::organization::SchemaCheck;
use rendezhook_domain::pause::{Drain, MaintenanceWindow, Pause};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber, TimerNumber};
use rendezhook_domain::subscription::{
    Content, DisableReason, Hook, RateLimit, RequestMethod, SubscriptionState, TargetAuthentication,
    VerificationMethod, VyteBody,
};
use rendezhook_domain::target::TargetUrl;
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Lateness, Rule};
use rendezhook_secrets::{KeyHash, SecretHeader, SharedSecret, SigningSecret, TokenKey};
use uuid::Uuid;

/// A change that somebody asks for. Ids and secrets are made by the caller.
#[derive(Debug, Clone)]
pub enum CatalogueChange {
    /// Sets the hash of the server's admin key.
    SetAdminKey(KeyHash),
    /// Makes an organization.
    CreateOrganization(NewOrganization),
    /// Changes an organization's name or settings.
    UpdateOrganization {
        /// Which one.
        organization: OrganizationNumber,
        /// What changes.
        update: OrganizationUpdate,
    },
    /// Makes a key.
    CreateKey(NewKey),
    /// Revokes a key; it is not accepted from the moment the change is answered.
    RevokeKey {
        /// Whose key.
        organization: OrganizationNumber,
        /// Which one.
        key: KeyId,
    },
    /// Makes an OAuth client.
    CreateOAuthClient(NewOAuthClient),
    /// Revokes an OAuth client; its tokens are not accepted from the moment the change is answered.
    RevokeOAuthClient {
        /// Whose client.
        organization: OrganizationNumber,
        /// Which one.
        client: OAuthClientId,
    },
    /// Changes a receiver.
    UpdateReceiver {
        /// Whose receiver.
        organization: OrganizationNumber,
        /// Which one.
        receiver: ReceiverId,
        /// What changes.
        update: ReceiverUpdate,
    },
    /// Makes a subscription, and its receiver when there is none of that name.
    CreateSubscription(Box<NewSubscription>),
    /// Makes several subscriptions of one organization, all or none.
    CreateSubscriptions(Vec<NewSubscription>),
    /// Changes a subscription.
    UpdateSubscription(Box<SubscriptionUpdate>),
    /// Puts a new signing secret before the others.
    RotateSecret {
        /// Whose subscription.
        organization: OrganizationNumber,
        /// Which one.
        subscription: SubscriptionNumber,
        /// The new secret.
        secret: SigningSecret,
        /// Until when the secrets before it sign too.
        previous_until: Timestamp,
        /// Now.
        at: Timestamp,
    },
    /// Keeps how the handshake with a target ended. Nothing happens when the subscription has another target or method by now.
    RecordVerification(Box<VerificationRecord>),
    /// Deletes the subscriptions of a group of the doo API. Whether there is such a group is not told, and a change without one is
    /// written to disk too, so that neither the answer nor its time gives a group away.
    DeleteDooGroup {
        /// Whose group.
        organization: OrganizationNumber,
        /// Which one.
        group: Uuid,
        /// Now.
        at: Timestamp,
    },
    /// Makes a timer. Resources that are there get their firings of it in turns of bounded size.
    CreateTimer(Box<NewTimer>),
    /// Changes a timer. When its rule is another one, resources that are there get their firings anew.
    UpdateTimer(Box<TimerUpdate>),
    /// Deletes a timer with its firings; none fires from the moment the change is answered.
    DeleteTimer {
        /// Whose timer.
        organization: OrganizationNumber,
        /// Which one.
        timer: TimerNumber,
        /// Now.
        at: Timestamp,
    },
    /// Deletes a subscription; its waiting deliveries become cancelled, in turns of bounded size.
    DeleteSubscription {
        /// Whose subscription.
        organization: OrganizationNumber,
        /// Which one.
        subscription: SubscriptionNumber,
        /// Now.
        at: Timestamp,
    },
}

/// An organization to be made.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// Its public id.
    pub id: OrganizationId,
    /// What people call it.
    pub name: Arc<str>,
    /// Its id on the Vyte surface.
    pub vyte_id: Arc<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its public id.
    pub id: KeyId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What people call it.
    pub name: Arc<str>,
    /// What it permits.
    pub scope: KeyScope,
    /// The user it belongs to.
    pub user: Option<Arc<str>>,
    /// Of the key's text.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// After which it is not accepted.
    pub expires_at: Option<Timestamp>,
}

/// New values of an organization; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct OrganizationUpdate {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// How deliveries of its Vyte hooks are wrapped.
    pub vyte_body: Option<VyteBody>,
    /// Whether lists of doo hooks hide `client_secret`.
    pub masks_doo_secrets: Option<bool>,
    /// Whether people may join through its join link.
    pub join_link: Option<bool>,
    /// What is done with resources that do not fit their schema.
    pub schema_check: Option<SchemaCheck>,
    /// After how many hours actions expire that were given no end of their own; `Some(None)`: not at all.
    pub default_expiry_hours: Option<Option<u16>>,
    /// How many deliveries may wait; `Some(None)` goes back to the server's number.
    pub backlog_quota: Option<Option<u64>>,
    /// How many may wait for one receiver; `Some(None)` goes back to the server's number.
    pub receiver_backlog: Option<Option<u64>>,
}

/// A timer to be made.
#[derive(Debug, Clone)]
pub struct NewTimer {
    /// Its public id.
    pub id: TimerId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What people call it.
    pub name: Arc<str>,
    /// What it fires.
    pub action: ActionName,
    /// When it fires.
    pub rule: Rule,
    /// What becomes of a firing that is late.
    pub lateness: Lateness,
    /// How many seconds after its time the action expires.
    pub expires_after_seconds: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// New values of a timer; `None` leaves a field as it is. The kind of its resources cannot be changed.
#[derive(Debug, Clone)]
pub struct TimerUpdate {
    /// Whose timer.
    pub organization: OrganizationNumber,
    /// Which one.
    pub timer: TimerNumber,
    /// What people call it.
    pub name: Option<Arc<str>>,
    /// What it fires.
    pub action: Option<ActionName>,
    /// When it fires.
    pub rule: Option<Rule>,
    /// What becomes of a firing that is late.
    pub lateness: Option<Lateness>,
    /// How many seconds after its time the action expires; `Some(None)`: it does not.
    pub expires_after_seconds: Option<Option<u32>>,
    /// Now.
    pub at: Timestamp,
}

/// New values of a receiver; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiverUpdate {
    /// Which of its deliveries wait for each other, from now on; waiting ones are put into the new order.
    pub order: Option<DeliveryOrder>,
    /// The pause under way; `Some(None)` ends it.
    pub pause: Option<Option<Pause>>,
    /// Its maintenance windows.
    pub maintenance: Option<Vec<MaintenanceWindow>>,
    /// The limit under which its backlog drains; `Some(None)` takes it away.
    pub drain: Option<Option<Drain>>,
}

/// An OAuth client to be made.
#[derive(Debug, Clone)]
pub struct NewOAuthClient {
    /// Its public id.
    pub id: OAuthClientId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What people call it.
    pub name: Arc<str>,
    /// The user for whom it acts.
    pub user: Option<Arc<str>>,
    /// Of the secret's text.
    pub secret_hash: KeyHash,
    /// What its tokens are made with.
    pub token_key: TokenKey,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused when the organization has that many already.
    pub limit: usize,
}

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// Its public id.
    pub id: SubscriptionId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// The name of its receiver; its endpoint when `None`.
    pub receiver_name: Option<Arc<str>>,
    /// The id of the receiver, should it have to be made.
    pub receiver_id: ReceiverId,
    /// Through which API it is made, and what that API knows of it.
    pub hook: Hook,
    /// What its owner calls it.
    pub description: Arc<str>,
    /// Where deliveries go.
    pub target: TargetUrl,
    /// The method of its deliveries.
    pub method: RequestMethod,
    /// What the bodies of its deliveries hold.
    pub content: Content,
    /// How its target knows that deliveries may come, with the secret for it.
    pub authentication: Option<(TargetAuthentication, SharedSecret)>,
    /// What is sent as headers with its deliveries.
    pub headers: Vec<SecretHeader>,
    /// How its target shows that it wants deliveries.
    pub verification: VerificationMethod,
    /// Which actions it wants.
    pub filter: Filter,
    /// Its own retry schedule.
    pub retry: Option<RetryPolicy>,
    /// The most deliveries a second to its endpoint.
    pub rate_limit: Option<RateLimit>,
    /// Whether waiting updates of a resource fold into the newest.
    pub folds_updates: bool,
    /// What its deliveries are signed with.
    pub secret: SigningSecret,
    /// What its owner chose for bodies to be signed with, in the dialects that sign like that.
    pub shared_secret: Option<SharedSecret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused when the organization has that many of this dialect already.
    pub limit: Option<usize>,
}

/// New values of a subscription; `None` leaves a field as it is.
#[derive(Debug, Clone)]
pub struct SubscriptionUpdate {
    /// Whose subscription.
    pub organization: OrganizationNumber,
    /// Which one.
    pub subscription: SubscriptionNumber,
    /// The revision the caller looked at; another one is a [`ChangeRefusal::Stale`]. `None`: whatever it is now.
    pub revision: Option<u32>,
    /// What its owner calls it.
    pub description: Option<Arc<str>>,
    /// Where deliveries go from now on, waiting ones included. At another host authentication and
    /// headers end, unless new ones are given, and a target that has to show that it wants deliveries has to do so anew.
    pub target: Option<TargetUrl>,
    /// The method of its deliveries.
    pub method: Option<RequestMethod>,
    /// What the bodies of its deliveries hold from now on.
    pub content: Option<Content>,
    /// How its target knows that deliveries may come, with the secret for it; `Some(None)`: not at all.
    pub authentication: Option<Option<(TargetAuthentication, SharedSecret)>>,
    /// What is sent as headers with its deliveries from now on, in place of those there were.
    pub headers: Option<Vec<SecretHeader>>,
    /// How its target shows that it wants deliveries. Another way than before begins anew.
    pub verification: Option<VerificationMethod>,
    /// Which actions it wants from now on.
    pub filter: Option<Filter>,
    /// Whether deliveries are attempted, and why not when the receiver asked for that.
    pub state: Option<(SubscriptionState, Option<DisableReason>)>,
    /// Its own retry schedule; `Some(None)` goes back to the server's.
    pub retry: Option<Option<RetryPolicy>>,
    /// The most deliveries a second to its endpoint; `Some(None)` takes the limit away.
    pub rate_limit: Option<Option<RateLimit>>,
    /// Whether waiting updates of a resource fold into the newest.
    pub folds_updates: Option<bool>,
    /// How deliveries of this Vyte hook are wrapped; `Some(None)` goes back to the organization's way. Means nothing for
    /// other dialects.
    pub vyte_body: Option<Option<VyteBody>>,
    /// Now.
    pub at: Timestamp,
}

impl SubscriptionUpdate {
    /// An update that changes nothing yet.
    #[must_use]
    pub fn unchanged(
        organization: OrganizationNumber,
        subscription: SubscriptionNumber,
        at: Timestamp,
    ) -> Self {
        Self {
            organization,
            subscription,
            revision: None,
            description: None,
            target: None,
            method: None,
            content: None,
            authentication: None,
            headers: None,
            verification: None,
            filter: None,
            state: None,
            retry: None,
            rate_limit: None,
            folds_updates: None,
            vyte_body: None,
            at,
        }
    }
}

/// How the handshake with a target ended.
#[derive(Debug, Clone)]
pub struct VerificationRecord {
    /// Whose subscription.
    pub organization: OrganizationNumber,
    /// Which one.
    pub subscription: SubscriptionNumber,
    /// The target that was asked.
    pub target: TargetUrl,
    /// How it was asked.
    pub method: VerificationMethod,
    /// How many deliveries a minute the target allows, if it named a number; or why it is not verified, in the owner's words.
    pub outcome: Result<Option<u32>, Arc<str>>,
    /// Now.
    pub at: Timestamp,
}

/// Why a change was refused. Nothing is changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefusal {
    /// What the change names does not exist in that organization (any more).
    #[error("it does not exist")]
    Unknown,
    /// Somebody else changed it in between.
    #[error("it was changed in between; read it again and repeat")]
    Stale,
    /// The organization has as many as it may have.
    #[error("the limit of {0} is reached; delete some first")]
    LimitReached(usize),
    /// An id, name or key is taken.
    #[error("it exists already")]
    Taken,
}
