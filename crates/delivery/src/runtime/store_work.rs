//! What the runtime wants of the store: outcomes recorded, pages and material read. None of it is waited for in place.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_store::health::KeptHealth;
use rendezhook_store::pending::{AttemptMaterial, DeliveryKey, PendingPage};
use rendezhook_store::record::Record;
use rendezhook_store::{Store, StoreError};
use tokio::task::{JoinError, JoinSet};

use super::outbox::Outbox;
use super::recorder::Recorder;
use crate::scheduler::effect::AttemptOrder;
use crate::scheduler::input::PageRequest;

/// The most deliveries of a page.
const DELIVERIES_IN_A_PAGE: usize = 500;
/// Pages read at the same time.
const PAGES_AT_A_TIME: usize = 4;
/// The most deliveries whose material is read in one call.
const MATERIAL_IN_A_CALL: usize = 128;
/// Calls for material at the same time.
const MATERIAL_CALLS_AT_A_TIME: usize = 2;

/// The most deliveries whose material is read ahead in one call.
const AHEAD_IN_A_CALL: usize = 64;
/// Bytes of resources after which nothing more is read ahead for a page.
const AHEAD_BYTES: usize = 2 * 1024 * 1024;

/// An answer from the store.
pub(super) enum Answer {
    /// The outcomes of these deliveries are durable.
    Recorded(Vec<DeliveryKey>),
    /// A page with what its first attempts need, or why it could not be read.
    Page(PageRequest, Result<(PendingPage, Vec<AttemptMaterial>), StoreError>),
    /// The oldest deliveries of a receiver, or why they could not be read.
    Oldest(PageRequest, Result<PendingPage, StoreError>),
    /// These subscriptions' health was handed over to be kept; an error says that it was not.
    HealthKept(Vec<SubscriptionNumber>, Result<(), StoreError>),
    /// What the ordered attempts need, or why it could not be read.
    Material(Vec<AttemptOrder>, Result<Vec<AttemptMaterial>, StoreError>),
}

/// Work of which some is under way and some waits for its turn.
///
/// The queues are bounded by what the scheduler orders: one page of each kind a receiver, and no more material than attempts in flight.
pub(super) struct StoreWork {
    store: Arc<dyn Store>,
    under_way: JoinSet<Finished>,
    /// Absent while a batch is under way.
    recorder: Option<Recorder>,
    /// Records of the batch under way.
    recording: usize,
    records: Outbox,
    pages: VecDeque<PageRequest>,
    /// Pages of the oldest deliveries of receivers: one of a receiver, and one at a time.
    oldest: VecDeque<PageRequest>,
    loading_oldest: bool,
    pages_under_way: usize,
    orders: VecDeque<Wanted>,
    material_calls_under_way: usize,
    health: Vec<KeptHealth>,
    keeping_health: bool,
}

/// An ordered attempt, and its action if that is at hand.
type Wanted = (AttemptOrder, Option<Arc<AcceptedAction>>);

enum Finished {
    Recording(Recorder, Vec<DeliveryKey>),
    Reading(Answer),
}

impl StoreWork {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            recorder: Some(Recorder::new(Arc::clone(&store))),
            store,
            under_way: JoinSet::new(),
            recording: 0,
            records: Outbox::default(),
            pages: VecDeque::new(),
            oldest: VecDeque::new(),
            loading_oldest: false,
            pages_under_way: 0,
            orders: VecDeque::new(),
            material_calls_under_way: 0,
            health: Vec::new(),
            keeping_health: false,
        }
    }

    /// Outcomes that are not durable yet.
    pub(super) fn unrecorded(&self) -> usize {
        self.records.len() + self.recording
    }

    /// Whether more outcomes may come. While it says no, ended attempts keep their slots, so that a store that cannot
    /// be written stops new attempts instead of filling the memory.
    pub(super) fn has_room(&self) -> bool {
        self.records.has_room()
    }

    /// Wants an outcome recorded.
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Whether health may be handed over: one batch at a time.
    pub(super) const fn may_keep_health(&self) -> bool {
        !self.keeping_health && self.health.is_empty()
    }

    /// Wants health kept.
    pub(super) fn keep_health(&mut self, health: Vec<KeptHealth>) {
        self.health = health;
    }

    /// Wants a page read.
    pub(super) fn load_page(&mut self, request: PageRequest) {
        self.pages.push_back(request);
    }

    /// Wants the oldest deliveries of a receiver read.
    pub(super) fn load_oldest(&mut self, request: PageRequest) {
        self.oldest.push_back(request);
    }

    /// Wants the material of an attempt read. Of an action that is at hand only what came before it is looked up.
    pub(super) fn read_material(&mut self, order: AttemptOrder, action: Option<Arc<AcceptedAction>>) {
        self.orders.push_back((order, action));
    }

    /// Gives back the attempts whose material has not been asked for yet.
    pub(super) fn withdraw_orders(&mut self) -> impl Iterator<Item = AttemptOrder> + use<> {
        std::mem::take(&mut self.orders).into_iter().map(|(order, _)| order)
    }

    /// Starts whatever may start now.
    pub(super) fn start(&mut self) {
        if !self.records.is_empty()
            && let Some(recorder) = self.recorder.take()
        {
            let batch = self.records.next_batch();
            self.recording = batch.len();
            self.under_way.spawn(async move {
                let (recorder, keys) = recorder.make_durable(batch).await;
                Finished::Recording(recorder, keys)
            });
        }
        if !self.health.is_empty() && !self.keeping_health {
            self.keeping_health = true;
            let health = std::mem::take(&mut self.health);
            let store = Arc::clone(&self.store);
            self.under_way.spawn(async move {
                let subscriptions = health.iter().map(|health| health.subscription).collect();
                let kept = store.keep_health(health).await;
                Finished::Reading(Answer::HealthKept(subscriptions, kept))
            });
        }
        while self.pages_under_way < PAGES_AT_A_TIME
            && let Some(request) = self.pages.pop_front()
        {
            self.pages_under_way += 1;
            let store = Arc::clone(&self.store);
            self.under_way.spawn(async move {
                let PageRequest { receiver, after, up_to, subscription } = request;
                let page =
                    store.pending_page(receiver, after, up_to, subscription, DELIVERIES_IN_A_PAGE).await;
                let page = match page {
                    Ok(page) => {
                        let ahead = read_ahead(store.as_ref(), &page).await;
                        Ok((page, ahead))
                    }
                    Err(error) => Err(error),
                };
                Finished::Reading(Answer::Page(request, page))
            });
        }
        if !self.loading_oldest
            && let Some(request) = self.oldest.pop_front()
        {
            self.loading_oldest = true;
            let store = Arc::clone(&self.store);
            self.under_way.spawn(async move {
                let PageRequest { receiver, after, up_to, subscription } = request;
                let page =
                    store.pending_page(receiver, after, up_to, subscription, DELIVERIES_IN_A_PAGE).await;
                Finished::Reading(Answer::Oldest(request, page))
            });
        }
        while self.material_calls_under_way < MATERIAL_CALLS_AT_A_TIME && !self.orders.is_empty() {
            self.material_calls_under_way += 1;
            let count = self.orders.len().min(MATERIAL_IN_A_CALL);
            let wanted: Vec<Wanted> = self.orders.drain(..count).collect();
            let store = Arc::clone(&self.store);
            self.under_way.spawn(async move {
                let orders = wanted.iter().map(|(order, _)| *order).collect();
                let material = read_material(store.as_ref(), wanted).await;
                Finished::Reading(Answer::Material(orders, material))
            });
        }
    }

    /// The next answer; never while nothing is under way. May be dropped and called again.
    ///
    /// # Errors
    /// When a task ended abnormally, with what it was to do undone.
    pub(super) async fn next(&mut self) -> Result<Answer, JoinError> {
        match self.under_way.join_next().await {
            Some(finished) => Ok(self.account(finished?)),
            None => std::future::pending().await,
        }
    }

    /// An answer that is there already.
    ///
    /// # Errors
    /// As [`StoreWork::next`].
    pub(super) fn try_next(&mut self) -> Result<Option<Answer>, JoinError> {
        match self.under_way.try_join_next() {
            Some(finished) => Ok(Some(self.account(finished?))),
            None => Ok(None),
        }
    }

    fn account(&mut self, finished: Finished) -> Answer {
        match finished {
            Finished::Recording(recorder, keys) => {
                self.recorder = Some(recorder);
                self.recording = 0;
                Answer::Recorded(keys)
            }
            Finished::Reading(answer) => {
                match answer {
                    Answer::Page(..) => self.pages_under_way -= 1,
                    Answer::Oldest(..) => self.loading_oldest = false,
                    Answer::Material(..) => self.material_calls_under_way -= 1,
                    Answer::HealthKept(..) => self.keeping_health = false,
                    Answer::Recorded(_) => {}
                }
                answer
            }
        }
    }
}

/// Reads what attempts need, and of those whose action is at hand where they stand.
async fn read_material(store: &dyn Store, wanted: Vec<Wanted>) -> Result<Vec<AttemptMaterial>, StoreError> {
    let mut unread = Vec::new();
    let mut at_hand = HashMap::new();
    for (order, action) in wanted {
        match action {
            Some(action) => {
                at_hand.insert(order.key, action);
            }
            None => unread.push(order.key),
        }
    }
    let mut material = Vec::with_capacity(unread.len() + at_hand.len());
    if !unread.is_empty() {
        material = store.material(&unread).await?;
    }
    if !at_hand.is_empty() {
        let keys: Vec<DeliveryKey> = at_hand.keys().copied().collect();
        let standings = store.standings(&keys).await?;
        material.extend(standings.into_iter().filter_map(|(key, standing)| {
            let action = at_hand.remove(&key)?;
            Some(AttemptMaterial { key, action, frozen_body: None, repeats: None, standing })
        }));
    }
    Ok(material)
}

/// Reads what the first attempts of a page's deliveries need, as far as it is small. It saves a look into the store for each
/// of them; what is missing here is read when it is needed, and so a failure is of no account.
async fn read_ahead(store: &dyn Store, page: &PendingPage) -> Vec<AttemptMaterial> {
    let first_attempts = page
        .deliveries
        .iter()
        .filter(|delivery| delivery.failed_attempts == 0 && !delivery.origin.is_repetition());
    let keys: Vec<DeliveryKey> = first_attempts.map(|delivery| delivery.key).collect();
    let mut ahead = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    for keys in keys.chunks(AHEAD_IN_A_CALL) {
        let Ok(material) = store.material(keys).await else { break };
        bytes += material.iter().map(|material| material.action.resource.len()).sum::<usize>();
        ahead.extend(material);
        if bytes > AHEAD_BYTES {
            break;
        }
    }
    ahead
}
