//! What is read of strangers, and what must hold for every text.

mod doo;
mod icalendar;
mod placeholders;
mod retry_after;
mod simplymeet;
mod url;
mod vyte;

/// Something that reads texts of strangers.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is also that of its folder of seeds.
    pub name: &'static str,
    /// Words of its language, which mutations put in.
    pub words: &'static [&'static str],
    /// Reads an input and checks what must hold. Tells in a few words what came of it, or what does not hold.
    pub judge: fn(&[u8]) -> Result<String, String>,
}

/// All targets.
pub const ALL: [Target; 7] = [
    url::TARGET,
    retry_after::TARGET,
    icalendar::TARGET,
    vyte::TARGET,
    doo::TARGET,
    simplymeet::TARGET,
    placeholders::TARGET,
];

/// The target of this name.
#[must_use]
pub fn named(name: &str) -> Option<Target> {
    ALL.into_iter().find(|target| target.name == name)
}

/// Goes on when this holds.
fn holds(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

/// Texts of errors repeat what they refuse; what is left without it tells one kind from another.
fn kind_of(message: &str) -> String {
    let without_digits = message.chars().filter(|character| !character.is_ascii_digit());
    let mut quoted = false;
    let mut kind = String::new();
    for character in without_digits {
        if character == '"' {
            quoted = !quoted;
        }
        if !quoted && character.is_ascii() {
            kind.push(character);
        }
    }
    kind.truncate(80);
    kind
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::corpus;
    use crate::run::{Until, run};

    /// Judged of each target in a test run, beside the seeds.
    const INPUTS: u64 = 2_000;

    #[test]
    fn every_target_holds_for_its_seeds_and_their_mutations() {
        for target in ALL {
            let seeds = corpus::read(target.name).unwrap();
            assert!(seeds.len() >= 3, "{} has too few seeds", target.name);
            let report = run(&target, &seeds, 0x5eed, Until::Inputs(INPUTS));
            assert_eq!(report.failure, None, "{}", target.name);
            assert!(report.outcomes >= 5, "{} told {} outcomes apart", target.name, report.outcomes);
        }
    }

    #[test]
    fn every_seed_is_within_the_bound_of_inputs() {
        for target in ALL {
            let seeds = corpus::read(target.name).unwrap();
            assert!(seeds.iter().all(|seed| seed.len() <= crate::mutation::LONGEST), "{}", target.name);
        }
    }
}
