//! What arrived, kept by the receivers and not by the server.

use std::collections::HashMap;

use rendezhook_receive::capture::HeaderSource;
use rendezhook_receive::listener::Call;
use rendezhook_receive::signature::{ID_HEADER, Verifier};

/// Every call so far.
#[derive(Default)]
pub(super) struct Ledger {
    verifiers: HashMap<&'static str, Vec<Verifier>>,
    attempts: u64,
    /// The bodies of deliveries that a receiver accepted with a signature that verified, by the receiver and the id.
    accepted: HashMap<(&'static str, String), Vec<u8>>,
    unverified: u64,
}

/// What a ledger says in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Deliveries that arrived, were signed rightly and accepted.
    pub(super) delivered: u64,
    /// Attempts that reached a receiver.
    pub(super) attempts: u64,
    /// Deliveries that were matched and did not arrive.
    pub(super) lost: u64,
    /// Calls whose signature did not verify.
    pub(super) unverified: u64,
}

impl Verdict {
    /// Whether all is as it must be.
    pub(super) fn is_good(self) -> bool {
        self.lost == 0 && self.unverified == 0
    }
}

impl Ledger {
    /// A receiver checks its calls with these from now on; one of them has to fit.
    pub(super) fn expect(&mut self, receiver: &'static str, verifiers: Vec<Verifier>) {
        self.verifiers.insert(receiver, verifiers);
    }

    /// What a receiver got with a delivery.
    pub(super) fn body(&self, receiver: &'static str, delivery: &str) -> Option<&[u8]> {
        self.accepted.get(&(receiver, delivery.to_owned())).map(Vec::as_slice)
    }

    /// Notes a call; true if its signature verified.
    pub(super) fn note(&mut self, receiver: &'static str, call: &Call) -> bool {
        self.attempts += 1;
        let verifies =
            |verifier: &Verifier| verifier.verify(&call.headers, &call.body, call.received_at).is_ok();
        if !self.verifiers.get(receiver).is_some_and(|verifiers| verifiers.iter().any(verifies)) {
            self.unverified += 1;
            return false;
        }
        if (200..300).contains(&call.answer.status)
            && let Some(id) = call.headers.header(ID_HEADER)
        {
            self.accepted.insert((receiver, id.to_owned()), call.body.to_vec());
        }
        true
    }

    /// Judges, given how many deliveries the server matched.
    pub(super) fn verdict(&self, matched: u64) -> Verdict {
        let delivered = u64::try_from(self.accepted.len()).unwrap_or(u64::MAX);
        Verdict {
            delivered,
            attempts: self.attempts,
            lost: matched.saturating_sub(delivered),
            unverified: self.unverified,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rendezhook_receive::listener::Answer;
    use rendezhook_receive::signature::{Secret, Style};

    use super::*;

    /// A vector of the Standard Webhooks specification's reference libraries.
    fn call(status: u16, body: &'static str) -> Call {
        Call {
            number: 1,
            received_at: Timestamp::from_second(1_649_367_560).unwrap(),
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: [
                ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
                ("webhook-timestamp", "1649367553"),
                ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
            ]
            .into_iter()
            .collect(),
            body: body.as_bytes().into(),
            verification: None,
            answer: Answer::status(status),
        }
    }

    const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;

    fn ledger() -> Ledger {
        let secret = Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let mut ledger = Ledger::default();
        ledger.expect("desk", vec![Verifier::new(Style::StandardWebhooks, &secret).unwrap()]);
        ledger
    }

    #[test]
    fn a_delivery_counts_once_it_is_accepted_and_once_only() {
        let mut ledger = ledger();
        assert!(ledger.note("desk", &call(500, BODY)));
        assert_eq!(ledger.verdict(1), Verdict { delivered: 0, attempts: 1, lost: 1, unverified: 0 });
        for _ in 0..2 {
            ledger.note("desk", &call(200, BODY));
        }
        let verdict = ledger.verdict(1);
        assert_eq!(verdict, Verdict { delivered: 1, attempts: 3, lost: 0, unverified: 0 });
        assert!(verdict.is_good());
    }

    #[test]
    fn a_wrong_signature_is_no_delivery() {
        let mut ledger = ledger();
        assert!(!ledger.note("desk", &call(200, "{}")));
        assert!(!ledger.note("nobody", &call(200, BODY)));
        let verdict = ledger.verdict(2);
        assert_eq!(verdict, Verdict { delivered: 0, attempts: 2, lost: 2, unverified: 2 });
        assert!(!verdict.is_good());
    }
}
