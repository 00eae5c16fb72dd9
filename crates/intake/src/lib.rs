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
}

impl Intake {
    /// An intake that commits to this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let recent = recent::RecentFacts::new(recent::DEFAULT_CAPACITY);
        Self { store, recent, warned: warned::Warned::default() }
    }
}
