//! What holds of breakers: each turns exactly when its rule says so, told here a second time from how attempts ended.
//!
//! What happens in a step is noted as it is told, and judged together with what the scheduler says of its breakers after it.
//! Its word decides only where nobody outside can know: whether an endpoint to which nothing went was forgotten, and how wide
//! a window is after that.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rendezhook_delivery::scheduler::effect::BreakerState;
use rendezhook_delivery::scheduler::input::EndpointNumber;
use rendezhook_domain::outcome::{Failure, Verdict};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

use super::windows::Window;

/// How long a bucket of attempts lasts, in milliseconds, and how many make a minute.
const BUCKET: i64 = 10_000;
const BUCKETS: i64 = 6;

/// The wait before the first probe, and the longest one, before they are spread.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Half open, so many straight failures open a breaker again.
const STRAIGHT_HALF_OPEN: usize = 2;
/// After so many attempts, or with such a window, one that gets through closes it.
const CLOSED_AFTER: usize = 10;
const CLOSED_AT_WINDOW: u32 = 8;
/// After so long the first wait counts again.
const PROVEN_AFTER: Duration = Duration::from_secs(60);

/// What an attempt that started while a breaker was open is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    Probe,
    Test,
}

/// What happened at an endpoint.
#[derive(Debug)]
enum News {
    /// An attempt ended, and so many others are in flight still.
    Ended { errand: Option<Errand>, verdict: Verdict, beside: u32 },
    /// Nobody went there for a moment: it may have been forgotten.
    Unused,
    /// A subscription was enabled while nothing was in flight.
    TakenUp,
}

/// What the end of an attempt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Alive,
    Failing,
    Silent,
}

impl Sign {
    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Failure(Failure { costs_nothing: true, .. }) => Self::Silent,
            Verdict::Failure(failure) if failure.counts_against_endpoint => Self::Failing,
            Verdict::Failure(_) | Verdict::Success { .. } => Self::Alive,
        }
    }
}

/// How a breaker turns by its rule.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Close,
    HalfOpen,
    Open { since: Timestamp, wait: Duration },
}

impl Turn {
    /// Whether that is what is said.
    fn is(self, said: BreakerState, now: Timestamp) -> bool {
        match (self, said) {
            (Self::Close, BreakerState::Closed) => true,
            (Self::HalfOpen, BreakerState::HalfOpen { since }) => since == now,
            (Self::Open { since, wait }, BreakerState::Open { since: said, next_probe_at }) => {
                let (least, most) = (now.after(wait.mul_f64(0.8)), now.after(wait.mul_f64(1.2)));
                since == said && (least..=most).contains(&next_probe_at)
            }
            _ => false,
        }
    }
}

/// What a change of a breaker means for the time in which lanes are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    Opened,
    Left,
    Stayed,
}

/// What is known of a breaker.
#[derive(Debug)]
struct Breaker {
    state: BreakerState,
    /// How often it opened, or a probe failed, since it was closed or half open for long.
    setbacks: u32,
    /// When attempts ended since it turned, and whether they failed.
    ended: Vec<(i64, bool)>,
    /// Up to where those may have been forgotten.
    forgotten: Vec<usize>,
    window: Window,
}

impl Breaker {
    fn new(limit: u32) -> Self {
        Self {
            state: BreakerState::Closed,
            setbacks: 0,
            ended: Vec::new(),
            forgotten: vec![0],
            window: Window::new(limit),
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, BreakerState::Open { .. })
    }

    /// Whether anything but a test may start.
    fn lets_pass(&self, probing: bool, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Open { next_probe_at, .. } => !probing && next_probe_at <= now,
            BreakerState::Closed | BreakerState::HalfOpen { .. } => true,
        }
    }

    /// How it turns, if it does. What is `said` counts where both are possible.
    fn hear(&mut self, news: &News, said: Option<BreakerState>, limit: u32, now: Timestamp) -> Option<Turn> {
        match news {
            News::Ended { errand, verdict, beside } => {
                self.window.adapt(verdict, *beside, limit);
                self.judge(*errand, Sign::of(verdict), said, limit, now)
            }
            News::Unused => {
                self.window.may_be_new(limit);
                if self.state == BreakerState::Closed {
                    self.forgotten.push(self.ended.len());
                    self.forgotten.dedup();
                    return None;
                }
                (said == Some(BreakerState::Closed)).then_some(Turn::Close)
            }
            News::TakenUp => {
                self.window.may_start_slowly();
                None
            }
        }
    }

    fn judge(
        &mut self,
        errand: Option<Errand>,
        sign: Sign,
        said: Option<BreakerState>,
        limit: u32,
        now: Timestamp,
    ) -> Option<Turn> {
        if let BreakerState::Open { since, .. } = self.state {
            return match (errand, sign) {
                (Some(_), Sign::Alive) => Some(Turn::HalfOpen),
                (Some(Errand::Probe), Sign::Failing) => Some(self.open(since)),
                (Some(Errand::Probe), Sign::Silent) => {
                    Some(Turn::Open { since, wait: Duration::from_secs(1) })
                }
                _ => None,
            };
        }
        if sign == Sign::Silent {
            return None;
        }
        let failed = sign == Sign::Failing;
        self.ended.push((now.milliseconds(), failed));
        let closes = Some(BreakerState::Closed);
        match self.state {
            BreakerState::HalfOpen { since } if failed => {
                if straight(&self.ended) < STRAIGHT_HALF_OPEN {
                    return None;
                }
                if now.since(since) >= PROVEN_AFTER {
                    self.setbacks = 0;
                }
                Some(self.open(now))
            }
            BreakerState::HalfOpen { .. } => {
                let wide = CLOSED_AT_WINDOW.min(limit);
                let has_to = self.ended.len() >= CLOSED_AFTER || self.window.least >= wide;
                if has_to || (self.window.most >= wide && said == closes) {
                    return Some(Turn::Close);
                }
                self.window.is_at_most(wide - 1);
                None
            }
            _ if failed => {
                let mut reasons =
                    self.forgotten.iter().map(|from| is_reason_to_open(&self.ended[*from..], now));
                let opens = if matches!(said, Some(BreakerState::Open { .. })) {
                    reasons.any(|reason| reason)
                } else {
                    reasons.all(|reason| reason)
                };
                opens.then(|| self.open(now))
            }
            _ => None,
        }
    }

    fn open(&mut self, since: Timestamp) -> Turn {
        let wait = FIRST_WAIT * 2_u32.pow(self.setbacks.min(10));
        self.setbacks += 1;
        Turn::Open { since, wait: wait.min(LONGEST_WAIT) }
    }

    fn turn_to(&mut self, state: BreakerState) -> Turned {
        let was_open = self.is_open();
        self.state = state;
        self.ended.clear();
        self.forgotten = vec![0];
        match state {
            BreakerState::Open { .. } if was_open => return Turned::Stayed,
            BreakerState::Open { .. } => return Turned::Opened,
            BreakerState::HalfOpen { .. } => self.window.starts_slowly(),
            BreakerState::Closed => self.setbacks = 0,
        }
        Turned::Left
    }
}

/// How many failed since one that did not.
fn straight(ended: &[(i64, bool)]) -> usize {
    ended.iter().rev().take_while(|(_, failed)| *failed).count()
}

/// Whether such attempts open a closed breaker.
fn is_reason_to_open(ended: &[(i64, bool)], now: Timestamp) -> bool {
    let oldest = (now.milliseconds().div_euclid(BUCKET) - (BUCKETS - 1)) * BUCKET;
    let recent = || ended.iter().filter(|(at, _)| *at >= oldest);
    let (attempts, failures) = (recent().count(), recent().filter(|(_, failed)| *failed).count());
    straight(ended) >= 5 || (attempts >= 10 && failures * 10 >= attempts * 7)
}

/// What is known of breakers since the process began.
#[derive(Default)]
pub(super) struct Breakers {
    breakers: BTreeMap<EndpointNumber, Breaker>,
    /// Attempts that started while the breaker was open.
    errands: BTreeMap<DeliveryKey, (EndpointNumber, Errand)>,
    /// What happened in the step so far.
    news: Vec<(EndpointNumber, News)>,
}

impl Breakers {
    /// An attempt starts beside so many others, if it may.
    pub(super) fn started(
        &mut self,
        key: DeliveryKey,
        endpoint: EndpointNumber,
        test: bool,
        beside: usize,
        limit: u32,
        now: Timestamp,
    ) {
        let probing = self.is_probing(endpoint);
        let breaker = self.breakers.entry(endpoint).or_insert_with(|| Breaker::new(limit));
        assert!(beside < breaker.window.most as usize, "{key:?} starts beside {beside} others: {breaker:?}");
        assert!(test || breaker.lets_pass(probing, now), "{key:?} starts: {breaker:?}");
        if breaker.is_open() {
            let errand = if test { Errand::Test } else { Errand::Probe };
            self.errands.insert(key, (endpoint, errand));
        }
    }

    /// An attempt has ended beside so many others.
    pub(super) fn ended(
        &mut self,
        key: DeliveryKey,
        endpoint: EndpointNumber,
        verdict: &Verdict,
        beside: usize,
    ) {
        let errand = self.errands.remove(&key).map(|(_, errand)| errand);
        let beside = u32::try_from(beside).unwrap();
        self.news.push((endpoint, News::Ended { errand, verdict: *verdict, beside }));
    }

    /// Endpoints to which nobody goes at this moment.
    pub(super) fn unused(&mut self, is_used: impl Fn(EndpointNumber) -> bool) {
        let unused = self.breakers.keys().copied().filter(|endpoint| !is_used(*endpoint));
        self.news.extend(unused.map(|endpoint| (endpoint, News::Unused)));
    }

    /// A subscription was enabled while nothing was in flight to its endpoint.
    pub(super) fn taken_up(&mut self, endpoint: EndpointNumber) {
        self.news.push((endpoint, News::TakenUp));
    }

    /// What the scheduler says of its breakers after a step: just what the rule says of what happened. Answers how each turned.
    pub(super) fn turned(
        &mut self,
        said: impl Iterator<Item = (EndpointNumber, BreakerState)>,
        limit: u32,
        now: Timestamp,
    ) -> Vec<(EndpointNumber, Turned)> {
        let mut unheard: BTreeMap<EndpointNumber, VecDeque<BreakerState>> = BTreeMap::new();
        for (endpoint, state) in said {
            unheard.entry(endpoint).or_default().push_back(state);
        }
        let mut turned = Vec::new();
        for (endpoint, news) in std::mem::take(&mut self.news) {
            let breaker = self.breakers.entry(endpoint).or_insert_with(|| Breaker::new(limit));
            let said = unheard.get(&endpoint).and_then(|states| states.front()).copied();
            let Some(turn) = breaker.hear(&news, said, limit, now) else { continue };
            let Some(state) = said.filter(|said| turn.is(*said, now)) else {
                panic!("{endpoint:?} is said to be {said:?} and not {turn:?} after {news:?}: {breaker:?}")
            };
            unheard.entry(endpoint).or_default().pop_front();
            turned.push((endpoint, breaker.turn_to(state)));
        }
        unheard.retain(|_, states| !states.is_empty());
        assert!(unheard.is_empty(), "breakers turn without a reason: {unheard:?}");
        turned
    }

    /// Whether an endpoint is left alone, except by tests.
    pub(super) fn is_spared(&self, endpoint: EndpointNumber, now: Timestamp) -> bool {
        let probing = self.is_probing(endpoint);
        self.breakers.get(&endpoint).is_some_and(|breaker| !breaker.lets_pass(probing, now))
    }

    fn is_probing(&self, endpoint: EndpointNumber) -> bool {
        self.errands.values().any(|errand| *errand == (endpoint, Errand::Probe))
    }
}
