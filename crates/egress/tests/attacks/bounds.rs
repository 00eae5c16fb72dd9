//! What an attack may cost: memory and file handles of this process, receivers and name servers included.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rendezhook_egress::{AttemptReport, DEFAULT_TOTAL_LIMIT, Egress, OutboundRequest};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, yield_now};
use tokio::time::advance;

use crate::support::{PATIENCE, hold_clock};

/// How many attempts meet an attack at once: half of what an address may have.
pub(crate) const AT_ONCE: usize = 32;
/// By how much the largest memory of the process may grow. Bodies of 10 GB or answers kept whole show at once; 32 attempts
/// with 16 KiB of head and of body each, and what plays the attack, lie far below.
const MEMORY_GROWTH_KIB: usize = 32 * 1024;
/// How often a drop falls where an attack drips.
pub(crate) const DRIP: Duration = Duration::from_millis(200);
/// Connections at rest have been closed by then: they have 30 s, and are looked after every 5 s.
const REST: Duration = Duration::from_secs(36);

/// Attacks are played one after the other, or the handles of one would be counted for another.
static ALONE: Mutex<()> = Mutex::new(());

/// Plays an attack and checks what it cost. `attack` drops its receivers and gives back what is to be alive when handles are
/// counted: the egress, which could hold some.
pub(crate) fn bounded<Kept>(attack: impl AsyncFnOnce() -> Kept) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _clock = hold_clock();
        let (handles, memory) = (open_handles(), largest_memory_kib());
        let kept = attack().await;
        advance(REST).await;
        // Receivers that drip notice with the next drop that they are alone.
        drip(DRIP * 5).await;
        until("all handles are closed", || open_handles() <= handles).await;
        drop(kept);
        // The kernel counts roughly, so that a later number can be the smaller one by a few pages.
        let growth = largest_memory_kib().saturating_sub(memory);
        assert!(growth < MEMORY_GROWTH_KIB, "memory grew by {growth} KiB");
    });
}

/// Waits, in real time, for what other tasks bring about.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        yield_now().await;
    }
}

/// Lets time pass in steps, each of which wakes whoever drips. There are some more steps than the time has: a task may learn of
/// what happened in one step only in the next.
pub(crate) async fn drip(time: Duration) {
    for _ in 0..time.as_millis() / DRIP.as_millis() + 5 {
        // Timers have a resolution of a millisecond.
        advance(DRIP + Duration::from_millis(1)).await;
    }
}

/// Attempts under way.
pub(crate) struct Attempts(JoinSet<AttemptReport>);

impl Attempts {
    /// Begins [`AT_ONCE`] attempts with the time that attempts have by default.
    pub(crate) fn begin(egress: &Arc<Egress>, request: impl Fn() -> OutboundRequest) -> Self {
        let mut attempts = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (egress, request) = (Arc::clone(egress), request());
            attempts.spawn(async move { egress.send(&request, DEFAULT_TOTAL_LIMIT).await });
        }
        Self(attempts)
    }

    /// How each of them ended. No time passes while this waits.
    pub(crate) async fn reports(self) -> Vec<AttemptReport> {
        self.0.join_all().await
    }
}

/// Plays an attack that needs no time to pass.
pub(crate) async fn attempt(
    egress: &Arc<Egress>,
    request: impl Fn() -> OutboundRequest,
) -> Vec<AttemptReport> {
    Attempts::begin(egress, request).reports().await
}

fn open_handles() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The most memory the process ever had, as far as it was resident.
fn largest_memory_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
