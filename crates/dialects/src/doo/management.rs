//! Requests and answers by which groups of hooks of the doo API are kept, and those for tokens, organizations and pushing anew.
//!
//! A group is a set of subscriptions that were made by one request: they share its id, name, description, event and authentication.

mod answer;
mod authentication;
mod error;
mod fields;
mod group;
mod group_request;
mod hook_request;
mod organizations;
mod page;
mod re_push;
mod token;

pub use self::answer::{created, re_pushed, token_issued};
pub use self::authentication::MASKED_SECRET;
pub use self::error::{InvalidField, RequestError, error_body};
pub use self::group::{GroupSurroundings, ListedHook, group, list};
pub use self::group_request::{GroupRequest, MAXIMUM_HOOKS};
pub use self::hook_request::HookRequest;
pub use self::organizations::{ActiveTeam, organizations, team_of};
pub use self::page::GroupPage;
pub use self::re_push::{MAXIMUM_PUSHES_PER_MINUTE, RePushRequest};
pub use self::token::TokenRequest;

#[cfg(test)]
mod tests;
