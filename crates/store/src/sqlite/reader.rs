//! Reading, each kind of reader on a thread and a connection of its own, so that people who browse never make deliveries or
//! publishers wait.
//!
//! A snapshot that is held keeps the log from being begun anew, so every single look at the database is small: what walks
//! over many rows looks again and again.

mod attempts;
mod backlog;
mod certificate;
mod counts;
mod delivery;
mod firings;
mod health;
mod list;
mod pending;
mod pool;
mod replays;
mod resource;
mod resources;
mod row;
mod standing;

pub(super) use self::attempts::attempts;
pub(super) use self::backlog::backlog;
pub(super) use self::certificate::kept_certificates;
pub(super) use self::counts::ended_counts;
pub(super) use self::delivery::delivery;
pub(super) use self::firings::{due_firings, scheduled};
pub(super) use self::health::kept_health;
pub(super) use self::list::{ListRequest, list};
pub(super) use self::pending::{PendingRequest, material, pending_page, receivers_with_pending, standings};
pub(super) use self::pool::{Reader, reader};
pub(super) use self::replays::{estimate, replay, replays, walk_bounds};
#[cfg(test)]
pub(super) use self::resource::READ_RESOURCE;
pub(super) use self::resource::resource;
pub(super) use self::resources::resources;
