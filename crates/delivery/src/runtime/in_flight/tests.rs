use rendezhook_domain::sequence::{ReceiverNumber, Sequence};

use super::*;

fn key(sequence: u64) -> DeliveryKey {
    DeliveryKey { receiver: ReceiverNumber::new(7), sequence: Sequence::new(sequence) }
}

fn suspect(sequence: u64, crashes: u8, crashes_alone: u8) -> Suspect {
    Suspect { key: key(sequence), suspicion: Suspicion { crashes, crashes_alone, ..Suspicion::default() } }
}

/// Opens the file as a process does that comes after one that crashed.
fn open(directory: &tempfile::TempDir) -> (InFlightNotes, Vec<Suspect>) {
    let (notes, mut suspects) = InFlightNotes::open(&directory.path().join("in-flight")).unwrap();
    suspects.sort_by_key(|suspect| suspect.key);
    (notes, suspects)
}

#[test]
fn what_was_in_flight_at_a_crash_is_suspected_and_what_had_ended_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, suspects) = open(&directory);
    assert_eq!(suspects, []);
    for sequence in 1..=3 {
        notes.begin(key(sequence));
    }
    notes.end(key(2));
    notes.write();
    // What was not written before the crash is not known after it.
    notes.begin(key(4));
    drop(notes);
    assert_eq!(open(&directory).1, [suspect(1, 1, 0), suspect(3, 1, 0)]);
}

#[test]
fn crashes_in_a_row_add_up_and_an_attempt_that_ends_clears() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, _) = open(&directory);
    notes.begin(key(1));
    notes.begin(key(2));
    notes.write();
    let (mut notes, suspects) = open(&directory);
    for suspect in suspects {
        notes.release(suspect);
    }
    notes.begin(key(1));
    notes.begin(key(2));
    notes.end(key(2));
    notes.begin(key(2));
    notes.write();
    assert_eq!(open(&directory).1, [suspect(1, 2, 0), suspect(2, 1, 0)]);
}

#[test]
fn only_a_crash_while_it_was_alone_counts_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, _) = open(&directory);
    notes.begin_trial(&[suspect(1, 2, 0)]);
    let (mut notes, suspects) = open(&directory);
    assert_eq!(suspects, [suspect(1, 3, 1)]);
    // It is let go, and what runs beside it may as well be why the process crashes.
    notes.release(suspect(1, 3, 0));
    notes.begin(key(1));
    notes.write();
    assert_eq!(open(&directory).1, [suspect(1, 4, 0)]);
}

#[test]
fn a_crash_while_a_few_are_tried_together_is_counted_apart() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, _) = open(&directory);
    notes.begin_trial(&[suspect(1, 2, 0), suspect(2, 2, 0)]);
    notes.end(key(2));
    notes.write();
    let among_few = Suspicion { crashes: 3, crashes_among_few: 1, crashes_alone: 0 };
    assert_eq!(open(&directory).1, [Suspect { key: key(1), suspicion: among_few }]);
}

#[test]
fn after_a_stop_only_those_stay_that_were_never_tried() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, _) = open(&directory);
    notes.begin(key(1));
    notes.begin_trial(&[suspect(2, 2, 1)]);
    notes.write();
    let (mut notes, _) = open(&directory);
    notes.begin(key(3));
    notes.begin_trial(&[suspect(1, 1, 0)]);
    notes.close();
    assert_eq!(open(&directory).1, [suspect(2, 3, 2)]);
}

#[test]
fn a_torn_place_is_left_out_and_the_file_grows_with_what_is_in_flight() {
    let directory = tempfile::tempdir().unwrap();
    let (mut notes, _) = open(&directory);
    for sequence in 1..=3_000 {
        notes.begin(key(sequence));
    }
    notes.write();
    let path = directory.path().join("in-flight");
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 3_072 * 32);
    bytes[9] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (_, suspects) = open(&directory);
    assert_eq!(suspects.len(), 2_999);
    assert!(suspects.iter().all(|suspect| suspect.key != key(1)));
}
