//! Fairness in the midst of everything: who could start is not passed by others for long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use rendezhook_delivery::scheduler::input::{AuthorityNumber, EndpointNumber};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber};

use super::authority_of;

/// While an organization could start something, no other one starts more attempts than this: one, since they take turns, and
/// one more where what it could start changes meanwhile, so that it lines up anew.
const TURNS_OF_ANOTHER_ORGANIZATION: u32 = 2;

/// While a receiver could start something, no other one of its organization starts more attempts than this: one for each
/// pair of a receiver and an endpoint, of which an organization of this world has nine, since these take turns; and as many
/// again while it waits for a place at an endpoint that it shares.
const TURNS_OF_ANOTHER_RECEIVER: u32 = 18;

/// While a receiver waits for a place at an endpoint, no other one starts more attempts there than this.
const PLACES_OF_ANOTHER_RECEIVER: u32 = 2;

/// While an organization waits for a place at an authority, no other one starts more attempts there than this.
const PLACES_OF_ANOTHER_ORGANIZATION: u32 = 2;

/// Who is served, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Served {
    pub(super) organization: OrganizationNumber,
    pub(super) receiver: ReceiverNumber,
    pub(super) endpoint: EndpointNumber,
}

/// Who waits, and what others started since.
#[derive(Debug, Default)]
pub(super) struct Shares {
    organizations: Waits<OrganizationNumber, OrganizationNumber>,
    receivers: Waits<(OrganizationNumber, ReceiverNumber), ReceiverNumber>,
    places: Waits<(EndpointNumber, ReceiverNumber), ReceiverNumber>,
    authorities: Waits<(AuthorityNumber, OrganizationNumber), OrganizationNumber>,
    /// What started in the step that is being looked at.
    started: Vec<Served>,
}

impl Shares {
    pub(super) fn started(&mut self, served: Served) {
        self.started.push(served);
    }

    /// A step is over, and these could start something more now; those that come with `true` at an endpoint that has nothing
    /// to do. `crowded_out` could but for their authority. Who waited before the step too was passed by everything that started in
    /// it.
    pub(super) fn waiting(&mut self, waiting: &BTreeSet<(Served, bool)>, crowded_out: &BTreeSet<Served>) {
        let started = std::mem::take(&mut self.started);
        let idle = || waiting.iter().filter(|(_, idle)| *idle).map(|(served, _)| served);
        self.organizations.go_on(
            &idle().map(|served| served.organization).collect(),
            started.iter().map(|served| (served.organization, served.organization)),
            |_, _| true,
            TURNS_OF_ANOTHER_ORGANIZATION,
        );
        self.receivers.go_on(
            &idle().map(|served| (served.organization, served.receiver)).collect(),
            started.iter().map(|served| ((served.organization, served.receiver), served.receiver)),
            |(home, _), (other, _)| home == other,
            TURNS_OF_ANOTHER_RECEIVER,
        );
        let at = |served: &Served| (authority_of(served.endpoint), served.organization);
        self.authorities.go_on(
            &crowded_out.iter().map(at).collect(),
            started.iter().map(|served| (at(served), served.organization)),
            |(place, _), (other, _)| place == other,
            PLACES_OF_ANOTHER_ORGANIZATION,
        );
        // A receiver that was served elsewhere does not wait for its turn either.
        let served: BTreeSet<_> = started.iter().map(|served| served.receiver).collect();
        self.places.0.retain(|(_, receiver), _| !served.contains(receiver));
        self.places.go_on(
            &waiting.iter().map(|(served, _)| (served.endpoint, served.receiver)).collect(),
            started.iter().map(|served| ((served.endpoint, served.receiver), served.receiver)),
            |(place, _), (other, _)| place == other,
            PLACES_OF_ANOTHER_RECEIVER,
        );
    }
}

/// How often each who waits was passed by whom.
#[derive(Debug)]
struct Waits<Who, Other>(BTreeMap<Who, BTreeMap<Other, u32>>);

impl<Who, Other> Default for Waits<Who, Other> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Who: Debug + Ord + Copy, Other: Debug + Ord + Copy> Waits<Who, Other> {
    /// Those who were served, or could not start any more, wait no longer; those beside the ones that started were passed.
    fn go_on(
        &mut self,
        waiting: &BTreeSet<Who>,
        started: impl Iterator<Item = (Who, Other)> + Clone,
        beside: impl Fn(&Who, &Who) -> bool,
        most: u32,
    ) {
        let served: BTreeSet<_> = started.clone().map(|(who, _)| who).collect();
        self.0.retain(|who, _| waiting.contains(who) && !served.contains(who));
        for (starts, other) in started {
            for (who, passed) in self.0.iter_mut().filter(|(who, _)| beside(who, &starts)) {
                let turns = passed.entry(other).or_default();
                *turns += 1;
                assert!(*turns <= most, "{other:?} starts {turns} attempts while {who:?} waits");
            }
        }
        for who in waiting {
            self.0.entry(*who).or_default();
        }
    }
}
