//! Requests and answers by which hooks of the SimplyMeet.me API are kept.

mod answer;
mod error;
mod page;
mod request;

pub use self::answer::{ListedHook, hook, list};
pub use self::error::{InvalidArgument, NOT_FOUND, RequestError, error_body, invalid_arguments_body};
pub use self::page::HookPage;
pub use self::request::HookRequest;

#[cfg(test)]
mod tests;
