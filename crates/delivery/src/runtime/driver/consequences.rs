//! What the end of an attempt means beyond its own delivery: health, certificates, notices, disabling.

use rendezhook_domain::action::{
    DELIVERY_EXHAUSTED, SUBSCRIPTION_CERTIFICATE_EXPIRING, SUBSCRIPTION_DISABLED, SUBSCRIPTION_FAILING,
    SUBSCRIPTION_RECOVERED,
};
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::subscription::DisableReason;
use rendezhook_store::catalogue::{OrganizationEntry, SubscriptionEntry};
use rendezhook_store::notice::{Consequences, Notice};

use super::Driver;
use crate::health::{Decision, EndedAttempt};
use crate::runtime::attempt::AttemptFacts;
use crate::runtime::notices::Announcer;
use crate::scheduler::effect::RecordOrder;

/// What a turn of a delivery means beyond it.
pub(super) struct Meaning {
    pub(super) disable: Option<DisableReason>,
    pub(super) consequences: Option<Box<Consequences>>,
}

impl Driver {
    /// Draws the consequences of an ended attempt. Nearly always there are none, and nothing is built.
    pub(super) fn draw(&mut self, order: &RecordOrder, verdict: Verdict, facts: &AttemptFacts) -> Meaning {
        let none = Meaning { disable: order.disable, consequences: None };
        let Some((action, origin)) = &facts.about else { return none };
        // A test says nothing of how deliveries do.
        let is_test = *origin == DeliveryOrigin::Test;
        let decision = if is_test {
            Decision::default()
        } else {
            self.health.ended(&EndedAttempt {
                subscription: order.subscription,
                sequence: order.key.sequence,
                action: &action.name,
                number: facts.attempt.number,
                at: order.at,
                stage: facts.attempt.stage,
                result: facts.attempt.result,
                verdict,
            })
        };
        let exhausted =
            !is_test && !action.name.is_notice() && order.final_state() == Some(FinalState::Exhausted);
        let disable = order.disable.or(decision.disable.then_some(DisableReason::Failing));
        // A clock that is in doubt does not say how long a certificate lasts. There are other handshakes.
        let shown = facts.certificate.as_ref().filter(|_| !self.expiry_held);
        if !decision.keep && disable.is_none() && !exhausted && shown.is_none() {
            return none;
        }
        let Some((organization, subscription)) = self.directory.find(order.organization, order.subscription)
        else {
            return none;
        };
        log(&organization, &subscription, &decision);

        let announcer = Announcer {
            organization: &organization,
            subscription: &subscription,
            about_notice: action.name.is_notice(),
        };
        let mut notices: Vec<Notice> = Vec::new();
        if let Some(report) = &decision.failing {
            notices.extend(announcer.about_subscription(SUBSCRIPTION_FAILING, report, None));
        }
        if let Some(report) = &decision.recovered {
            notices.extend(announcer.about_subscription(SUBSCRIPTION_RECOVERED, report, None));
        }
        if exhausted {
            notices.extend(announcer.about_delivery(DELIVERY_EXHAUSTED, order.key, action, facts));
        }
        let news = shown.and_then(|shown| self.certificates.shown(order.organization, shown, order.at));
        if let Some(news) = news.as_ref().filter(|news| news.is_near) {
            // Told also by a notice to the subscription itself, since it is told once.
            let announcer = Announcer { about_notice: false, ..announcer };
            notices.extend(announcer.about_certificate(SUBSCRIPTION_CERTIFICATE_EXPIRING, &news.certificate));
        }
        let if_disabled = disable.and_then(|reason| {
            let report = self.health.report(order.subscription, order.at);
            announcer.about_subscription(SUBSCRIPTION_DISABLED, &report, Some(reason))
        });
        let health = if decision.keep { self.health.keep(order.subscription) } else { None };
        let certificate = news.map(|news| news.certificate);
        let consequences = Consequences { notices, if_disabled, health, certificate };
        let is_nothing = consequences == Consequences::default();
        Meaning { disable, consequences: (!is_nothing).then(|| Box::new(consequences)) }
    }
}

fn log(organization: &OrganizationEntry, subscription: &SubscriptionEntry, decision: &Decision) {
    let organization = organization.organization.id;
    let subscription = &subscription.subscription;
    if decision.disable {
        tracing::warn!(%organization, subscription = %subscription.id, "a subscription is disabled: nothing was delivered for days");
    } else if decision.failing.is_some() {
        tracing::warn!(%organization, subscription = %subscription.id, "deliveries of a subscription keep failing");
    } else if decision.recovered.is_some() {
        tracing::info!(%organization, subscription = %subscription.id, "a subscription that was failing delivers again");
    }
}
