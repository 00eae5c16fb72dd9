//! Carrying out what the scheduler decided.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_store::pending::AttemptMaterial;
use rendezhook_store::record::Record;

use super::Driver;
use super::consequences::Meaning;
use crate::runtime::attempt::{Attempt, Kept};
use crate::runtime::recorder::joined;
use crate::scheduler::effect::{AttemptOrder, Effect, RecordOrder};

impl Driver {
    pub(super) fn carry_out(&mut self) {
        let mut effects = std::mem::take(&mut self.turn.effects);
        self.note_in_flight(&effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::StartAttempt(order) => self.start_attempt(order),
                Effect::Record(order) => self.record(&order),
                Effect::EndpointChanged(endpoint, breaker) => self.directory.show_breaker(endpoint, breaker),
                Effect::LoadPage(request) => self.store_work.load_page(request),
                Effect::LoadOldest(request) => self.store_work.load_oldest(request),
            }
        }
        self.turn.effects = effects;
    }

    /// Notes what begins, and what has ended since the last turn, before anything of it begins.
    fn note_in_flight(&mut self, effects: &[Effect]) {
        let Some(notes) = &mut self.in_flight_notes else { return };
        for effect in effects {
            if let Effect::StartAttempt(order) = effect {
                notes.begin(order.key);
            }
        }
        notes.write();
    }

    /// Starts an attempt with the action that rode along, or has the store asked for what it needs.
    fn start_attempt(&mut self, order: AttemptOrder) {
        self.in_flight += 1;
        // A delivery that was attempted before has its body in the store.
        // What a repetition repeats is kept with its row.
        let carried = if order.number == 1 && !order.origin.is_repetition() {
            self.carried.take(order.action).or_else(|| self.read_ahead.take(order.action))
        } else {
            None
        };
        match carried {
            // Only what comes after a first version has something before it.
            Some(action) if action.version > 1 && order.origin == DeliveryOrigin::Original => {
                self.store_work.read_material(order, Some(action));
            }
            Some(action) => self.spawn(order, action, Kept::default()),
            None => self.store_work.read_material(order, None),
        }
    }

    /// Starts the attempts whose material was read.
    pub(super) fn start_with(&mut self, orders: Vec<AttemptOrder>, material: Vec<AttemptMaterial>) {
        if self.stopping {
            for order in &orders {
                self.surroundings.not_made(order);
            }
            return;
        }
        let mut by_key: HashMap<_, _> =
            material.into_iter().map(|material| (material.key, material)).collect();
        for order in orders {
            match by_key.remove(&order.key) {
                Some(material) => {
                    let AttemptMaterial { key: _, action, frozen_body, repeats, standing } = material;
                    self.spawn(order, action, Kept { frozen_body, repeats, standing });
                }
                None => self.surroundings.ended_meanwhile(&order),
            }
        }
    }

    fn spawn(&self, order: AttemptOrder, action: Arc<AcceptedAction>, kept: Kept) {
        let Some((organization, subscription)) = self.directory.find(order.organization, order.subscription)
        else {
            // The subscription was deleted; the store ends its deliveries, and the scheduler is told or will be.
            self.surroundings.not_made(&order);
            return;
        };
        let attempt = Attempt { order, action, kept, organization, subscription };
        tokio::spawn(attempt.run(Arc::clone(&self.surroundings)));
    }

    /// Joins the scheduler's decision with what is known of the attempt.
    fn record(&mut self, order: &RecordOrder) {
        let facts = if order.attempted { self.turn.facts.remove(&order.key) } else { None };
        let (meaning, facts) = match facts {
            Some((verdict, facts)) => (self.draw(order, verdict, &facts), Some(facts)),
            None => (Meaning { disable: order.disable, consequences: None }, None),
        };
        let record = joined(order, facts);
        self.store_work.record(Record {
            disable: meaning.disable,
            consequences: meaning.consequences,
            ..record
        });
    }
}
