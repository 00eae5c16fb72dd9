//! `/api/v1/replays`: ended deliveries once more, and what one subscription got sent to another.

mod cancel;
mod create;
mod list;
mod request;
mod show;
mod view;

use rendezhook_store::replay::Replay;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::create::{accepted, new_replay};
pub(super) use self::view::ReplayView;
use crate::access::{Access, Requirement};
use crate::failure::Failure;
use crate::state::ServerState;

/// How many replays of an organization may be running at the same time.
const RUNNING: usize = 20;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show))
        .routes(routes!(cancel::cancel))
}

/// Whether the caller may know of a replay: a key that belongs to a user sees those that this user's keys asked for.
fn is_seen<R>(access: &Access<R>, replay: &Replay) -> bool {
    access.key_user().is_none_or(|user| replay.user.as_ref() == Some(user))
}

/// The replay with this id. A malformed one names nothing.
async fn find<R: Requirement>(access: &Access<R>, state: &ServerState, id: &str) -> Result<Replay, Failure> {
    let unknown = || Failure::not_found("replay");
    let id = id.parse().map_err(|_malformed| unknown())?;
    let found = state.store.replay(access.number(), id).await?;
    found.filter(|replay| is_seen(access, replay)).ok_or_else(unknown)
}
