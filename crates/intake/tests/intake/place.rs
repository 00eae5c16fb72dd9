//! What tests of timers are told in.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::id::TimerId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Condition, Lateness, Rule};
use rendezhook_intake::{FiringOutcome, Intake, Item, Later, NewState};
use rendezhook_store::change::{CatalogueChange, NewTimer};
use rendezhook_store::contract::world::{World, at, uuid};
use rendezhook_store::firing::{DueFiring, FiringContent};
use rendezhook_store::publish::Matched;
use serde_json::{Value, json};

use crate::directory::Directory;

pub(crate) const HOUR: i64 = 3_600;

/// An organization with a subscription to everything, and an intake.
pub(crate) struct Place {
    pub(crate) world: World,
    pub(crate) intake: Arc<Intake>,
    pub(crate) organization: OrganizationNumber,
    pub(crate) all: Matched,
    _directory: Directory,
}

impl Place {
    pub(crate) async fn open() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        let all = world.subscribe(organization, "*").await;
        let intake = Arc::new(Intake::new(Arc::clone(&world.store)));
        Self { world, intake, organization, all, _directory: directory }
    }

    pub(crate) async fn timer(&self, anchor: &str, offset: &str, lateness: Lateness) -> TimerNumber {
        let id = TimerId::from_uuid(uuid());
        let new = NewTimer {
            id,
            organization: self.organization,
            name: Arc::from("a timer"),
            action: "event.starting".parse().unwrap(),
            rule: Rule {
                anchor: anchor.parse().unwrap(),
                offset: offset.parse().unwrap(),
                condition: Condition::Any,
            },
            lateness,
            expires_after_seconds: Some(900),
            created_at: at(0),
        };
        let catalogue = self.world.change(CatalogueChange::CreateTimer(Box::new(new))).await;
        let timers = &catalogue.organization(self.organization).unwrap().timers;
        timers.iter().find(|timer| timer.id == id).unwrap().number
    }

    pub(crate) async fn put(&self, id: &str, state: Option<Value>, now: i64) {
        let state = NewState {
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(id).unwrap(),
            resource: state.map(|state| Bytes::from(state.to_string())),
            user: None,
            occurred_at: None,
            expires_at: None,
            if_version: None,
        };
        self.intake.put(self.organization, &state, at(now)).await.unwrap();
    }

    pub(crate) async fn publish(&self, item: Item, now: i64) {
        self.intake.publish(self.organization, &[item], None, at(now)).await.unwrap();
    }

    /// Everything that waits until then.
    pub(crate) async fn due(&self, seconds: i64) -> Vec<DueFiring> {
        self.world.store.due_firings(at(seconds), None, 500).await.unwrap().firings
    }

    /// Resource, timer and time of everything that waits.
    pub(crate) async fn waiting(&self) -> BTreeSet<(String, TimerNumber, Timestamp)> {
        let shown = |firing: DueFiring| match firing.content {
            FiringContent::Timer(timer) => (firing.resource_id.to_string(), timer, firing.key.due_at),
            FiringContent::Scheduled(_) => panic!("nothing is scheduled"),
        };
        self.due(1_000 * HOUR).await.into_iter().map(shown).collect()
    }

    pub(crate) async fn fire(&self, firing: &DueFiring, seconds: i64) -> FiringOutcome {
        self.intake.fire(firing, at(seconds)).await.unwrap()
    }

    pub(crate) async fn version(&self, id: &str) -> u64 {
        let id = ResourceId::new(id).unwrap();
        let stored = self.world.store.resource(self.organization, ResourceKind::Event, &id).await.unwrap();
        stored.unwrap().facts.version
    }

    /// The names of the actions that were delivered since, with their versions.
    pub(crate) async fn told(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < count {
            let committed = self.world.committed().await;
            told.extend(committed.iter().map(|one| format!("{} {}", one.action.name, one.action.version)));
        }
        told
    }
}

pub(crate) fn event(start: i64) -> Value {
    json!({
        "title": "Visit", "confirmed": { "flag": true },
        "dates": [{ "date": at(start).to_string(), "end_date": at(start + HOUR).to_string() }]
    })
}

pub(crate) fn cancelled(start: i64) -> Value {
    let mut event = event(start);
    event["cancelled"] = json!(true);
    event
}

pub(crate) fn item(action: &str, id: &str, resource: &Value) -> Item {
    Item {
        action: action.parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new(id).unwrap(),
        resource: Bytes::from(resource.to_string()),
        user: None,
        occurred_at: None,
        expires_at: None,
        representations: None,
        later: None,
    }
}

pub(crate) fn later(key: &str, seconds: i64, item: Item) -> Item {
    Item { later: Some(Later { deliver_at: at(seconds), key: Arc::from(key) }), ..item }
}
