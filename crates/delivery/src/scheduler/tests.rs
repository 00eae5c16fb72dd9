//! Small worlds in which one rule shows at a time.

mod backlog;
mod breakers;
mod expiry;
mod fairness;
mod fixture;
mod folding;
mod lanes;
mod limits;
mod memory;
mod orders;
mod outcomes;
mod paging;
mod parking;
mod places;
mod repetitions;
