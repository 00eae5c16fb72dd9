//! Actions that wait for their time: firings of timers, and what was published to be delivered later.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{FiringNumber, OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use tokio::sync::Notify;

/// The firings that go with a state of a resource. They take the place of those it had.
///
/// A firing that is not later than the request's time of acceptance is not made: its moment has passed. One that is there already
/// with the same time stays as it is, past or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceFirings {
    /// Each timer at most once, with the instant at which it is due.
    pub due: Vec<(TimerNumber, Timestamp)>,
    /// The user whom the actions concern; firings that are there keep theirs when it is `None`.
    pub user: Option<Arc<str>>,
}

/// Which firing, and when it was due as it was read. One that was moved in between has another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiringKey {
    /// When it is due.
    pub due_at: Timestamp,
    /// Its number.
    pub number: FiringNumber,
}

/// A firing whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueFiring {
    /// Which one.
    pub key: FiringKey,
    /// Whose.
    pub organization: OrganizationNumber,
    /// The kind of the resource it is tied to.
    pub kind: ResourceKind,
    /// The resource it is tied to.
    pub resource_id: ResourceId,
    /// The user it concerns.
    pub user: Option<Arc<str>>,
    /// What fires.
    pub content: FiringContent,
}

/// What fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringContent {
    /// A timer: its action carries the resource as it is then.
    Timer(TimerNumber),
    /// An action as it was published.
    Scheduled(Box<ScheduledContent>),
}

/// An action that was published to be delivered later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledContent {
    /// The publisher's key, by which it can be replaced and cancelled: 1 to 255 characters.
    pub key: Arc<str>,
    /// What happens.
    pub action: ActionName,
    /// When it happens, by the publisher's word; when it is due when `None`.
    pub occurred_at: Option<Timestamp>,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// The state of the resource that the action carries: a JSON object.
    pub resource: Bytes,
    /// What the publisher rendered itself, by dialect.
    pub representations: Option<Bytes>,
}

impl ScheduledContent {
    /// How many bytes the publisher's part of it has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.resource.len() + self.representations.as_ref().map_or(0, Bytes::len)
    }
}

/// An action to be committed now and delivered later. It takes the place of the one with the same key.
#[derive(Debug, Clone)]
pub struct NewScheduled {
    /// When it is due.
    pub due_at: Timestamp,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The user it concerns.
    pub user: Option<Arc<str>>,
    /// The rest.
    pub content: ScheduledContent,
}

impl NewScheduled {
    /// How many actions of an organization may wait for their time.
    pub const MAXIMUM_WAITING: u64 = 100_000;
}

/// Where a round over everything that is due goes on. Only the store that gave it can read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueCursor {
    /// The organization whose turn it was last; `None`: the first one is next.
    pub(crate) last_turn: Option<OrganizationNumber>,
    /// Whether anybody had something left when all took their turns.
    pub(crate) found: bool,
    /// Up to where each organization was taken, whether it has fired or could not.
    pub(crate) taken: HashMap<OrganizationNumber, FiringKey>,
}

/// A stretch of the firings whose time has come: all of them, the earliest first, when they are few; otherwise organizations take
/// turns, and each has its earliest ones taken, [`DuePage::A_TURN`] at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DuePage {
    /// The firings.
    pub firings: Vec<DueFiring>,
    /// Where to go on; `None` when there was nothing more that is due when the page was read.
    pub next: Option<DueCursor>,
    /// When the first one is due that is not due yet; `None` when nothing else waits.
    pub next_due: Option<Timestamp>,
}

impl DuePage {
    /// Most firings that one page holds. It may hold fewer and not be the last: its bytes are bounded too.
    pub const MAXIMUM_LIMIT: usize = 500;
    /// How many firings an organization has in its turn at most.
    pub const A_TURN: usize = 100;
}

/// A scheduled action as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledView {
    /// The publisher's key.
    pub key: Arc<str>,
    /// What happens.
    pub action: ActionName,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// When it is due.
    pub due_at: Timestamp,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
}

/// Wakes who waits for the next firing when an earlier one is committed.
#[derive(Debug)]
pub struct FiringSignal {
    waiting_until: AtomicI64,
    woken: Notify,
}

impl Default for FiringSignal {
    fn default() -> Self {
        Self { waiting_until: AtomicI64::new(i64::MAX), woken: Notify::new() }
    }
}

impl FiringSignal {
    /// From now on only firings before this instant wake; `None`: every one does. To be called with `None` before the store is
    /// asked what comes next, so that nothing is missed in between.
    pub fn wait_until(&self, instant: Option<Timestamp>) {
        self.waiting_until.store(instant.map_or(i64::MAX, Timestamp::milliseconds), Ordering::SeqCst);
    }

    /// Ready when a firing was committed that is earlier than what is waited for, also before this was called.
    pub async fn earlier(&self) {
        self.woken.notified().await;
    }

    /// A firing was committed that is due at this instant.
    pub(crate) fn committed(&self, due_at: Timestamp) {
        if due_at.milliseconds() < self.waiting_until.load(Ordering::SeqCst) {
            self.woken.notify_one();
        }
    }
}
