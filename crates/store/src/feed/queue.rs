//! The bounded queue between a store and the delivery side.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rendezhook_domain::sequence::ReceiverNumber;
use tokio::sync::Notify;

use super::{Announcement, CommittedAction, FeedEvent};

/// How much the feed holds before it announces instead of handing over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimits {
    /// Deliveries that wait to be taken.
    pub deliveries: usize,
    /// Bytes of resources that ride along with them.
    pub body_bytes: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { deliveries: 65_536, body_bytes: 16 * 1024 * 1024 }
    }
}

/// Most deliveries in one [`FeedEvent::Committed`], so that its reader can look after other work in between. A single action
/// that was committed with more comes whole.
const DELIVERIES_AN_EVENT: usize = 1_024;

/// Makes a feed: the store keeps the sender, the delivery side the receiver.
#[must_use]
pub fn feed(limits: FeedLimits) -> (FeedSender, FeedReceiver) {
    let queue = Arc::new(Queue { limits, state: Mutex::default(), news: Notify::new() });
    (FeedSender { queue: Arc::clone(&queue) }, FeedReceiver { queue })
}

#[derive(Debug)]
struct Queue {
    limits: FeedLimits,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<FeedEntry>,
    /// Of what is in `waiting`.
    deliveries: usize,
    /// Of what is in `waiting`.
    body_bytes: usize,
    /// Receivers whose deliveries found no room, with their highest sequence. While it holds any, nothing is handed over
    /// directly: a delivery must never overtake an announcement of the same receiver.
    overflow: HashMap<ReceiverNumber, Announcement>,
    closed: bool,
    abandoned: bool,
}

#[derive(Debug)]
enum FeedEntry {
    Committed(CommittedAction),
    Announced(Vec<Announcement>),
    CatalogueChanged,
}

impl Queue {
    /// The state stays whole whatever a panicking holder did: every change to it is a single step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store's end of the feed. Never waits. The receiver learns of the end when it is dropped.
#[derive(Debug)]
pub struct FeedSender {
    queue: Arc<Queue>,
}

impl FeedSender {
    /// Hands over what was committed, in commit order. Actions without deliveries are left out.
    pub fn committed(&self, actions: impl IntoIterator<Item = CommittedAction>) {
        let mut state = self.queue.state();
        if state.abandoned {
            return;
        }
        for action in actions {
            if !action.deliveries.is_empty() {
                state.take_in(action, self.queue.limits);
            }
        }
        drop(state);
        self.queue.news.notify_one();
    }

    /// Says that the catalogue changed. What was committed before it was matched by the older one.
    pub fn catalogue_changed(&self) {
        let mut state = self.queue.state();
        if !state.abandoned && !matches!(state.waiting.back(), Some(FeedEntry::CatalogueChanged)) {
            state.waiting.push_back(FeedEntry::CatalogueChanged);
        }
        drop(state);
        self.queue.news.notify_one();
    }
}

impl Drop for FeedSender {
    fn drop(&mut self) {
        self.queue.state().closed = true;
        self.queue.news.notify_one();
    }
}

/// The delivery side's end of the feed.
#[derive(Debug)]
pub struct FeedReceiver {
    queue: Arc<Queue>,
}

impl FeedReceiver {
    /// Waits for news; `None` once the store is closed and everything is taken. Nothing is lost when the wait is cancelled.
    pub async fn recv(&mut self) -> Option<FeedEvent> {
        loop {
            if let Some(event) = self.try_recv() {
                return Some(event);
            }
            if self.queue.state().closed {
                // What was handed over between the two looks must not be lost.
                return self.try_recv();
            }
            self.queue.news.notified().await;
        }
    }

    /// Takes news if there are any.
    pub fn try_recv(&mut self) -> Option<FeedEvent> {
        self.queue.state().hand_out()
    }
}

impl Drop for FeedReceiver {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.abandoned = true;
        state.waiting.clear();
        state.overflow.clear();
    }
}

impl State {
    fn take_in(&mut self, committed: CommittedAction, limits: FeedLimits) {
        let deliveries = committed.deliveries.len();
        let body_bytes = body_bytes(&committed);
        let room_for_it = self.deliveries.saturating_add(deliveries) <= limits.deliveries
            && self.body_bytes.saturating_add(body_bytes) <= limits.body_bytes;
        // Half of the room has to be free again before the short cut opens, or it would open and close all the time.
        let recovered = self.overflow.is_empty()
            || (self.deliveries <= limits.deliveries / 2 && self.body_bytes <= limits.body_bytes / 2);
        if !room_for_it || !recovered {
            self.announce(&committed);
            return;
        }
        if !self.overflow.is_empty() {
            let announcements = std::mem::take(&mut self.overflow).into_values().collect();
            self.waiting.push_back(FeedEntry::Announced(announcements));
        }
        self.deliveries += deliveries;
        self.body_bytes += body_bytes;
        self.waiting.push_back(FeedEntry::Committed(committed));
    }

    fn announce(&mut self, committed: &CommittedAction) {
        let organization = committed.action.organization;
        for delivery in &committed.deliveries {
            let announcement =
                Announcement { organization, receiver: delivery.receiver, sequence: delivery.sequence };
            self.overflow
                .entry(delivery.receiver)
                .and_modify(|known| known.sequence = known.sequence.max(delivery.sequence))
                .or_insert(announcement);
        }
    }

    fn hand_out(&mut self) -> Option<FeedEvent> {
        match self.waiting.pop_front() {
            Some(FeedEntry::Committed(first)) => Some(self.gather(first)),
            Some(FeedEntry::Announced(announcements)) => Some(FeedEvent::Announced(announcements)),
            Some(FeedEntry::CatalogueChanged) => Some(FeedEvent::CatalogueChanged),
            None if self.overflow.is_empty() => None,
            None => Some(FeedEvent::Announced(std::mem::take(&mut self.overflow).into_values().collect())),
        }
    }

    /// The actions that follow each other at the front of the queue, up to the size of an event.
    fn gather(&mut self, first: CommittedAction) -> FeedEvent {
        let mut gathered = 0;
        let mut actions = Vec::new();
        let mut next = Some(first);
        while let Some(committed) = next.take() {
            gathered += committed.deliveries.len();
            self.deliveries = self.deliveries.saturating_sub(committed.deliveries.len());
            self.body_bytes = self.body_bytes.saturating_sub(body_bytes(&committed));
            actions.push(committed);
            let room =
                |following: &CommittedAction| gathered + following.deliveries.len() <= DELIVERIES_AN_EVENT;
            next = match self.waiting.pop_front() {
                Some(FeedEntry::Committed(following)) if room(&following) => Some(following),
                Some(other) => {
                    self.waiting.push_front(other);
                    None
                }
                None => None,
            };
        }
        FeedEvent::Committed(actions)
    }
}

fn body_bytes(committed: &CommittedAction) -> usize {
    let representations = committed.action.representations.as_ref().map_or(0, bytes::Bytes::len);
    committed.action.resource.len() + representations
}

#[cfg(test)]
mod tests;
