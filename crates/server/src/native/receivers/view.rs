//! How the native API shows a receiver.

use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::id::ReceiverId;
use rendezhook_domain::pause::{Drain, MaintenanceWindow, Pause};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{OrganizationEntry, ReceiverEntry};
use serde::Serialize;
use utoipa::ToSchema;

use super::maintenance::WindowRequest;
use crate::native::vocabulary;

/// A receiver: one application to its owner. Order, pause and limits belong to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receiver)]
pub(crate) struct ReceiverView {
    /// Its id.
    #[schema(value_type = String, example = "rcv_0198b2f0c0de7000800000000000abcd")]
    id: ReceiverId,
    /// The name its owner gave, or its endpoint: the target URL without query.
    #[schema(example = "https://api.example.com/hooks/12345")]
    name: String,
    /// Whether its owner gave the name.
    named: bool,
    /// `open`; `paused` while a pause is under way; `maintenance` while one of its windows is open. Then its deliveries wait.
    #[schema(example = "open")]
    state: &'static str,
    /// The pause under way; null when there is none.
    pause: Option<PauseView>,
    /// Its maintenance windows.
    #[schema(value_type = Vec<WindowRequest>)]
    maintenance: Vec<MaintenanceWindow>,
    /// The limit under which its backlog drains after a pause; null when there is none.
    drain: Option<DrainView>,
    /// Which of its deliveries wait for each other: `resource`, those of the same resource; `none`, none; `strict`, all of them, one
    /// action at a time.
    #[schema(value_type = vocabulary::DeliveryOrderWord)]
    order: DeliveryOrder,
    /// How many subscriptions deliver to it.
    subscriptions: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A pause of a receiver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When it ends by itself; null: when somebody resumes.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// What its owner noted.
    reason: Option<String>,
}

/// The limit under which a backlog drains.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drain)]
pub(crate) struct DrainView {
    /// Deliveries a second.
    rate: u32,
    /// When the limit ends.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

impl ReceiverView {
    pub(super) fn new(entry: &ReceiverEntry, organization: &OrganizationEntry, now: Timestamp) -> Self {
        let interruptions = &entry.interruptions;
        let delivers_here =
            organization.subscriptions.iter().filter(|other| other.subscription.receiver == entry.number);
        let (pauses, maintains) = (interruptions.pauses_at(now), interruptions.maintains_at(now));
        Self {
            id: entry.id,
            name: entry.name.to_string(),
            named: entry.named,
            state: match (pauses, maintains) {
                (true, _) => "paused",
                (false, true) => "maintenance",
                (false, false) => "open",
            },
            pause: interruptions.pause.as_ref().filter(|_| pauses).map(PauseView::from),
            maintenance: interruptions.maintenance.clone(),
            drain: interruptions
                .drain
                .filter(|drain| now < drain.until)
                .map(|Drain { rate, until }| DrainView { rate, until }),
            order: entry.order,
            subscriptions: delivers_here.count(),
            created_at: entry.created_at,
        }
    }
}

impl From<&Pause> for PauseView {
    fn from(pause: &Pause) -> Self {
        Self {
            since: pause.since,
            until: pause.until,
            reason: pause.reason.as_ref().map(ToString::to_string),
        }
    }
}
