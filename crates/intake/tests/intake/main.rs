//! Intake on a real store in a temporary directory.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod directory;
mod firing;
mod moving;
mod place;
mod publishing;
mod quota;
