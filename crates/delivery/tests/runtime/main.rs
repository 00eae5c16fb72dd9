//! The runtime with a real store in a temporary directory and real receivers over sockets.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod authorization_server;
mod certificates;
mod changing;
mod clock;
mod delivering;
mod faults;
mod fetching;
mod health;
mod lanes;
mod receiver;
mod replaying;
mod sparing;
mod surviving;
mod verifying;
mod world;
