//! Requests and answers by which hooks of the Vyte API are kept. v1 (`/hooks`) and v2 (`/v2/hooks`) share all but the form of the
//! list.

mod answer;
mod error;
mod request;

pub use self::answer::{hook, list_v1, list_v2, organization};
pub use self::error::{ManagementError, error_body};
pub use self::request::{HookRequest, RequestKind};

/// The actions a hook can be made for: those of the v1 reference and of the v2 guide, one system.
pub const OFFERED_ACTIONS: [&str; 8] = [
    rendezhook_domain::action::EVENT_CREATED,
    rendezhook_domain::action::EVENT_CONFIRMED,
    rendezhook_domain::action::EVENT_UPDATED,
    rendezhook_domain::action::EVENT_CANCELLED,
    rendezhook_domain::action::EVENT_VOTED,
    rendezhook_domain::action::EVENT_NEW_INVITEE,
    rendezhook_domain::action::USER_JOINED,
    rendezhook_domain::action::VYTEME_UPDATED,
];

/// How many Vyte hooks an organization has at most; a list gives them all.
pub const MAXIMUM_HOOKS: usize = 1_000;

#[cfg(test)]
mod tests;
