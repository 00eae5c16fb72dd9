//! Firings move with their bookings, whatever happens to these: compared with a model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rendezhook_domain::timer::Lateness;
use rendezhook_intake::FiringOutcome;
use rendezhook_store::contract::world::at;
use rendezhook_store::publish::PublishOutcome;

use crate::place::{HOUR, Place, cancelled, event, item};

/// What happens to a booking.
#[derive(Debug, Clone)]
enum Step {
    Move(i64),
    Cancel,
    Remove,
    MoveByName(i64),
    Tick(i64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => (0_i64..40).prop_map(|hours| Step::Move(hours * HOUR)),
        1 => Just(Step::Cancel),
        1 => Just(Step::Remove),
        2 => (0_i64..40).prop_map(|hours| Step::MoveByName(hours * HOUR)),
        3 => (1_i64..6).prop_map(|hours| Step::Tick(hours * HOUR)),
    ];
    prop::collection::vec((0_usize..3, step), 1..25)
}

/// What should wait for a booking: for each timer the instant, if it was still to come when the booking was last moved.
#[derive(Default)]
struct Model {
    start: Option<i64>,
    waiting: BTreeSet<(usize, i64)>,
}

/// From the start of an event, in seconds.
const OFFSETS: [i64; 3] = [-900, 0, 25 * HOUR];

impl Model {
    fn set(&mut self, start: Option<i64>, now: i64) {
        self.start = start;
        let due: BTreeSet<(usize, i64)> = start
            .into_iter()
            .flat_map(|start| OFFSETS.iter().map(move |offset| start + offset).enumerate())
            .collect();
        self.waiting = due.into_iter().filter(|one| one.1 > now || self.waiting.contains(one)).collect();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However bookings are moved, cancelled, removed and fired: what waits is exactly what a model says, and each fires once.
    #[test]
    fn moving_bookings_leaves_exactly_their_firings(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}

async fn play(steps: Vec<(usize, Step)>) {
    let place = Place::open().await;
    let mut timers = Vec::new();
    for offset in OFFSETS {
        let anchor = if offset > 0 { ("end", offset - HOUR) } else { ("start", offset) };
        timers.push(place.timer(anchor.0, &format!("{}s", anchor.1), Lateness::default()).await);
    }
    let mut models = [Model::default(), Model::default(), Model::default()];
    let mut now = 0;
    for (booking, step) in steps {
        let id = format!("b-{booking}");
        let model = &mut models[booking];
        match step {
            Step::Move(start) => {
                place.put(&id, Some(event(start)), now).await;
                model.set(Some(start), now);
            }
            Step::MoveByName(start) => {
                place.publish(item("event.updated", &id, &event(start)), now).await;
                model.set(Some(start), now);
            }
            Step::Cancel => {
                place.put(&id, Some(cancelled(model.start.unwrap_or(0))), now).await;
                model.set(None, now);
            }
            Step::Remove if model.start.is_some() => {
                place.put(&id, None, now).await;
                model.set(None, now);
            }
            Step::Remove => {}
            Step::Tick(seconds) => {
                now += seconds;
                let mut fired = BTreeSet::new();
                for firing in place.due(now).await {
                    let outcome = place.fire(&firing, now).await;
                    assert!(matches!(outcome, FiringOutcome::Fired { .. }), "{firing:?} {outcome:?}");
                    fired.insert((firing.resource_id.to_string(), firing.key.due_at));
                    let request = rendezhook_store::publish::Publish {
                        firing: Some(firing.key),
                        ..place.world.request(place.organization, Vec::new())
                    };
                    let again = place.world.store.publish(request).await.unwrap();
                    assert_eq!(again, PublishOutcome::NotDue);
                }
                let mut expected = BTreeSet::new();
                for (number, model) in models.iter_mut().enumerate() {
                    expected.extend(
                        model
                            .waiting
                            .iter()
                            .filter(|(_, due)| *due <= now)
                            .map(|(_, due)| (format!("b-{number}"), at(*due))),
                    );
                    model.waiting.retain(|(_, due)| *due > now);
                }
                assert_eq!(fired, expected);
            }
        }
        let mut expected = BTreeSet::new();
        for (number, model) in models.iter().enumerate() {
            expected.extend(
                model.waiting.iter().map(|(timer, due)| (format!("b-{number}"), timers[*timer], at(*due))),
            );
        }
        assert_eq!(place.waiting().await, expected);
    }
}
