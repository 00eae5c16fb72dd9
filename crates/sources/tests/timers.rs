//! The loop that fires what is due, on a real store and a clock that tests move. The time of the runtime is paused: sleeping takes
//! none.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use rendezhook_domain::id::TimerId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::timer::{Condition, Lateness, Rule};
use rendezhook_intake::{Intake, Item, Later, NewState};
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_sources::timers::{MAXIMUM_TOGETHER, Timers};
use rendezhook_store::Store;
use rendezhook_store::change::{CatalogueChange, NewTimer};
use rendezhook_store::contract::Fixture;
use rendezhook_store::contract::world::{World, at, uuid};
use rendezhook_store::feed::{CommittedAction, FeedEvent, FeedLimits, FeedReceiver};
use rendezhook_store::firing::{DuePage, NewScheduled, ScheduledContent};
use rendezhook_store::publish::{Publish, PublishOutcome};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

struct Directory(tempfile::TempDir);

#[async_trait]
impl Fixture for Directory {
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let options = SqliteOptions { feed, ..SqliteOptions::new(self.0.path(), key) };
        let (store, feed) = SqliteStore::open(options).unwrap();
        (store, feed)
    }
}

/// A loop that runs, and how it is told to stop.
struct Running {
    stop: watch::Sender<bool>,
    held: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

/// A store with an organization, somebody who wants everything, and a clock, in seconds.
struct Place {
    world: World,
    intake: Arc<Intake>,
    organization: OrganizationNumber,
    clock: Arc<AtomicI64>,
    directory: Directory,
}

impl Place {
    async fn open() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        world.subscribe(organization, "*").await;
        let intake = Arc::new(Intake::new(Arc::clone(&world.store)));
        Self { world, intake, organization, clock: Arc::default(), directory }
    }

    fn run(&self, held: bool) -> Running {
        let clock = Arc::clone(&self.clock);
        let now = Arc::new(move || at(clock.load(Ordering::SeqCst)));
        let (stop, mut stopped) = watch::channel(false);
        let held = Arc::new(AtomicBool::new(held));
        let holding = Arc::clone(&held);
        let holds = Arc::new(move || holding.load(Ordering::SeqCst));
        let timers =
            Timers::new(Arc::clone(&self.world.store), Arc::clone(&self.intake), now).held_while(holds);
        let task = tokio::spawn(timers.run(async move {
            let _told = stopped.wait_for(|stop| *stop).await;
        }));
        Running { stop, held, task }
    }

    fn set_clock(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::SeqCst);
    }

    async fn schedule(&self, key: &str, seconds: i64) {
        let item = Item {
            action: "event.reminder".parse().unwrap(),
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(key).unwrap(),
            resource: Bytes::from_static(b"{}"),
            user: None,
            occurred_at: None,
            expires_at: None,
            representations: None,
            later: Some(Later { deliver_at: at(seconds), key: Arc::from(key) }),
        };
        let now = at(self.clock.load(Ordering::SeqCst));
        self.intake.publish(self.organization, &[item], None, now).await.unwrap();
    }

    /// Scheduled actions whose resource is damaged, which intake refuses.
    async fn schedule_damaged(&self, count: usize, seconds: i64) {
        let damaged = |number: usize| NewScheduled {
            due_at: at(seconds),
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(&format!("damaged-{number}")).unwrap(),
            user: None,
            content: ScheduledContent {
                key: Arc::from(format!("damaged-{number}")),
                action: "event.reminder".parse().unwrap(),
                occurred_at: None,
                expires_at: None,
                resource: Bytes::from_static(b"{"),
                representations: None,
            },
        };
        let publish = Publish {
            organization: self.organization,
            catalogue: self.world.store.catalogue().version,
            accepted_at: at(0),
            idempotency: None,
            repetition_only: false,
            changes: Vec::new(),
            scheduled: (0..count).map(damaged).collect(),
            firing: None,
        };
        let outcome = self.world.store.publish(publish).await.unwrap();
        assert!(matches!(outcome, PublishOutcome::Committed(_)), "{outcome:?}");
    }

    /// A timer at the start of events.
    async fn timer(&self) {
        let new = NewTimer {
            id: TimerId::from_uuid(uuid()),
            organization: self.organization,
            name: Arc::from("started"),
            action: "event.started".parse().unwrap(),
            rule: Rule {
                anchor: "start".parse().unwrap(),
                offset: "0s".parse().unwrap(),
                condition: Condition::Any,
            },
            lateness: Lateness::default(),
            expires_after_seconds: None,
            created_at: at(0),
        };
        self.world.change(CatalogueChange::CreateTimer(Box::new(new))).await;
    }

    async fn put(&self, id: &str, start: i64) {
        let event = json!({ "confirmed": true, "dates": [{ "date": at(start).to_string() }] });
        let state = NewState {
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(id).unwrap(),
            resource: Some(Bytes::from(event.to_string())),
            user: None,
            occurred_at: None,
            expires_at: None,
            if_version: None,
        };
        let now = at(self.clock.load(Ordering::SeqCst));
        self.intake.put(self.organization, &state, now).await.unwrap();
    }

    /// The next delivered actions with this name, in the order in which they were committed.
    async fn told(&mut self, name: &str, count: usize) -> Vec<CommittedAction> {
        let mut told = Vec::new();
        while told.len() < count {
            // Without a deadline of the runtime's time, which would pass at once while the store works; the runner of the tests ends
            // one that hangs.
            if let FeedEvent::Committed(committed) = self.world.feed.recv().await.unwrap() {
                told.extend(committed.into_iter().filter(|one| one.action.name.as_str() == name));
            }
        }
        assert_eq!(told.len(), count);
        told
    }

    /// Gives the loop the time for many looks at the store.
    async fn pass_time(&self) {
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            self.world.store.check().await.unwrap();
        }
    }

    async fn waiting(&self) -> usize {
        self.world.store.due_firings(at(i64::from(i32::MAX)), None, 500).await.unwrap().firings.len()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_fires_when_its_time_comes() {
    let mut place = Place::open().await;
    place.timer().await;
    let running = place.run(false);
    place.put("b-1", 100).await;
    place.schedule("k-1", 90).await;
    place.set_clock(90);
    assert_eq!(place.told("event.reminder", 1).await[0].action.occurred_at, at(90));
    place.set_clock(100);
    let started = place.told("event.started", 1).await;
    assert_eq!((started[0].action.occurred_at, started[0].action.accepted_at), (at(100), at(100)));
    assert_eq!(started[0].action.fired.as_ref().unwrap().late_by_seconds, None);
    // One that is due at once, committed while the loop sleeps.
    place.schedule("k-2", 1).await;
    place.told("event.reminder", 1).await;
    running.stop().await;
    assert_eq!(place.waiting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn many_that_are_due_together_all_fire_once() {
    let mut place = Place::open().await;
    place.timer().await;
    for number in 0..300 {
        place.put(&format!("b-{number}"), 100).await;
    }
    // Two loops, as after a fault of whoever starts them: each firing is committed once all the same.
    let (one, other) = (place.run(false), place.run(false));
    place.set_clock(100);
    let mut started: Vec<_> =
        place.told("event.started", 300).await.iter().map(|one| one.action.resource_id.clone()).collect();
    started.sort();
    started.dedup();
    assert_eq!(started.len(), 300);
    one.stop().await;
    other.stop().await;
    assert_eq!(place.waiting().await, 0);
    assert_eq!(
        place.world.store.figures().await.unwrap().pending_deliveries,
        900,
        "created, confirmed, started"
    );
}

#[tokio::test(start_paused = true)]
async fn what_came_due_while_nobody_ran_fires_late_after_a_restart() {
    let mut place = Place::open().await;
    place.timer().await;
    let running = place.run(false);
    place.put("b-1", 100).await;
    running.stop().await;
    place.set_clock(1_000);
    let Place { world, organization, clock, directory, .. } = place;
    let world = world.reopen(&directory).await;
    let intake = Arc::new(Intake::new(Arc::clone(&world.store)));
    place = Place { world, intake, organization, clock, directory };
    let running = place.run(false);
    let started = place.told("event.started", 1).await;
    assert_eq!((started[0].action.occurred_at, started[0].action.accepted_at), (at(100), at(1_000)));
    assert_eq!(started[0].action.fired.as_ref().unwrap().late_by_seconds, Some(900));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_organization_with_much_due_holds_up_nobody_elses() {
    let mut place = Place::open().await;
    place.timer().await;
    for number in 0..1_500 {
        place.put(&format!("b-{number}"), 100 + number % 7).await;
    }
    let flooded = place.organization;
    place.organization = place.world.organization().await;
    place.world.subscribe(place.organization, "*").await;
    place.timer().await;
    for number in 0..10 {
        // Due later than everything of the other organization.
        place.put(&format!("c-{number}"), 200 + number).await;
    }
    place.set_clock(5_000);
    let running = place.run(false);
    let started = place.told("event.started", 1_510).await;
    let last = started.iter().rposition(|one| one.action.organization != flooded).unwrap();
    let before = started[..last].iter().filter(|one| one.action.organization == flooded).count();
    // A turn, and what is committed at the same time.
    assert!(before <= DuePage::A_TURN + MAXIMUM_TOGETHER, "{before} of the other organization came first");
    running.stop().await;
    assert_eq!(place.waiting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_fires_while_it_is_held() {
    let mut place = Place::open().await;
    let running = place.run(true);
    place.schedule("k-1", 10).await;
    place.set_clock(4_000);
    place.pass_time().await;
    assert_eq!(place.waiting().await, 1);
    running.held.store(false, Ordering::SeqCst);
    let reminder = place.told("event.reminder", 1).await;
    assert_eq!(reminder[0].action.fired.as_ref().unwrap().late_by_seconds, Some(3_990));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_fires_nothing_too_early() {
    let mut place = Place::open().await;
    place.set_clock(5_000);
    place.schedule("k-1", 5_100).await;
    let running = place.run(false);
    place.set_clock(1_400);
    place.pass_time().await;
    assert_eq!(place.waiting().await, 1);
    place.set_clock(5_100);
    place.told("event.reminder", 1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fired_holds_up_nothing_and_does_not_fill_the_log() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let writer = Arc::new(log.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
    let _collected = tracing::subscriber::set_default(subscriber);
    let began = Instant::now();
    let mut place = Place::open().await;
    place.schedule_damaged(40, 10).await;
    let running = place.run(false);
    for number in 0..20 {
        let due_at = 100 + 10 * number;
        place.schedule(&format!("k-{number}"), due_at).await;
        place.set_clock(due_at);
        place.told("event.reminder", 1).await;
    }
    running.stop().await;
    assert_eq!(place.waiting().await, 40, "they wait on");
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("could not fire")).collect();
    // One in ten seconds; the test takes less than one where nothing holds it up.
    assert!(!lines.is_empty() && lines.len() as u64 <= 1 + began.elapsed().as_secs() / 10, "{lines:?}");
    assert!(lines[0].contains("failed=40") && lines[0].contains("not a JSON object"), "{lines:?}");
}
