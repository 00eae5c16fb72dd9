//! Answers whose time tells nothing of what was done.

use std::time::Duration;

use tokio::time::Instant;

/// Answers are given at multiples of this time after the request came. A change of the catalogue takes a few milliseconds with its
/// write to disk, few hooks or fifty, so that nearly all answers come at the first.
const STEP: Duration = Duration::from_millis(50);

/// Does something and waits for the next step, so that whoever measures learns the number of steps only.
pub(super) async fn answered_evenly<T>(work: impl Future<Output = T>) -> T {
    let came = Instant::now();
    let answer = work.await;
    let taken = came.elapsed();
    let steps = taken.as_nanos() / STEP.as_nanos() + 1;
    let until = STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
    tokio::time::sleep(until.saturating_sub(taken)).await;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whatever_is_done_is_answered_at_the_next_step() {
        for (taken, answered) in [(0, 50), (1, 50), (49, 50), (50, 100), (51, 100), (140, 150)] {
            let came = Instant::now();
            let work = tokio::time::sleep(Duration::from_millis(taken));
            answered_evenly(work).await;
            assert_eq!(came.elapsed(), Duration::from_millis(answered), "{taken} ms");
        }
    }
}
