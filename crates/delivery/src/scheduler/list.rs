//! Doubly linked lists whose links lie in the things themselves: every change takes constant time and no memory.

use std::marker::PhantomData;

use super::slab::{Slab, Slot};

/// The neighbours of a thing in one list.
#[derive(Debug)]
pub(super) struct Links<T> {
    pub(super) previous: Option<Slot<T>>,
    pub(super) next: Option<Slot<T>>,
}

impl<T> Clone for Links<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Links<T> {}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self { previous: None, next: None }
    }
}

/// A thing that can be in a list; `Role` names which of its links that list uses.
pub(super) trait Linked<Role>: Default {
    fn links(&mut self) -> &mut Links<Self>;
}

/// A list of things in a [`Slab`].
#[derive(Debug)]
pub(super) struct List<T, Role> {
    first: Option<Slot<T>>,
    last: Option<Slot<T>>,
    length: u32,
    role: PhantomData<fn() -> Role>,
}

impl<T, Role> Default for List<T, Role> {
    fn default() -> Self {
        Self { first: None, last: None, length: 0, role: PhantomData }
    }
}

impl<T: Linked<Role>, Role> List<T, Role> {
    pub(super) fn first(&self) -> Option<Slot<T>> {
        self.first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> u32 {
        self.length
    }

    pub(super) fn push_back(&mut self, things: &mut Slab<T>, slot: Slot<T>) {
        *things[slot].links() = Links { previous: self.last, next: None };
        match self.last {
            Some(last) => things[last].links().next = Some(slot),
            None => self.first = Some(slot),
        }
        self.last = Some(slot);
        self.length += 1;
    }

    pub(super) fn push_front(&mut self, things: &mut Slab<T>, slot: Slot<T>) {
        *things[slot].links() = Links { previous: None, next: self.first };
        match self.first {
            Some(first) => things[first].links().previous = Some(slot),
            None => self.last = Some(slot),
        }
        self.first = Some(slot);
        self.length += 1;
    }

    /// Takes a thing out that is in this list.
    pub(super) fn remove(&mut self, things: &mut Slab<T>, slot: Slot<T>) {
        let Links { previous, next } = std::mem::take(things[slot].links());
        match previous {
            Some(previous) => things[previous].links().next = next,
            None => self.first = next,
        }
        match next {
            Some(next) => things[next].links().previous = previous,
            None => self.last = previous,
        }
        self.length = self.length.saturating_sub(1);
    }

    pub(super) fn pop_front(&mut self, things: &mut Slab<T>) -> Option<Slot<T>> {
        let first = self.first?;
        self.remove(things, first);
        Some(first)
    }

    /// Moves the first one to the end.
    pub(super) fn rotate(&mut self, things: &mut Slab<T>) {
        if let Some(first) = self.pop_front(things) {
            self.push_back(things, first);
        }
    }

    /// The first one that is wanted.
    pub(super) fn first_where(
        &self,
        things: &mut Slab<T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Option<Slot<T>> {
        let mut cursor = self.first;
        while let Some(slot) = cursor.filter(|slot| !is_wanted(&things[*slot])) {
            cursor = things[slot].links().next;
        }
        cursor
    }

    /// Everything in the list, for the rare turns that change it while they go over it.
    pub(super) fn to_vec(&self, things: &mut Slab<T>) -> Vec<Slot<T>> {
        let mut slots = Vec::new();
        let mut cursor = self.first;
        while let Some(slot) = cursor {
            slots.push(slot);
            cursor = things[slot].links().next;
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Bead(Links<Bead>);
    struct String;

    impl Linked<String> for Bead {
        fn links(&mut self) -> &mut Links<Self> {
            &mut self.0
        }
    }

    #[test]
    fn things_leave_from_anywhere() {
        let mut beads = Slab::new();
        let mut list = List::<Bead, String>::default();
        let slots: Vec<_> = (0..5).map(|_| beads.insert(Bead::default())).collect();
        for slot in &slots[1..] {
            list.push_back(&mut beads, *slot);
        }
        list.push_front(&mut beads, slots[0]);
        for middle in [2, 0, 4] {
            list.remove(&mut beads, slots[middle]);
        }
        assert_eq!(list.to_vec(&mut beads), vec![slots[1], slots[3]]);
        list.rotate(&mut beads);
        assert_eq!(list.to_vec(&mut beads), vec![slots[3], slots[1]]);
        list.rotate(&mut beads);
        assert_eq!(list.pop_front(&mut beads), Some(slots[1]));
        assert_eq!(list.pop_front(&mut beads), Some(slots[3]));
        assert_eq!(list.pop_front(&mut beads), None);
        assert_eq!(list.len(), 0);
    }
}
