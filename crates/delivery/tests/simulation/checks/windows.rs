//! How many attempts may be in flight to an endpoint, told from how its attempts ended.

use rendezhook_domain::outcome::{Failure, Verdict};

/// The window of an endpoint that nothing is known of, that is taken up again after a pause, or whose breaker is half open.
const INITIAL: u32 = 2;

/// How wide a window is at the least and at the most: what is not seen from outside is whether an endpoint was forgotten, and
/// whether anything was ready for one that is taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) least: u32,
    pub(super) most: u32,
}

impl Window {
    /// The first one, where none is wider than `limit`.
    pub(super) fn new(limit: u32) -> Self {
        Self { least: INITIAL.min(limit), most: INITIAL.min(limit) }
    }

    /// An attempt has ended, and so many others are in flight there still.
    pub(super) fn adapt(&mut self, verdict: &Verdict, beside: u32, limit: u32) {
        self.change(|window| match verdict {
            Verdict::Success { .. } => (window + 1).min(limit),
            Verdict::Failure(Failure { costs_nothing: true, .. }) => beside.clamp(1, window),
            Verdict::Failure(failure) if failure.counts_against_endpoint => 1,
            Verdict::Failure(_) => window,
        });
    }

    /// It may have been forgotten.
    pub(super) fn may_be_new(&mut self, limit: u32) {
        let new = Self::new(limit);
        self.least = self.least.min(new.least);
        self.most = self.most.max(new.most);
    }

    /// It starts slowly again, unless something is ready.
    pub(super) fn may_start_slowly(&mut self) {
        self.least = self.least.min(INITIAL);
    }

    /// It starts slowly again.
    pub(super) fn starts_slowly(&mut self) {
        self.change(|window| window.min(INITIAL));
    }

    /// It turns out to be no wider.
    pub(super) fn is_at_most(&mut self, most: u32) {
        self.most = self.most.min(most);
    }

    fn change(&mut self, change: impl Fn(u32) -> u32) {
        *self = Self { least: change(self.least), most: change(self.most) };
    }
}
