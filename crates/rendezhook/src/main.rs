//! The rendezhook binary.

fn main() {}
