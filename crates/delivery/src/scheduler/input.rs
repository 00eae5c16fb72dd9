//! What the scheduler is told.

use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::subscription::DeliveryRate;
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery, PendingPage};

/// The runtime's number of an endpoint: one target URL without its query, of one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointNumber(pub u32);

/// The runtime's number of an authority: a host and port, whoever sends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AuthorityNumber(pub u32);

/// Something the scheduler has to know.
#[derive(Debug, Clone)]
pub enum Input {
    /// A subscription is new or changed, as far as scheduling is concerned. Comes before the first delivery for it; deliveries
    /// that came before are left in the store and loaded when it is told of.
    SubscriptionChanged(SubscriptionView),
    /// A subscription was deleted: its deliveries are dropped from memory, the store ends them.
    SubscriptionDeleted(SubscriptionNumber),
    /// Deliveries were committed and are handed over directly, in ascending sequence.
    Committed {
        /// The organization they belong to.
        organization: OrganizationNumber,
        /// The deliveries.
        deliveries: Vec<PendingDelivery>,
    },
    /// Deliveries exist in the store up to this sequence; they are to be loaded page by page.
    ///
    /// What waited in the store when the scheduler was made is announced before anything is handed over directly: the first
    /// delivery of a receiver that is handed over says that nothing older waits.
    Announced(Announcement),
    /// The answer to `Effect::LoadPage`.
    PageLoaded {
        /// What was asked for.
        request: PageRequest,
        /// What there is; `None` when the store could not be read, to be asked again later.
        page: Option<PendingPage>,
    },
    /// So many more deliveries wait for a receiver than may. To be said again while that is so.
    BacklogExceeded {
        /// Whose deliveries.
        receiver: ReceiverNumber,
        /// How many are too many, those included whose end is being recorded.
        by: u64,
    },
    /// The answer to `Effect::LoadOldest`.
    OldestLoaded {
        /// What was asked for.
        request: PageRequest,
        /// What there is; `None` when the store could not be read.
        page: Option<PendingPage>,
    },
    /// An attempt that was started has ended: its slot is free again.
    AttemptEnded {
        /// Which delivery.
        key: DeliveryKey,
        /// How it ended.
        verdict: Verdict,
    },
    /// The record the scheduler asked for is durable.
    Recorded(DeliveryKey),
    /// Whether nothing expires for now, because the time is in doubt. Attempts go on, also of what would have expired.
    ExpiryHeld(bool),
    /// No new attempts from now on; the server is stopping.
    Stop,
}

/// What the scheduler knows of a subscription. Its organization and its receiver never change, nor does the authority of an
/// endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriptionView {
    /// Which one.
    pub subscription: SubscriptionNumber,
    /// Its organization.
    pub organization: OrganizationNumber,
    /// Its receiver.
    pub receiver: ReceiverNumber,
    /// Where its deliveries go now.
    pub endpoint: EndpointNumber,
    /// The host and port of that endpoint.
    pub authority: AuthorityNumber,
    /// How often the endpoint may be sent to, as far as this subscription is concerned.
    pub rate_limit: Option<DeliveryRate>,
    /// Whether deliveries are attempted.
    pub enabled: bool,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// Which deliveries of its receiver wait for each other. All subscriptions of a receiver say the same.
    pub order: DeliveryOrder,
    /// Whether waiting updates of a resource fold into the newest.
    pub folds_updates: bool,
}

/// Which stretch of a receiver's deliveries to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Whose deliveries.
    pub receiver: ReceiverNumber,
    /// Only those above this sequence.
    pub after: Sequence,
    /// Only those up to this sequence.
    pub up_to: Sequence,
    /// Only those of this subscription: after it was paused, what was left in the store is taken up again.
    pub subscription: Option<SubscriptionNumber>,
}
