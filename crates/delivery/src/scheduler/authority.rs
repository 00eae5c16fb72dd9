//! Authorities: how many attempts may be in flight to one host and port, shared by the organizations whose endpoints are there.
//!
//! An endpoint whose turn has come while its authority is full waits there: organizations take turns, then the endpoints of each.
//! A place that becomes free is kept for the first of them, so nobody who comes later finds it. That one had its turn when it began
//! to wait: it is the next in its organization, and an organization that had nothing else for its turn is the next of all.

use rendezhook_domain::sequence::OrganizationNumber;

use super::Scheduler;
use super::endpoint::{Endpoint, Standing};
use super::flow::Rotation;
use super::input::AuthorityNumber;
use super::list::{Linked, Links, List};
use super::slab::Slot;

/// A host and port that endpoints of any organizations share.
#[derive(Debug, Default)]
pub(super) struct Authority {
    number: AuthorityNumber,
    in_flight: u32,
    /// Places that are kept for endpoints whose turn is to come.
    kept: u32,
    /// Shares with endpoints that wait for a place.
    waiting: List<Share, Rotation>,
    shares: u32,
}

/// The endpoints of one organization at one authority.
#[derive(Debug, Default)]
pub(super) struct Share {
    authority: Slot<Authority>,
    /// Whose they are; blanks are nobody's.
    organization: Option<OrganizationNumber>,
    waiting: List<Endpoint, Rotation>,
    endpoints: u32,
    rotation: Links<Share>,
}

impl Linked<Rotation> for Share {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

impl Scheduler {
    /// Whether an endpoint may start an attempt as far as its authority is concerned.
    pub(super) fn authority_allows(&self, slot: Slot<Endpoint>) -> bool {
        let endpoint = &self.endpoints[slot];
        endpoint.keeps_place || self.has_free_place(self.shares[endpoint.share].authority)
    }

    fn has_free_place(&self, slot: Slot<Authority>) -> bool {
        let authority = &self.authorities[slot];
        authority.in_flight + authority.kept < self.limits.authority_in_flight
    }

    /// Takes a place for an attempt that starts: the one that was kept, if there is one.
    pub(super) fn take_place_at_authority(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        let authority = &mut self.authorities[self.shares[endpoint.share].authority];
        authority.in_flight += 1;
        if std::mem::take(&mut endpoint.keeps_place) {
            authority.kept -= 1;
        }
    }

    /// Gives back the place of an attempt that has ended.
    pub(super) fn free_place_at_authority(&mut self, slot: Slot<Endpoint>) {
        let authority = self.shares[self.endpoints[slot].share].authority;
        self.authorities[authority].in_flight -= 1;
        self.admit_from_authority(authority);
    }

    /// Gives back a place that was kept for an endpoint.
    pub(super) fn give_up_kept_place(&mut self, slot: Slot<Endpoint>) {
        if !std::mem::take(&mut self.endpoints[slot].keeps_place) {
            return;
        }
        let authority = self.shares[self.endpoints[slot].share].authority;
        self.authorities[authority].kept -= 1;
        self.admit_from_authority(authority);
    }

    /// Lets an endpoint wait for a place at its authority.
    pub(super) fn wait_for_authority(&mut self, slot: Slot<Endpoint>) {
        self.set_aside(slot);
        let share = self.endpoints[slot].share;
        self.endpoints[slot].standing = Standing::AtAuthority;
        self.shares[share].waiting.push_back(&mut self.endpoints, slot);
        if self.shares[share].waiting.len() == 1 {
            let authority = self.shares[share].authority;
            self.authorities[authority].waiting.push_back(&mut self.shares, share);
        }
    }

    pub(super) fn stop_waiting_for_authority(&mut self, slot: Slot<Endpoint>) {
        let share = self.endpoints[slot].share;
        self.shares[share].waiting.remove(&mut self.endpoints, slot);
        if self.shares[share].waiting.is_empty() {
            let authority = self.shares[share].authority;
            self.authorities[authority].waiting.remove(&mut self.shares, share);
        }
    }

    /// Keeps the free places of an authority for those that wait, one organization after the other.
    fn admit_from_authority(&mut self, authority: Slot<Authority>) {
        while self.has_free_place(authority) {
            let Some(share) = self.authorities[authority].waiting.first() else { break };
            self.authorities[authority].waiting.rotate(&mut self.shares);
            let Some(endpoint) = self.shares[share].waiting.first() else { break };
            self.set_aside(endpoint);
            self.authorities[authority].kept += 1;
            self.endpoints[endpoint].keeps_place = true;
            // It had its turn when it began to wait: a place that is kept for it is not to lie idle while others have theirs.
            self.endpoints[endpoint].owed = true;
            self.list(endpoint);
        }
    }

    /// The share of an organization at an authority, with one endpoint more.
    pub(super) fn join_authority(
        &mut self,
        number: AuthorityNumber,
        organization: OrganizationNumber,
    ) -> Slot<Share> {
        let authorities = &mut self.authorities;
        let authority = *self
            .authority_slots
            .entry(number)
            .or_insert_with(|| authorities.insert(Authority { number, ..Authority::default() }));
        let shares = &mut self.shares;
        let share = *self.share_slots.entry((authority, organization)).or_insert_with(|| {
            authorities[authority].shares += 1;
            shares.insert(Share { authority, organization: Some(organization), ..Share::default() })
        });
        self.shares[share].endpoints += 1;
        share
    }

    /// Takes an endpoint that is used no more out of its share.
    pub(super) fn leave_authority(&mut self, slot: Slot<Share>) {
        self.shares[slot].endpoints -= 1;
        if self.shares[slot].endpoints > 0 {
            return;
        }
        let Share { authority, organization, .. } = self.shares.remove(slot);
        if let Some(organization) = organization {
            self.share_slots.remove(&(authority, organization));
        }
        self.authorities[authority].shares -= 1;
        if self.authorities[authority].shares == 0 {
            let Authority { number, .. } = self.authorities.remove(authority);
            self.authority_slots.remove(&number);
        }
    }
}
