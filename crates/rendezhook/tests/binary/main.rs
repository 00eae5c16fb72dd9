//! The real binary: started, spoken to over its commands and its ports, stopped and started again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod calendar;
#[cfg(target_os = "linux")]
mod disk_full;
mod doo;
mod folding;
mod keys;
mod pausing;
mod poison;
mod quota;
mod receiver;
mod serve;
mod server;
mod simplymeet;
mod timers;
mod upgrade;
