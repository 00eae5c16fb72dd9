//! Writing the server's own notices: what they say, and for whom they are. Nothing secret is in them: of a target its query, which
//! may carry a key, is left out.

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::{DeliveryId, ReceiverId, SubscriptionId};
use rendezhook_domain::matching::Happening;
use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Dialect, DisableReason};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{OrganizationEntry, SubscriptionEntry};
use rendezhook_store::certificate::KeptCertificate;
use rendezhook_store::notice::Notice;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::publish::Matched;
use rendezhook_store::record::AttemptResult;
use serde_json::{Value, json};

use super::attempt::AttemptFacts;
use crate::health::HealthReport;

/// So many subscriptions are named in one notice.
const MOST_NAMED: usize = 100;

/// Who is spoken of.
pub(super) struct Announcer<'a> {
    pub(super) organization: &'a OrganizationEntry,
    pub(super) subscription: &'a SubscriptionEntry,
    /// What was delivered is a notice itself: then its own subscription is told nothing of it, so that none goes in a circle.
    pub(super) about_notice: bool,
}

impl Announcer<'_> {
    /// A notice about the subscription; `None` when nobody wants it.
    pub(super) fn about_subscription(
        &self,
        name: &str,
        report: &HealthReport,
        disabled: Option<DisableReason>,
    ) -> Option<Notice> {
        let subscription = &self.subscription.subscription;
        let state = name.rsplit('.').next().unwrap_or_default();
        let failure = report.last_failure.as_ref();
        let mut body = json!({
            "id": subscription.id,
            "description": subscription.description,
            "target": subscription.target.endpoint().as_str(),
            "receiver": self.receiver(),
            "state": state,
            "since": report.since,
            "last_success_at": report.last_success_at,
            "failed_attempts": report.failed_attempts,
            "failed_deliveries": report.failed_deliveries,
            "last_failure": failure.map(|last| failed(last.at, &last.action, last.stage, last.result)),
        });
        if let Value::Object(members) = &mut body {
            match disabled {
                Some(reason) => members.insert("reason".to_owned(), json!(reason.name())),
                None => members.insert("disable_at".to_owned(), json!(report.disable_at)),
            };
            if !report.failing_actions.is_empty() {
                members.insert("actions".to_owned(), json!(report.failing_actions));
            }
        }
        self.notice(name, &subscription.id.to_string(), &body)
    }

    /// A notice about a delivery of the subscription; `None` when nobody wants it.
    pub(super) fn about_delivery(
        &self,
        name: &str,
        key: DeliveryKey,
        action: &AcceptedAction,
        facts: &AttemptFacts,
    ) -> Option<Notice> {
        let subscription = &self.subscription.subscription;
        let id = DeliveryId::new(action.accepted_at, key.sequence, key.receiver);
        let attempt = &facts.attempt;
        let body = json!({
            "id": id,
            "state": name.rsplit('.').next().unwrap_or_default(),
            "subscription": subscription.id,
            "target": subscription.target.endpoint().as_str(),
            "receiver": self.receiver(),
            "action": action.name,
            "resource_kind": action.kind,
            "resource_id": action.resource_id,
            "version": action.version,
            "attempts": attempt.number,
            "accepted_at": action.accepted_at,
            "last_failure": failed(attempt.started_at, &action.name, attempt.stage, attempt.result),
        });
        self.notice(name, &id.to_string(), &body)
    }

    /// A notice about the certificate that the target of the subscription showed, which is that of all subscriptions whose
    /// deliveries go to the same host and port; `None` when nobody wants it.
    pub(super) fn about_certificate(&self, name: &str, certificate: &KeptCertificate) -> Option<Notice> {
        let subscription = &self.subscription.subscription;
        let affected: Vec<SubscriptionId> = self
            .organization
            .subscriptions
            .iter()
            .map(|entry| &entry.subscription)
            .filter(|one| one.target.authority() == certificate.authority.as_ref())
            .map(|one| one.id)
            .take(MOST_NAMED)
            .collect();
        let body = json!({
            "id": subscription.id,
            "description": subscription.description,
            "target": subscription.target.endpoint().as_str(),
            "receiver": self.receiver(),
            "state": name.rsplit('.').next().unwrap_or_default(),
            "authority": certificate.authority,
            "certificate_expires_at": certificate.expires_at,
            "subscriptions": affected,
        });
        self.notice(name, &subscription.id.to_string(), &body)
    }

    fn notice(&self, name: &str, about: &str, body: &Value) -> Option<Notice> {
        let name: ActionName = name.parse().ok()?;
        let happening = Happening { action: &name, user: None, event: None };
        let own = self.subscription.subscription.number;
        let matched: Vec<Matched> = self
            .organization
            .matching(happening)
            .map(|entry| &entry.subscription)
            .filter(|wants| wants.dialect() == Dialect::Standard)
            .filter(|wants| !(self.about_notice && wants.number == own))
            .map(|wants| Matched { subscription: wants.number, receiver: wants.receiver })
            .collect();
        if matched.is_empty() {
            return None;
        }
        let resource_id = ResourceId::new(about).ok()?;
        Some(Notice { name, resource_id, body: Bytes::from(body.to_string()), matched })
    }

    fn receiver(&self) -> Option<ReceiverId> {
        let number = self.subscription.subscription.receiver;
        self.organization.receiver(number).map(|entry| entry.id)
    }
}

/// A failed attempt in words.
fn failed(at: Timestamp, action: &ActionName, stage: Stage, result: AttemptResult) -> Value {
    let (status, cause) = match result {
        AttemptResult::Status(status) => (Some(status), None),
        AttemptResult::Failed(cause) => (None, Some(cause.code())),
    };
    json!({
        "at": at,
        "action": action,
        "explanation": result.explanation(stage),
        "status": status,
        "cause": cause,
    })
}
