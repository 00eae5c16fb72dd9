#![doc = include_str!("../README.md")]

mod check;
mod derived;
mod error;
mod explicit;
mod fire;
mod follow;
mod item;
mod later;
mod matching;
mod quota;
mod re_push;
pub mod recent;
mod rounds;
pub mod schema;
mod test_delivery;
mod warned;

use std::sync::Arc;

use rendezhook_store::Store;

pub use check::MAXIMUM_WARNINGS;
pub use derived::{DerivedAction, NewState, PutAnswer};
pub use error::PublishError;
pub use explicit::Published;
pub use fire::FiringOutcome;
pub use item::{Item, Later};
pub use later::MAXIMUM_AHEAD;
pub use quota::{DEFAULT_QUOTA, Reachability};
pub use re_push::{MAXIMUM_RE_PUSHED, RePush, RePushTarget};
pub use warned::SchemaWarnings;

/// How often a request is decided anew when others change the same resources at the same moment.
pub const MAXIMUM_ROUNDS: u32 = 5;

/// Takes what is published and has it committed.
///
/// Cheap to share behind an `Arc`; all methods may be called at once from many tasks.
pub struct Intake {
    store: Arc<dyn Store>,
    recent: recent::RecentFacts,
    warned: warned::Warned,
    quota: quota::Quota,
}

impl Intake {
    /// An intake that commits to this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let recent = recent::RecentFacts::new(recent::DEFAULT_CAPACITY);
        let quota = quota::Quota::new(DEFAULT_QUOTA, Arc::new(|_, _| true));
        Self { store, recent, warned: warned::Warned::default(), quota }
    }

    /// The same with another number of deliveries that may wait for the receivers of an organization that has no number of its own,
    /// and with somebody who knows which endpoints are not cut off by their breakers: without one, all of them are taken to be reachable.
    #[must_use]
    pub fn with_quota(self, default: u64, reachable: Reachability) -> Self {
        Self { quota: quota::Quota::new(default, reachable), ..self }
    }
}
