//! A map whose copies share what they have in common.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

/// Entries of a part, on average, beyond which there become more parts.
const ENTRIES_OF_A_PART: usize = 64;

/// A hash map in parts. A copy shares all of them, and a change copies the part it falls into, so that changing a copy of a map with
/// very many entries costs little. With few entries it has one part and is an ordinary map.
#[derive(Clone)]
pub struct SharedMap<Key, Value> {
    /// A power of two of them, at least one.
    parts: Vec<Arc<HashMap<Key, Value, RandomState>>>,
    /// Chooses the part.
    chooser: RandomState,
    length: usize,
}

impl<Key, Value> Default for SharedMap<Key, Value> {
    fn default() -> Self {
        Self { parts: vec![Arc::default()], chooser: RandomState::new(), length: 0 }
    }
}

impl<Key: fmt::Debug, Value: fmt::Debug> fmt::Debug for SharedMap<Key, Value> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.parts.iter().flat_map(|part| part.iter())).finish()
    }
}

impl<Key, Value> SharedMap<Key, Value> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Every value, in no order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().flat_map(|part| part.values())
    }
}

impl<Key: Hash + Eq, Value> SharedMap<Key, Value> {
    fn place<Wanted: Hash + ?Sized>(&self, key: &Wanted) -> usize {
        let [.., high, low] = self.chooser.hash_one(key).to_be_bytes();
        (usize::from(high) << 8 | usize::from(low)) & (self.parts.len() - 1)
    }

    /// The value of this key.
    #[must_use]
    pub fn get<Wanted>(&self, key: &Wanted) -> Option<&Value>
    where
        Key: Borrow<Wanted>,
        Wanted: Hash + Eq + ?Sized,
    {
        // A map of one part needs no second hash.
        let place = if self.parts.len() == 1 { 0 } else { self.place(key) };
        self.parts.get(place)?.get(key)
    }

    /// Whether there is this key.
    #[must_use]
    pub fn contains_key<Wanted>(&self, key: &Wanted) -> bool
    where
        Key: Borrow<Wanted>,
        Wanted: Hash + Eq + ?Sized,
    {
        self.get(key).is_some()
    }
}

impl<Key: Hash + Eq + Clone, Value: Clone> SharedMap<Key, Value> {
    /// The most parts: what two bytes of a hash choose from.
    const MOST_PARTS: usize = 1 << 16;

    /// Puts a value in place of what the key had.
    pub fn insert(&mut self, key: Key, value: Value) {
        let place = self.place(&key);
        if let Some(part) = self.parts.get_mut(place)
            && Arc::make_mut(part).insert(key, value).is_none()
        {
            self.length += 1;
            self.spread();
        }
    }

    /// Takes a key and its value out.
    pub fn remove(&mut self, key: &Key) {
        let place = self.place(key);
        if let Some(part) = self.parts.get_mut(place)
            && part.contains_key(key)
        {
            Arc::make_mut(part).remove(key);
            self.length -= 1;
        }
    }

    /// Makes four times as many parts when there are too many entries for those there are.
    fn spread(&mut self) {
        let parts = self.parts.len();
        if self.length <= parts * ENTRIES_OF_A_PART || parts >= Self::MOST_PARTS {
            return;
        }
        let before = std::mem::take(&mut self.parts);
        self.parts = (0..parts * 4).map(|_| Arc::default()).collect();
        for part in before {
            for (key, value) in Arc::unwrap_or_clone(part) {
                let place = self.place(&key);
                if let Some(part) = self.parts.get_mut(place) {
                    Arc::make_mut(part).insert(key, value);
                }
            }
        }
    }
}

impl<Key: Hash + Eq + Clone, Value: Clone + Default> SharedMap<Key, Value> {
    /// Changes the value of a key, which is made first where there is none.
    pub fn change(&mut self, key: Key, change: impl FnOnce(&mut Value)) {
        let place = self.place(&key);
        let Some(part) = self.parts.get_mut(place) else { return };
        let part = Arc::make_mut(part);
        let before = part.len();
        change(part.entry(key).or_default());
        self.length += part.len() - before;
        self.spread();
    }
}

impl<Key: Hash + Eq + Clone, Value: Clone> FromIterator<(Key, Value)> for SharedMap<Key, Value> {
    fn from_iter<Items: IntoIterator<Item = (Key, Value)>>(items: Items) -> Self {
        let mut map = Self::default();
        items.into_iter().for_each(|(key, value)| map.insert(key, value));
        map
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_and_its_copies_stay_as_they_were(
            steps in prop::collection::vec((any::<bool>(), 0_u16..500), 0..1_500),
        ) {
            let mut map = SharedMap::default();
            let mut expected = HashMap::new();
            let mut copies = Vec::new();
            for (number, (inserts, key)) in steps.into_iter().enumerate() {
                if number % 300 == 0 {
                    copies.push((map.clone(), expected.clone()));
                }
                if inserts {
                    map.insert(key, number);
                    expected.insert(key, number);
                } else {
                    map.remove(&key);
                    expected.remove(&key);
                }
            }
            copies.push((map, expected));
            for (map, expected) in copies {
                prop_assert_eq!(map.len(), expected.len());
                prop_assert_eq!(map.values().count(), expected.len());
                for key in 0..500 {
                    prop_assert_eq!(map.get(&key), expected.get(&key));
                }
            }
        }
    }

    #[test]
    fn a_change_of_a_large_copy_leaves_nearly_all_of_it_shared() {
        let map: SharedMap<u32, u32> = (0..10_000).map(|number| (number, number)).collect();
        let mut copy = map.clone();
        copy.insert(1, 2);
        let shared = map.parts.iter().zip(&copy.parts).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        assert_eq!(shared, map.parts.len() - 1);
        assert!(map.parts.len() >= 10_000 / (4 * ENTRIES_OF_A_PART));
        assert_eq!((map.get(&1), copy.get(&1)), (Some(&1), Some(&2)));
    }

    #[test]
    fn lists_grow_in_place() {
        let mut map: SharedMap<Arc<str>, Vec<usize>> = SharedMap::default();
        for number in 0..1_000 {
            map.change(Arc::from(format!("{}", number % 300)), |list| list.push(number));
        }
        assert_eq!((map.len(), map.get("7").map(Vec::as_slice)), (300, Some(&[7, 307, 607, 907][..])));
    }
}
