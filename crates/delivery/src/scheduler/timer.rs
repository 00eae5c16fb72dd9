//! Timers: which delivery is to be looked at next, and the few alarms of endpoints and receivers.

use std::marker::PhantomData;

use rendezhook_domain::time::Timestamp;

use super::endpoint::Endpoint;
use super::history::History;
use super::receiver::Receiver;
use super::slab::{Slab, Slot};

/// Something other than a delivery that time alone brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// An endpoint may have attempts again.
    LookAtEndpoint(Slot<Endpoint>),
    /// A page that could not be read is asked for again.
    PageAgain(Slot<Receiver>),
}

/// Where a history is in a timer; the index plus one, zero when it is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position(u32);

impl Position {
    fn at(index: usize) -> Self {
        Self(u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1)))
    }

    fn index(self) -> Option<usize> {
        self.0.checked_sub(1).and_then(|index| usize::try_from(index).ok())
    }
}

/// What a history keeps for the timer `Kind`.
pub(super) trait Timed<Kind> {
    fn at(&self) -> Timestamp;
    fn position(&mut self) -> &mut Position;
}

/// A binary heap of histories, the earliest first. Each knows its place in it, so that it can be moved and taken out.
#[derive(Debug)]
pub(super) struct Timer<Kind> {
    heap: Vec<Slot<History>>,
    kind: PhantomData<fn() -> Kind>,
}

impl<Kind> Default for Timer<Kind> {
    fn default() -> Self {
        Self { heap: Vec::new(), kind: PhantomData }
    }
}

impl<Kind> Timer<Kind>
where
    History: Timed<Kind>,
{
    /// The earliest one.
    pub(super) fn first(&self, histories: &Slab<History>) -> Option<(Timestamp, Slot<History>)> {
        self.heap.first().map(|slot| (Timed::<Kind>::at(&histories[*slot]), *slot))
    }

    /// Puts it in, or to its right place after its time has changed.
    pub(super) fn set(&mut self, histories: &mut Slab<History>, slot: Slot<History>) {
        let index = self.position(histories, slot).unwrap_or_else(|| {
            self.heap.push(slot);
            self.heap.len() - 1
        });
        let index = self.rise(histories, index);
        self.sink(histories, index);
    }

    /// Takes it out, if it is in.
    pub(super) fn remove(&mut self, histories: &mut Slab<History>, slot: Slot<History>) {
        let Some(index) = self.position(histories, slot) else { return };
        *Timed::<Kind>::position(&mut histories[slot]) = Position::default();
        self.heap.swap_remove(index);
        if index < self.heap.len() {
            let index = self.rise(histories, index);
            self.sink(histories, index);
        }
    }

    /// The memory it has taken.
    pub(super) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Slot<History>>()
    }

    fn position(&self, histories: &mut Slab<History>, slot: Slot<History>) -> Option<usize> {
        Timed::<Kind>::position(&mut histories[slot]).index()
    }

    fn at(&self, histories: &Slab<History>, index: usize) -> Option<Timestamp> {
        self.heap.get(index).map(|slot| Timed::<Kind>::at(&histories[*slot]))
    }

    /// Moves up what is earlier than its parent; answers with where it has come to.
    fn rise(&mut self, histories: &mut Slab<History>, mut index: usize) -> usize {
        while let Some(parent) = index.checked_sub(1).map(|below| below / 2) {
            if self.at(histories, parent) <= self.at(histories, index) {
                break;
            }
            self.heap.swap(parent, index);
            self.note(histories, index);
            index = parent;
        }
        self.note(histories, index);
        index
    }

    /// Moves down what is later than one of its children.
    fn sink(&mut self, histories: &mut Slab<History>, mut index: usize) {
        loop {
            let left = 2 * index + 1;
            let Some(left_at) = self.at(histories, left) else { break };
            let child = match self.at(histories, left + 1) {
                Some(right_at) if right_at < left_at => left + 1,
                _ => left,
            };
            if self.at(histories, index) <= self.at(histories, child) {
                break;
            }
            self.heap.swap(index, child);
            self.note(histories, index);
            index = child;
        }
        self.note(histories, index);
    }

    fn note(&self, histories: &mut Slab<History>, index: usize) {
        if let Some(slot) = self.heap.get(index) {
            *Timed::<Kind>::position(&mut histories[*slot]) = Position::at(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::history::Due;
    use crate::scheduler::packed::PackedInstant;

    fn at(milliseconds: i64) -> PackedInstant {
        PackedInstant::new(Some(Timestamp::from_milliseconds(milliseconds)))
    }

    #[test]
    fn the_earliest_comes_first_also_after_changes() {
        let mut histories = Slab::new();
        let mut timer = Timer::<Due>::default();
        let slots: Vec<_> = (0..100)
            .map(|number: i64| {
                let slot =
                    histories.insert(History { alarm_at: at(number * 37 % 101), ..History::default() });
                timer.set(&mut histories, slot);
                slot
            })
            .collect();
        timer.remove(&mut histories, slots[50]);
        timer.remove(&mut histories, slots[50]);
        histories[slots[3]].alarm_at = at(500);
        timer.set(&mut histories, slots[3]);
        let mut order = Vec::new();
        while let Some((at, slot)) = timer.first(&histories) {
            order.push(at.milliseconds());
            timer.remove(&mut histories, slot);
        }
        assert_eq!(order.len(), 99);
        assert!(order.is_sorted());
        assert_eq!(order.last(), Some(&500));
    }
}
