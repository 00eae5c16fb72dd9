//! What a replay is asked for with.

use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::replay::{ReplayRate, ReplayedStates};
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::replay::{Selection, Walk};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{Access, ManageSubscriptions};
use crate::failure::{Failure, FailureKind};
use crate::native::fields::FieldChecks;
use crate::native::{subscriptions, vocabulary};

/// Which deliveries are made anew, for whom, and how fast. Either `deliveries` names them, or `since` begins a stretch of time, with
/// whatever else narrows it down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// The ids of deliveries, at most 500, in the order in which they are made.
    #[schema(min_items = 1, max_items = 500)]
    deliveries: Option<Vec<String>>,
    /// Only those of the subscription with this id.
    subscription: Option<String>,
    /// `exhausted`; `failed` for exhausted, expired and refused ones; `all`. When not given `failed`, with `to` `all`, then with what
    /// still waits.
    #[schema(value_type = Option<vocabulary::ReplayedStatesWord>)]
    state: Option<String>,
    /// Accepted at or after this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Accepted before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// Only these actions: a name, `event.*` or `*`.
    #[schema(example = "event.confirmed")]
    action: Option<String>,
    /// The id of the subscription that gets them, each as a message of its own, as far as it wants such actions. Those that they were
    /// for when not given: then it is the same message once more, under the same `webhook-id`.
    to: Option<String>,
    /// How many become due in a second: 1 to 1,000, 10 when not given.
    #[schema(minimum = 1, maximum = 1000)]
    rate: Option<u64>,
    /// Only count.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
}

/// A request that was checked.
pub(super) struct Wanted {
    pub(super) selection: Selection,
    pub(super) to: Option<SubscriptionNumber>,
    pub(super) rate: ReplayRate,
    pub(super) dry_run: bool,
}

impl ReplayRequest {
    /// Checks every member. Subscriptions that the caller may not know of do not exist.
    pub(super) fn check(self, access: &Access<ManageSubscriptions>) -> Result<Wanted, Failure> {
        let number = |id: &Option<String>| {
            id.as_deref()
                .map(|id| subscriptions::find(access, id).map(|entry| entry.subscription.number))
                .transpose()
        };
        let (subscription, to) = (number(&self.subscription)?, number(&self.to)?);
        let mut checks = FieldChecks::default();
        let rate = match self.rate {
            None => Some(ReplayRate::default()),
            Some(rate) => checks.check("/rate", ReplayRate::new(rate)),
        };
        let selection = match &self.deliveries {
            Some(ids) => self.listed(&mut checks, ids),
            None => self.walk(&mut checks, subscription, to),
        };
        let (rate, selection) = checks.finish_with(rate.zip(selection))?;
        if access.key_user().is_some() && subscription.is_none() && self.deliveries.is_none() {
            let detail =
                "this API key belongs to a user; name one of the user's subscriptions in \"subscription\"";
            return Err(Failure::new(FailureKind::Forbidden, detail));
        }
        Ok(Wanted { selection, to, rate, dry_run: self.dry_run })
    }

    fn listed(&self, checks: &mut FieldChecks, ids: &[String]) -> Option<Selection> {
        let given = [
            ("/subscription", self.subscription.is_some()),
            ("/state", self.state.is_some()),
            ("/since", self.since.is_some()),
            ("/until", self.until.is_some()),
            ("/action", self.action.is_some()),
        ];
        for (pointer, _) in given.into_iter().filter(|(_, given)| *given) {
            checks.refuse(pointer, "\"deliveries\" names them one by one; leave this member out");
        }
        if !(1..=Selection::MAXIMUM_LISTED).contains(&ids.len()) {
            let most = Selection::MAXIMUM_LISTED;
            checks.refuse(
                "/deliveries",
                format!("name 1 to {most} deliveries, or a stretch of time with \"since\""),
            );
            return None;
        }
        let parsed = ids.iter().enumerate();
        let parsed = parsed.map(|(place, id)| checks.parse::<DeliveryId>(format!("/deliveries/{place}"), id));
        parsed.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>().map(Selection::Listed)
    }

    fn walk(
        &self,
        checks: &mut FieldChecks,
        subscription: Option<SubscriptionNumber>,
        to: Option<SubscriptionNumber>,
    ) -> Option<Selection> {
        if to.is_some() && subscription.is_none() {
            checks.refuse("/subscription", "name the subscription whose deliveries \"to\" is to get");
        }
        let states = match &self.state {
            Some(text) => checks.parse("/state", text),
            None if to.is_some() => Some(ReplayedStates::All),
            None => Some(ReplayedStates::Failed),
        };
        let since: Option<Timestamp> = match &self.since {
            Some(text) => checks.parse("/since", text),
            None => {
                checks.refuse(
                    "/since",
                    "this member is missing; without \"deliveries\" a stretch of time begins here",
                );
                None
            }
        };
        let until = self.until.as_ref().map(|text| checks.parse::<Timestamp>("/until", text));
        let action = self.action.as_ref().map(|text| checks.parse::<ActionPattern>("/action", text));
        let walk = Walk {
            subscription,
            states: states?,
            since: since?,
            until: until.flatten(),
            action: action.flatten(),
        };
        Some(Selection::Walk(walk))
    }
}
