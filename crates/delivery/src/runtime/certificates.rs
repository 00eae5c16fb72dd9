//! The certificates that receivers show, and when they come near their end: noted 14 and 3 days before, once each.
//!
//! A certificate belongs to an authority, host and port, whatever path a target has there. What is new of one is kept with the
//! record of the attempt that saw it, like everything else that an attempt brings about.

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
/// No authority is spoken of more often. Machines behind one name may show different certificates in turn while they are renewed
/// one by one.
const REST: Duration = Duration::from_secs(24 * 3_600);
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
    /// When its authority was spoken of last by this process, about this certificate or another one.
    noted_at: Option<Timestamp>,
}

/// A certificate as a handshake showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownCertificate {
    /// Who showed it.
    pub(super) authority: Arc<str>,
    /// When it ends.
    pub(super) expires_at: Timestamp,
}

/// What was not known of a certificate before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct News {
    /// What is to be remembered of it.
    pub(super) certificate: KeptCertificate,
    /// Its end is near, which is to be told now.
    pub(super) is_near: bool,
}

impl Certificates {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Takes up what was remembered, except of certificates that have ended: a receiver that is still there shows a new one.
    pub(super) async fn load(&self, now: Timestamp) {
        match self.store.kept_certificates(now, MAXIMUM).await {
            Ok(kept) => self.take_up(kept),
            Err(error) => {
                tracing::warn!(%error, "certificates of receivers cannot be read; some may be noted once more");
            }
        }
    }

    fn take_up(&self, kept: Vec<KeptCertificate>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for KeptCertificate { organization, authority, expires_at, noted_days } in kept {
            // What was shown since is newer.
            known.entry((organization, authority)).or_insert(Known {
                expires_at,
                noted_days,
                noted_at: None,
            });
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

    /// Takes note of the certificate that an authority showed in a handshake, and says so in the log when its end is near and that
    /// was not said yet. Answers with what is new of it; nothing when it is known and was noted when it had to be.
    pub(super) fn shown(
        &self,
        organization: OrganizationNumber,
        shown: &ShownCertificate,
        now: Timestamp,
    ) -> Option<News> {
        let ShownCertificate { authority, expires_at } = shown;
        let name = (organization, Arc::clone(authority));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_remembered = known.len() < MAXIMUM || known.contains_key(&name);
        let before = known.get(&name).copied();
        let same = before.filter(|known| known.expires_at == *expires_at);

        let left = expires_at.since(now);
        let due = NOTED_DAYS.into_iter().find(|days| left <= DAY * u32::from(*days));
        let noted_days = same.and_then(|known| known.noted_days);
        let noted_at = before.and_then(|known| known.noted_at);
        let is_due = due.is_some_and(|due| noted_days.is_none_or(|noted| due < noted));
        let was_just_noted = noted_at.is_some_and(|noted_at| now.since(noted_at) < REST);
        let is_near = is_due && !was_just_noted;
        if is_near {
            tracing::warn!(
                organization = organization.get(),
                authority = %authority,
                %expires_at,
                days_left = left.as_secs() / DAY.as_secs(),
                "the certificate of a receiver is near its end; deliveries will fail then"
            );
        }

        let noted_days = if is_near { due } else { noted_days };
        let noted_at = if is_near { Some(now) } else { noted_at };
        let is_new = same.is_none_or(|same| same.noted_days != noted_days);
        if !is_new || !is_remembered {
            return None;
        }
        known.insert(name, Known { expires_at: *expires_at, noted_days, noted_at });
        let authority = Arc::clone(authority);
        Some(News {
            certificate: KeptCertificate { organization, authority, expires_at: *expires_at, noted_days },
            is_near,
        })
    }
}
