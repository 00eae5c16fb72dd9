//! Plays random histories against the scheduler: receivers that fail, hang and refuse, subscriptions that are paused, moved
//! and deleted, records and pages that take their time, a feed that overflows, and crashes. Everything comes from one seed.
//!
//! Time is simulated: a history of days takes milliseconds. The scheduler is the real one; the store, the feed and the
//! receivers are models of what matters of them. What must hold is checked after every step and at the end (`checks`,
//! `receipts`).
//!
//! `cargo xtask simulate --from 123 --seeds 1` plays a single seed again, `cargo xtask simulate --seeds 10000` many fresh ones;
//! `cargo xtask test` plays a minute of them. A seed that finds something is added to [`FOUND`] with what it found.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod model;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod world;

/// How many seeds are played each time.
#[cfg(test)]
const FIXED: u64 = 200;

/// How many seeds that nobody played before are added, unless the environment says how many.
#[cfg(test)]
const FRESH: u64 = 200;

#[test]
fn invariants_hold_in_the_histories_that_are_played_each_time() {
    let summary = runs::play(0, FIXED, 1);
    println!("{summary}");
    summary.expect_nothing_broken();
}

/// Seeds that found something once, as long as what they play is what it was then; the scheduler's own tests hold each finding
/// for good.
#[cfg(test)]
const FOUND: [(u64, &str); 21] = [
    (
        240,
        "a receiver never gets a place at a narrow endpoint it shares, while another endpoint takes all other attempts",
    ),
    (627, "the same among three receivers"),
    (
        1_533_096_727,
        "a receiver that waits for a place is passed three times, since its turn comes while the place is taken",
    ),
    (5_002_646, "the same, since what comes first in its lane takes places in the turns of other endpoints"),
    (
        2_111_057_269,
        "what was folded twice is due too late when the second fold becomes durable first: records keep their order",
    ),
    (
        2_111_059_217,
        "a schedule that changes in the step of a failure is judged by as it was: a fault of the check",
    ),
    (2_111_062_023, "so is a fold in the step in which the receiver's order changes"),
    (
        3_377_351_948,
        "what takes the place of a folded update is due late, when its subscription was stopped and went on meanwhile",
    ),
    (3_377_348_135, "the same"),
    (
        89_638_180,
        "one too many ends, since that another has ended is told later in the same step: a fault of the check",
    ),
    (89_639_028, "a fold across what its lane has just moved on past: a fault of the check"),
    (
        2_661_715_016,
        "an organization whose turn comes twice while its place at an authority is taken is passed three times",
    ),
    (3_305_171_945, "what was attempted has an update folded into it, and starts before that has ended"),
    (
        3_305_172_260,
        "a place is kept at an authority for an endpoint whose turn is far away, and others wait for it",
    ),
    (3_305_175_540, "tests keep the deliveries of another receiver from probing an endpoint"),
    (1_328_553_548, "tests of a receiver keep those of another one waiting at an endpoint that is spared"),
    (
        1_450_738_938,
        "a subscription is deleted in the step in which a delivery of it fails: a fault of the check",
    ),
    (3_806_185_075, "of more than eight that were overtaken in a lane the ninth is passed"),
    (910_001_051, "what was overtaken is passed when it could start as a probe"),
    (
        1_841_526_910,
        "a process that begins in the moment in which the one before it ended was asked to end in its stead: a fault of the world",
    ),
    (
        3_487_570_681,
        "what was under way while its subscription was paused passes again what is not back in memory yet: a fault of the check",
    ),
];

#[test]
fn what_was_found_once_stays_mended() {
    for (seed, what) in FOUND {
        println!("seed {seed}: {what}");
        runs::play_one(seed);
    }
}

#[test]
fn invariants_hold_in_fresh_histories() {
    let named = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    // Room for the seeds after it, and short enough to be typed.
    let first = named("RENDEZHOOK_SIMULATE_FROM").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let count = named("RENDEZHOOK_SIMULATE_SEEDS");
    let seconds = named("RENDEZHOOK_SIMULATE_SECONDS");
    let threads = match count.or(seconds) {
        Some(_) => std::thread::available_parallelism().map_or(1, usize::from),
        None => 1,
    };
    println!("seeds from {first} on");
    let summary = match seconds {
        Some(seconds) => runs::play_for(first, std::time::Duration::from_secs(seconds), threads),
        None => runs::play(first, count.unwrap_or(FRESH), threads),
    };
    println!("{summary}");
    summary.expect_nothing_broken();
}

#[test]
fn nobody_is_served_twice_while_somebody_waits() {
    for seed in 0..250 {
        fairness::play(seed);
    }
}

#[test]
fn the_same_seed_plays_the_same_history() {
    for seed in 0..24 {
        let (first, second) = (runs::play_one(seed), runs::play_one(seed));
        assert_eq!(first, second, "seed {seed}");
        assert!(first.attempts > 0 || first.deliveries == 0, "seed {seed} does nothing");
    }
}
