//! Which attempts are under way, in a file that outlives the process: should it crash, one of them may be why.
//!
//! The file has a place of fixed size for each attempt in flight. What changed in a turn of the driver is written before its
//! attempts start, without waiting for the disk: the system keeps it when the process dies. When the machine dies the file may
//! be older or torn; a torn place is left out, and an old one names a delivery that then is looked at in vain.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rendezhook_store::complaint::Complaint;
use rendezhook_store::pending::DeliveryKey;

use self::place::{Place, Standing};

mod place;

/// How many places are written together: 4 KiB.
const PLACES_A_PAGE: usize = 128;
/// How many places the file has room for from the start, so that a full disk does not keep attempts from being noted.
const FIRST_PLACES: usize = 1_024;

/// How often the process crashed while a delivery was in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Suspicion {
    /// Crashes in a row while an attempt of it was under way, beside whatever else.
    pub(super) crashes: u8,
    /// Crashes in a row while it was tried beside a few others, each time beside fewer.
    pub(super) crashes_among_few: u8,
    /// Crashes in a row while an attempt of it was under way and nothing else.
    pub(super) crashes_alone: u8,
}

/// A delivery that was in flight at crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) key: DeliveryKey,
    pub(super) suspicion: Suspicion,
}

/// Notes what is in flight.
pub(super) struct InFlightNotes {
    file: File,
    /// As in the file once everything is written.
    places: Vec<Place>,
    free: Vec<usize>,
    by_key: HashMap<DeliveryKey, usize>,
    /// Pages that differ from the file.
    unwritten: BTreeSet<usize>,
    /// What is suspected of deliveries that are not in flight.
    suspicions: HashMap<DeliveryKey, Suspicion>,
    complaint: Complaint,
}

impl InFlightNotes {
    /// Opens the file, or makes it, and answers with what was in flight when the process before this one crashed. After a
    /// stop there is nothing but what was suspected before and has not been tried since.
    pub(super) fn open(path: &Path) -> std::io::Result<(Self, Vec<Suspect>)> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        let found = bytes.chunks_exact(Place::BYTES).filter_map(|bytes| bytes.try_into().ok());
        let suspects: Vec<Suspect> = found.filter_map(|bytes| Place::read(bytes)?.after_crash()).collect();
        let count = (length / Place::BYTES).max(FIRST_PLACES).next_multiple_of(PLACES_A_PAGE);
        let mut notes = Self {
            file,
            places: vec![Place::EMPTY; count],
            free: (0..count).rev().collect(),
            by_key: HashMap::new(),
            unwritten: (0..count / PLACES_A_PAGE).collect(),
            suspicions: HashMap::new(),
            complaint: Complaint::default(),
        };
        for suspect in &suspects {
            notes.put(suspect.key, Standing::Listed, suspect.suspicion);
        }
        notes.write();
        Ok((notes, suspects))
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, key: DeliveryKey) {
        let suspicion =
            if self.suspicions.is_empty() { None } else { self.suspicions.remove(&key) }.unwrap_or_default();
        self.put(key, Standing::InFlight, suspicion);
    }

    /// An attempt has ended without a crash: whatever was suspected of its delivery is not so.
    pub(super) fn end(&mut self, key: DeliveryKey) {
        if let Some(place) = self.by_key.remove(&key) {
            self.set(place, Place::EMPTY);
            self.free.push(place);
        }
    }

    /// Nothing but the attempts of these deliveries is under way from now on.
    pub(super) fn begin_trial(&mut self, suspects: &[Suspect]) {
        let standing = if suspects.len() == 1 { Standing::Alone } else { Standing::AmongFew };
        for suspect in suspects {
            self.put(suspect.key, standing, suspect.suspicion);
        }
        self.write();
    }

    /// A suspect is let go without having been tried to the end: it stays suspected should the process crash while it is in
    /// flight again.
    pub(super) fn release(&mut self, suspect: Suspect) {
        self.end(suspect.key);
        self.suspicions.insert(suspect.key, suspect.suspicion);
    }

    /// Writes what changed. When that fails attempts go on: without notes a crash is nobody's, which loses nothing.
    pub(super) fn write(&mut self) {
        for page in std::mem::take(&mut self.unwritten) {
            let first = page * PLACES_A_PAGE;
            let places = self.places.iter().skip(first).take(PLACES_A_PAGE);
            let bytes: Vec<u8> = places.flat_map(|place| place.bytes()).collect();
            let offset = u64::try_from(first * Place::BYTES).unwrap_or(u64::MAX);
            if let Err(error) = self.file.write_all_at(&bytes, offset) {
                self.complaint.write(|before| {
                    tracing::warn!(
                        %error,
                        failures_before = before,
                        "attempts under way cannot be noted; a crash could not be traced to one of them"
                    );
                });
            }
        }
    }

    /// The process stops in order: what is in flight still is not suspected.
    pub(super) fn close(&mut self) {
        let in_flight = self.places.iter().filter(|place| place.standing != Standing::Listed);
        for key in in_flight.map(|place| place.key).collect::<Vec<_>>() {
            self.end(key);
        }
        self.write();
    }

    fn put(&mut self, key: DeliveryKey, standing: Standing, suspicion: Suspicion) {
        let place = match self.by_key.get(&key) {
            Some(place) => *place,
            None => {
                let place = self.free.pop().unwrap_or_else(|| self.grow());
                self.by_key.insert(key, place);
                place
            }
        };
        self.set(place, Place { key, standing, suspicion });
    }

    fn set(&mut self, index: usize, place: Place) {
        if let Some(present) = self.places.get_mut(index) {
            *present = place;
            self.unwritten.insert(index / PLACES_A_PAGE);
        }
    }

    /// Adds a page of places and answers with the first of them.
    fn grow(&mut self) -> usize {
        let first = self.places.len();
        self.places.resize(first + PLACES_A_PAGE, Place::EMPTY);
        self.free.extend((first + 1..self.places.len()).rev());
        first
    }
}

#[cfg(test)]
mod tests;
