//! Small numbers for long names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// Gives each name a number, the same for everybody who holds it, and forgets it when nobody does.
pub(super) struct Numbers<Name> {
    pub(super) numbers: HashMap<Name, u32>,
    pub(super) held: HashMap<u32, Held<Name>>,
    last: u32,
}

/// A name that somebody holds.
pub(super) struct Held<Name> {
    name: Name,
    holders: u32,
}

impl<Name> Default for Numbers<Name> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), held: HashMap::new(), last: 0 }
    }
}

impl<Name: Clone + Eq + Hash> Numbers<Name> {
    /// The number of a name, with one holder more.
    pub(super) fn hold(&mut self, name: Name) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            if let Some(held) = self.held.get_mut(number) {
                held.holders += 1;
            }
            return *number;
        }
        let number = self.unused();
        self.numbers.insert(name.clone(), number);
        self.held.insert(number, Held { name, holders: 1 });
        number
    }

    /// Takes a holder away; answers with the name when it was the last one.
    pub(super) fn release(&mut self, number: u32) -> Option<Name> {
        let Entry::Occupied(mut held) = self.held.entry(number) else {
            return None;
        };
        held.get_mut().holders -= 1;
        if held.get().holders > 0 {
            return None;
        }
        let Held { name, .. } = held.remove();
        self.numbers.remove(&name);
        Some(name)
    }

    /// What a number stands for, while somebody holds it.
    pub(super) fn name(&self, number: u32) -> Option<&Name> {
        self.held.get(&number).map(|held| &held.name)
    }

    /// A number never used before, until 2^32 of them were; then one that nobody holds.
    fn unused(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.held.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}
