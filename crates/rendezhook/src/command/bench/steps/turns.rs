//! Comparing servers on a machine that drifts: they take turns, and the median of each one's turns counts.

use super::super::failure::BenchError;
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::{Organization, Server};
use super::UNLIMITED_REQUESTS;

/// How often each server has its turn.
const TURNS: u64 = 5;
/// Connections: so many that the server has no idle moments, in which cores fall asleep.
const CONNECTIONS: usize = 64;

/// A server that is compared with others.
pub(super) struct Contender {
    pub(super) server: Server,
    pub(super) organization: Organization,
    pub(super) work: Work,
}

/// Processor time of each server for one delivery in microseconds, in their order: single publishes, delivered to one
/// subscription at the same time.
pub(super) async fn compare(
    rig: &mut Rig,
    plan: &Plan,
    group: &'static str,
    contenders: &[Contender],
) -> Result<Vec<f64>, BenchError> {
    let mut costs = vec![Vec::new(); contenders.len()];
    for turn in 0..=TURNS {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            let load = Load {
                group,
                target: Target::Work(&contender.server, &contender.organization, contender.work.clone()),
                connections: CONNECTIONS,
                rate_per_second: None,
                items: 1,
                deliveries: 1,
                requests: UNLIMITED_REQUESTS,
                seconds: plan.seconds.div_ceil(TURNS),
            };
            let figures = rig.step(&load).await?;
            // The first turn warms up.
            costs.extend(figures.processor.server_us_per_delivery.filter(|_| turn > 0));
        }
    }
    Ok(costs.into_iter().map(median).collect())
}

/// The middle one; 0 when there is none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![9.0, 1.0, 3.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }
}
