//! In which groups suspects are tried, and for how long. Pure.

use std::cmp::Reverse;
use std::time::Duration;

use rand::seq::SliceRandom;

use super::CRASHES_BEFORE_TRIAL;
use crate::runtime::in_flight::Suspect;

/// Into how many groups those are split that are suspected alike. A start then takes as long as so many attempts one after the
/// other, however many were in flight, and each further crash leaves a quarter of them suspected.
const GROUPS: usize = 4;
/// How long a group may take that was in flight at two crashes. It doubles with each further crash: what makes us crash later than
/// that is found nevertheless.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(250);
/// How long a group may take at most, and all of them together at one start.
const LONGEST_HOLD: Duration = Duration::from_secs(4);

/// For how long this group may be tried.
pub(super) fn patience(group: &[Suspect]) -> Duration {
    let crashes = group.iter().map(|suspect| suspect.suspicion.crashes).max().unwrap_or_default();
    let doubling = u32::from(crashes.saturating_sub(CRASHES_BEFORE_TRIAL)).min(8);
    (SHORTEST_PATIENCE * 2_u32.pow(doubling)).min(LONGEST_HOLD)
}

/// For how long these may hold up all others at one start: twice as long as one of their groups may take.
pub(super) fn hold(suspects: &[Suspect]) -> Duration {
    (2 * patience(suspects)).min(LONGEST_HOLD)
}

/// The groups, in the order in which they are tried. Those come first during which we crashed: alone, then among few. Beyond that
/// chance decides, since the time may not suffice for all of them.
pub(super) fn groups(mut suspects: Vec<Suspect>, random: &mut impl rand::Rng) -> Vec<Vec<Suspect>> {
    suspects.shuffle(random);
    let (mut alone, mut others): (Vec<_>, Vec<_>) =
        suspects.into_iter().partition(|suspect| suspect.suspicion.crashes_alone > 0);
    alone.sort_by_key(|suspect| Reverse(suspect.suspicion.crashes_alone));
    let mut groups: Vec<Vec<Suspect>> = alone.into_iter().map(|suspect| vec![suspect]).collect();
    others.sort_by_key(|suspect| Reverse(suspect.suspicion.crashes_among_few));
    let alike =
        others.chunk_by(|one, other| one.suspicion.crashes_among_few == other.suspicion.crashes_among_few);
    for suspects in alike {
        groups.extend(suspects.chunks(suspects.len().div_ceil(GROUPS)).map(<[Suspect]>::to_vec));
    }
    groups
}
