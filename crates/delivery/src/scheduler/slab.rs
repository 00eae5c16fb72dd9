//! Storage of many small things under four-byte numbers.
//!
//! It grows by chunks of fixed size, so that growth neither copies what is there nor doubles the memory it needs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// How many things a chunk holds.
const CHUNK: usize = 512;

/// Where a thing is kept in its [`Slab`]. Four bytes, also as an `Option`.
pub(super) struct Slot<T> {
    /// The index plus one.
    number: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

impl<T> Slot<T> {
    fn at(index: u32) -> Self {
        Self { number: NonZeroU32::MIN.saturating_add(index), of: PhantomData }
    }

    fn index(self) -> usize {
        usize::try_from(self.number.get() - 1).unwrap_or(usize::MAX)
    }

    /// A number that is different for every slot of a slab, for hashing.
    pub(super) fn number(self) -> u32 {
        self.number.get()
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Slot<T> {}

impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

impl<T> Hash for Slot<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<T> Default for Slot<T> {
    /// The first slot. Only blanks hold it.
    fn default() -> Self {
        Self::at(0)
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.number)
    }
}

/// Things under [`Slot`]s.
///
/// A slot that was removed must not be used again. Debug builds stop when one is; otherwise it reads as a blank and what is
/// written to it is lost, because no mistake in here may stop the process.
#[derive(Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    vacant: Vec<Slot<T>>,
    blank: T,
    used: u32,
    length: usize,
}

impl<T: Default> Slab<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), vacant: Vec::new(), blank: T::default(), used: 0, length: 0 }
    }

    pub(super) fn insert(&mut self, thing: T) -> Slot<T> {
        self.length += 1;
        if let Some(slot) = self.vacant.pop() {
            if let Some(place) = self.place(slot) {
                *place = Some(thing);
            }
            return slot;
        }
        let slot = Slot::at(self.used);
        self.used += 1;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(Some(thing)),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(Some(thing));
                self.chunks.push(chunk);
            }
        }
        slot
    }

    pub(super) fn remove(&mut self, slot: Slot<T>) -> T {
        let thing = self.place(slot).and_then(Option::take);
        debug_assert!(thing.is_some(), "{slot:?} is removed twice");
        if thing.is_some() {
            self.length -= 1;
            self.vacant.push(slot);
        }
        thing.unwrap_or_default()
    }

    /// Where something is kept.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot<T>> {
        let things = self.chunks.iter().flatten();
        (0..self.used).zip(things).filter(|(_, thing)| thing.is_some()).map(|(index, _)| Slot::at(index))
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The memory it has taken, used or not.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Option<T>>()
            + self.chunks.capacity() * size_of::<Vec<Option<T>>>()
            + self.vacant.capacity() * size_of::<Slot<T>>()
    }

    fn place(&mut self, slot: Slot<T>) -> Option<&mut Option<T>> {
        let index = slot.index();
        self.chunks.get_mut(index / CHUNK).and_then(|chunk| chunk.get_mut(index % CHUNK))
    }
}

impl<T> Index<Slot<T>> for Slab<T> {
    type Output = T;

    fn index(&self, slot: Slot<T>) -> &T {
        let index = slot.index();
        let found = self.chunks.get(index / CHUNK).and_then(|chunk| chunk.get(index % CHUNK));
        let Some(Some(thing)) = found else {
            debug_assert!(false, "{slot:?} is read after it was removed");
            return &self.blank;
        };
        thing
    }
}

impl<T: Default> IndexMut<Slot<T>> for Slab<T> {
    fn index_mut(&mut self, slot: Slot<T>) -> &mut T {
        let index = slot.index();
        let found = self.chunks.get_mut(index / CHUNK).and_then(|chunk| chunk.get_mut(index % CHUNK));
        let Some(Some(thing)) = found else {
            debug_assert!(false, "{slot:?} is written after it was removed");
            self.blank = T::default();
            return &mut self.blank;
        };
        thing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_cost_nothing_as_an_option() {
        let mut slab = Slab::new();
        let slots: Vec<_> = (0..2_000_u32).map(|number| slab.insert(number)).collect();
        assert!(slots.iter().zip(0_u32..).all(|(slot, number)| slab[*slot] == number));
        assert_eq!(slab.remove(slots[700]), 700);
        assert_eq!(slab.len(), 1_999);
        let again = slab.insert(5);
        assert_eq!(again, slots[700]);
        slab[again] += 1;
        assert_eq!(slab[again], 6);
        assert_eq!(size_of::<Option<Slot<u32>>>(), 4);
    }
}
