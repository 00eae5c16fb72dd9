#![doc = include_str!("../README.md")]

pub mod icalendar;
pub mod timers;
