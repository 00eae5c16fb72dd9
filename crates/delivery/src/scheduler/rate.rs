//! Rates: how many attempts an endpoint takes, as a bucket of tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use rendezhook_domain::subscription::DeliveryRate;
use rendezhook_domain::time::Timestamp;

/// The milliseconds of a minute: in so many parts of a token, what a millisecond brings is a whole number at any rate.
const TOKEN: u64 = 60_000;

/// A bucket of tokens: it fills at a rate, holds those of one second but at least one, and each start takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenBucket {
    rate: DeliveryRate,
    level: u64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full one.
    pub(super) const fn new(rate: DeliveryRate, now: Timestamp) -> Self {
        Self { rate, level: capacity(rate), filled_at: now }
    }

    /// Goes over to another rate; what it holds stays, as far as there is room.
    pub(super) fn set_rate(&mut self, rate: DeliveryRate, now: Timestamp) {
        self.fill(now);
        self.rate = rate;
        self.level = self.level.min(capacity(rate));
    }

    /// When there is a whole token.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        let missing = TOKEN.saturating_sub(self.level_at(now));
        now.after(Duration::from_millis(missing.div_ceil(self.each_millisecond())))
    }

    /// Takes one token.
    pub(super) fn take(&mut self, now: Timestamp) {
        self.fill(now);
        self.level = self.level.saturating_sub(TOKEN);
    }

    fn fill(&mut self, now: Timestamp) {
        self.level = self.level_at(now);
        self.filled_at = now;
    }

    fn level_at(&self, now: Timestamp) -> u64 {
        let passed = u64::try_from(now.since(self.filled_at).as_millis()).unwrap_or(u64::MAX);
        let came = passed.saturating_mul(self.each_millisecond());
        self.level.saturating_add(came).min(capacity(self.rate))
    }

    fn each_millisecond(&self) -> u64 {
        u64::from(self.rate.per_minute())
    }
}

const fn capacity(rate: DeliveryRate) -> u64 {
    let of_a_second = rate.per_minute() as u64 * 1_000;
    if of_a_second < TOKEN { TOKEN } else { of_a_second }
}

/// The rate of an endpoint: the smallest of what its subscriptions set. Most set none.
#[derive(Debug, Default)]
pub(super) struct Rate(Option<Box<Limited>>);

#[derive(Debug)]
struct Limited {
    bucket: TokenBucket,
    /// How many subscriptions set each limit.
    limits: BTreeMap<DeliveryRate, u32>,
    /// For when the endpoint is to be looked at again.
    alarm_at: Option<Timestamp>,
}

impl Rate {
    /// Adds what a subscription sets.
    pub(super) fn add(&mut self, limit: Option<DeliveryRate>, now: Timestamp) {
        let Some(limit) = limit else { return };
        let limited = self.0.get_or_insert_with(|| {
            let bucket = TokenBucket::new(limit, now);
            Box::new(Limited { bucket, limits: BTreeMap::new(), alarm_at: None })
        });
        *limited.limits.entry(limit).or_default() += 1;
        limited.keep_smallest(now);
    }

    /// Takes back what a subscription had set.
    pub(super) fn remove(&mut self, limit: Option<DeliveryRate>, now: Timestamp) {
        let (Some(limit), Some(limited)) = (limit, &mut self.0) else { return };
        if let Some(count) = limited.limits.get_mut(&limit) {
            *count -= 1;
            if *count == 0 {
                limited.limits.remove(&limit);
            }
        }
        if limited.limits.is_empty() {
            self.0 = None;
        } else {
            limited.keep_smallest(now);
        }
    }

    /// When the next attempt may start.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        self.0.as_ref().map_or(now, |limited| limited.bucket.ready_at(now))
    }

    pub(super) fn take(&mut self, now: Timestamp) {
        if let Some(limited) = &mut self.0 {
            limited.bucket.take(now);
        }
    }

    /// When an alarm is to be set for the next token, if none is.
    pub(super) fn alarm(&mut self, now: Timestamp) -> Option<Timestamp> {
        let limited = self.0.as_mut()?;
        let ready_at = limited.bucket.ready_at(now);
        if ready_at <= now || limited.alarm_at.is_some_and(|at| at > now && at <= ready_at) {
            return None;
        }
        limited.alarm_at = Some(ready_at);
        Some(ready_at)
    }
}

impl Limited {
    fn keep_smallest(&mut self, now: Timestamp) {
        if let Some((smallest, _)) = self.limits.first_key_value() {
            self.bucket.set_rate(*smallest, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::subscription::RateLimit;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    fn each_second(deliveries: u32) -> DeliveryRate {
        RateLimit::new(deliveries).unwrap().into()
    }

    /// How many tokens can be taken within these milliseconds, one look each.
    fn taken(bucket: &mut TokenBucket, from: i64, to: i64) -> usize {
        let mut count = 0;
        for now in from..to {
            while bucket.ready_at(at(now)) <= at(now) {
                bucket.take(at(now));
                count += 1;
            }
        }
        count
    }

    #[test]
    fn a_bucket_gives_a_second_at_once_and_then_its_rate() {
        for rate in [1, 3, 7, 1_000, 10_000] {
            let mut bucket = TokenBucket::new(each_second(rate), at(0));
            let count = usize::try_from(rate).unwrap();
            assert_eq!(taken(&mut bucket, 0, 1), count);
            assert_eq!(taken(&mut bucket, 1, 3_001), 3 * count, "at {rate}");
        }
    }

    #[test]
    fn the_time_of_the_next_token_is_exact() {
        let mut bucket = TokenBucket::new(each_second(3), at(0));
        assert_eq!(taken(&mut bucket, 0, 1), 3);
        assert_eq!(bucket.ready_at(at(0)), at(334));
        bucket.set_rate(each_second(10), at(0));
        assert_eq!(bucket.ready_at(at(0)), at(100));
    }

    #[test]
    fn less_than_one_a_second_comes_one_by_one() {
        let mut bucket = TokenBucket::new(DeliveryRate::each_minute(20).unwrap(), at(0));
        assert_eq!(taken(&mut bucket, 0, 1), 1);
        assert_eq!(bucket.ready_at(at(0)), at(3_000));
        assert_eq!(taken(&mut bucket, 1, 60_001), 20);
        assert_eq!(taken(&mut bucket, 180_000, 180_001), 1, "nothing is saved up");
    }

    #[test]
    fn the_smallest_limit_of_an_endpoint_counts() {
        let limit = |per_second| Some(each_second(per_second));
        let mut rate = Rate::default();
        assert_eq!(rate.ready_at(at(0)), at(0));
        rate.add(limit(100), at(0));
        rate.add(limit(2), at(0));
        rate.add(None, at(0));
        rate.take(at(0));
        rate.take(at(0));
        assert_eq!(rate.ready_at(at(0)), at(500));
        assert_eq!(rate.alarm(at(0)), Some(at(500)));
        assert_eq!(rate.alarm(at(0)), None, "it is set");
        rate.remove(limit(2), at(0));
        assert_eq!(rate.ready_at(at(0)), at(10));
        rate.remove(limit(100), at(0));
        assert_eq!(rate.ready_at(at(0)), at(0));
    }
}
