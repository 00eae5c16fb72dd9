//! The certificates that receivers show, and when they come near their end: noted 14 and 3 days before, once each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::TargetUrl;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::Store;
use rendezhook_store::certificate::KeptCertificate;

#[cfg(test)]
mod tests;

/// So many days before its end a certificate is noted, the nearest first.
const NOTED_DAYS: [u16; 2] = [3, 14];
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How many are remembered; of further ones only the end is told in the log, at every handshake.
const MAXIMUM: usize = 100_000;

/// What is known of the certificates of receivers.
pub(super) struct Certificates {
    store: Arc<dyn Store>,
    known: Mutex<HashMap<(OrganizationNumber, Arc<str>), Known>>,
}

/// The certificate of one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    expires_at: Timestamp,
    /// So many days before its end it was noted last.
    noted_days: Option<u16>,
}

impl Certificates {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Takes up what was remembered, except of certificates that have ended: a receiver that is still there shows a new one.
    pub(super) async fn load(&self, now: Timestamp) {
        let kept = match self.store.kept_certificates(now, MAXIMUM).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "certificates of receivers cannot be read; some may be noted once more");
                return;
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for KeptCertificate { organization, authority, expires_at, noted_days } in kept {
            // What was shown since is newer.
            known.entry((organization, authority)).or_insert(Known { expires_at, noted_days });
        }
    }

    /// When the certificate that a target showed last ends.
    pub(super) fn expires_at(
        &self,
        organization: OrganizationNumber,
        target: &TargetUrl,
    ) -> Option<Timestamp> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(organization, Arc::from(target.authority()))).map(|known| known.expires_at)
    }

    /// Takes note of the certificate that a target showed in a handshake, and says so in the log when its end is near and that
    /// was not said yet.
    pub(super) fn shown(
        &self,
        organization: OrganizationNumber,
        target: &TargetUrl,
        expires_at: Timestamp,
        now: Timestamp,
    ) {
        let Some(certificate) = self.changed(organization, target, expires_at, now) else { return };
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            if let Err(error) = store.keep_certificate(certificate).await {
                tracing::warn!(%error, "the certificate of a receiver cannot be remembered");
            }
        });
    }

    /// What is new of a certificate; nothing when it is known and was noted when it had to be.
    fn changed(
        &self,
        organization: OrganizationNumber,
        target: &TargetUrl,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Option<KeptCertificate> {
        let left = expires_at.since(now);
        let due = NOTED_DAYS.into_iter().find(|days| left <= DAY * u32::from(*days));
        let name = (organization, Arc::from(target.authority()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(&name).filter(|known| known.expires_at == expires_at).copied();
        let noted = before.and_then(|known| known.noted_days);
        let is_to_be_noted = due.is_some_and(|due| noted.is_none_or(|noted| due < noted));
        if is_to_be_noted {
            tracing::warn!(
                organization = organization.get(),
                authority = target.authority(),
                %expires_at,
                days_left = left.as_secs() / DAY.as_secs(),
                "the certificate of a receiver is near its end; deliveries will fail then"
            );
        }
        let now_known = Known { expires_at, noted_days: if is_to_be_noted { due } else { noted } };
        let is_remembered = known.len() < MAXIMUM || known.contains_key(&name);
        if before == Some(now_known) || !is_remembered {
            return None;
        }
        known.insert(name.clone(), now_known);
        let (organization, authority) = name;
        Some(KeptCertificate { organization, authority, expires_at, noted_days: now_known.noted_days })
    }
}
