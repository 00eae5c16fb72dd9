//! What the scheduler wanted, as one number: two histories with the same one went the same way.

use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};

use rendezhook_domain::time::Timestamp;

/// The hash of everything the scheduler wanted done, and when.
#[derive(Default)]
pub(crate) struct Trace(DefaultHasher);

impl Trace {
    pub(crate) fn note(&mut self, now: Timestamp, what: &impl Debug) {
        write!(self, "{now:?} {what:?};").unwrap();
    }

    pub(crate) fn hash(&self) -> u64 {
        self.0.finish()
    }
}

impl Write for Trace {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
