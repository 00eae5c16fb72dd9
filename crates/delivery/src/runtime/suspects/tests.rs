use std::path::Path;
use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};

use super::*;
use crate::runtime::in_flight::Suspicion;

fn key(sequence: u64) -> DeliveryKey {
    DeliveryKey { receiver: ReceiverNumber::new(7), sequence: Sequence::new(sequence) }
}

fn suspects(count: u64, suspicion: Suspicion) -> Vec<Suspect> {
    (1..=count).map(|sequence| Suspect { key: key(sequence), suspicion }).collect()
}

const IN_FLIGHT_TWICE: Suspicion = Suspicion { crashes: 2, crashes_among_few: 0, crashes_alone: 0 };

#[test]
fn however_many_were_in_flight_a_start_tries_four_groups() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (count, largest) in [(1, 1), (3, 1), (4, 1), (5, 2), (14, 4), (1_000, 250), (5_120, 1_280)] {
        let groups = rounds::groups(suspects(count, IN_FLIGHT_TWICE), &mut random);
        assert!(groups.len() <= 4, "{count} in {} groups", groups.len());
        assert_eq!(groups.iter().map(Vec::len).max(), Some(largest));
        let mut keys: Vec<DeliveryKey> = groups.concat().iter().map(|suspect| suspect.key).collect();
        keys.sort_unstable();
        assert_eq!(keys, (1..=count).map(key).collect::<Vec<_>>(), "each is tried once");
    }
}

#[test]
fn those_come_first_during_which_we_crashed_alone_and_then_among_few() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut all = suspects(20, IN_FLIGHT_TWICE);
    all[3].suspicion.crashes_among_few = 1;
    all[4].suspicion.crashes_among_few = 1;
    all[5].suspicion.crashes_alone = 1;
    all[6].suspicion.crashes_alone = 2;
    let groups = rounds::groups(all, &mut random);
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, 1, 1, 4, 4, 4, 4]);
    assert_eq!((groups[0][0].key, groups[1][0].key), (key(7), key(6)));
}

#[test]
fn the_others_are_held_up_for_half_a_second_after_two_crashes_and_never_longer_than_four() {
    let after = |crashes| suspects(3, Suspicion { crashes, ..IN_FLIGHT_TWICE });
    let held = [2, 3, 4, 5, 6, 200].map(|crashes| rounds::hold(&after(crashes)).as_millis());
    assert_eq!(held, [500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    let patience = [2, 3, 6, 200].map(|crashes| rounds::patience(&after(crashes)));
    assert_eq!(patience, [250, 500, 4_000, 4_000].map(Duration::from_millis));
}

/// Crashes whenever this delivery is attempted, until it would be set aside; answers how many crashes that took.
fn crashes_until_found(file: &Path, count: u64, poison: DeliveryKey, random: &mut ChaCha8Rng) -> u32 {
    let mut crashes = 0;
    loop {
        let (mut notes, suspects) = InFlightNotes::open(file).unwrap();
        let found: Vec<Suspect> = suspects
            .iter()
            .copied()
            .filter(|suspect| suspect.suspicion.crashes_alone >= CRASHES_ALONE)
            .collect();
        if let [found] = found[..] {
            assert_eq!(found.key, poison);
            return crashes;
        }
        let (to_try, others): (Vec<_>, Vec<_>) =
            suspects.into_iter().partition(|suspect| suspect.suspicion.crashes >= CRASHES_BEFORE_TRIAL);
        others.into_iter().for_each(|suspect| notes.release(suspect));
        for group in rounds::groups(to_try, random) {
            notes.begin_trial(&group);
            if group.iter().any(|suspect| suspect.key == poison) {
                break;
            }
            group.iter().for_each(|suspect| notes.end(suspect.key));
        }
        // At first all are in flight together.
        (1..=count).map(key).filter(|_| crashes < 2).for_each(|key| notes.begin(key));
        notes.write();
        crashes += 1;
    }
}

#[test]
fn one_among_many_is_found_and_nobody_else_after_a_few_crashes_more() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    // Two crashes in flight, one for each split, three alone.
    for (count, crashes) in [(1, 5), (4, 5), (5, 6), (16, 6), (64, 7), (256, 8), (1_024, 9)] {
        for poison in [1, count / 2 + 1, count] {
            let file = directory.path().join(format!("{count}-{poison}"));
            let found_after = crashes_until_found(&file, count, key(poison), &mut random);
            assert!(found_after <= crashes, "one of {count}: {found_after} crashes");
        }
    }
}
