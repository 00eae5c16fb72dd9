//! How an input becomes another.

use rand::{Rng, RngExt};

/// The longest input, in bytes. Longer ones are cut off: what they could show is a matter of limits, which have tests.
pub const LONGEST: usize = 8 * 1024;

/// Most changes made to one input.
const MOST_CHANGES: u32 = 6;

/// Numbers at which something may turn over.
const EDGES: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "4294967296",
    "9223372036854775808",
    "1e308",
    "0.5",
    "00",
];

/// Makes another input of one of the pool. `words` are of the language of the target.
pub fn mutate(pool: &[Vec<u8>], words: &[&str], random: &mut impl Rng) -> Vec<u8> {
    let mut input = chosen(pool, random).cloned().unwrap_or_default();
    for _ in 0..random.random_range(1..=MOST_CHANGES) {
        change(&mut input, pool, words, random);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], words: &[&str], random: &mut impl Rng) {
    let (start, end) = stretch(input.len(), random);
    match random.random_range(0..9) {
        0 => {
            if let Some(byte) = input.get_mut(start) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(start) {
                *byte = random.random();
            }
        }
        2 => drop(input.drain(start..end)),
        3 => {
            // The same once more: nesting, repetition.
            let piece = input.get(start..end).unwrap_or_default().to_vec();
            insert(input, start, &piece);
        }
        4 | 5 => {
            if let Some(word) = chosen(words, random) {
                replace(input, start, end.min(start + word.len()), word.as_bytes(), random);
            }
        }
        6 => {
            if let Some(number) = chosen(&EDGES, random) {
                replace(input, start, end.min(start + 2), number.as_bytes(), random);
            }
        }
        7 => {
            // The beginning of one, the end of another.
            let other = chosen(pool, random).cloned().unwrap_or_default();
            let (from, _) = stretch(other.len(), random);
            input.truncate(start);
            input.extend_from_slice(other.get(from..).unwrap_or_default());
        }
        _ => {
            let character: char = random.random();
            let mut bytes = [0; 4];
            insert(input, start, character.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

/// A piece of so many bytes, mostly a short one.
fn stretch(length: usize, random: &mut impl Rng) -> (usize, usize) {
    let start = random.random_range(0..=length);
    let longest = if random.random_bool(0.8) { 16 } else { length };
    let end = start.saturating_add(random.random_range(0..=longest)).min(length);
    (start, end)
}

fn insert(input: &mut Vec<u8>, place: usize, piece: &[u8]) {
    input.splice(place..place, piece.iter().copied());
}

/// Puts a piece in place of another, or before it.
fn replace(input: &mut Vec<u8>, start: usize, end: usize, piece: &[u8], random: &mut impl Rng) {
    let end = if random.random_bool(0.5) { start } else { end.max(start) };
    input.splice(start..end, piece.iter().copied());
}

fn chosen<'a, Item>(items: &'a [Item], random: &mut impl Rng) -> Option<&'a Item> {
    (!items.is_empty()).then(|| items.get(random.random_range(0..items.len()))).flatten()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_within_the_bound() {
        let pool = [b"https://example.com/".to_vec(), vec![b'x'; LONGEST]];
        let made = |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            (0..500).map(|_| mutate(&pool, &["127.0.0.1"], &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(1).iter().all(|input| input.len() <= LONGEST));
        assert!(made(1).iter().any(|input| input.windows(9).any(|part| part == b"127.0.0.1")));
    }

    #[test]
    fn something_comes_of_nothing() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        assert!((0..100).any(|_| !mutate(&[], &["a"], &mut random).is_empty()));
    }
}
