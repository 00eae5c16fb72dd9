use rendezhook_domain::target::TargetPolicy;
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use super::*;

const ORGANIZATION: OrganizationNumber = OrganizationNumber::new(1);

fn open(directory: &TempDir) -> Arc<dyn Store> {
    let key = KeyEncryptionKey::from_bytes([7; 32]);
    let (store, _feed) = SqliteStore::open(SqliteOptions::new(directory.path(), key)).unwrap();
    store
}

fn url(text: &str) -> TargetUrl {
    TargetUrl::parse(text, &TargetPolicy::stored()).unwrap()
}

/// Shows a certificate of `a.example` that ends on a day.
fn show(certificates: &Certificates, ends: Timestamp, today: Timestamp) -> Option<News> {
    let shown = ShownCertificate { authority: Arc::from("a.example:443"), expires_at: ends };
    certificates.shown(ORGANIZATION, &shown, today)
}

fn day(day: u32) -> Timestamp {
    Timestamp::EARLIEST.after(DAY * day)
}

#[tokio::test]
async fn the_end_is_noted_14_and_3_days_before_once_each() {
    let directory = tempfile::tempdir().unwrap();
    let certificates = Certificates::new(open(&directory));
    let noted = |today: u32| {
        let news = show(&certificates, day(100), day(today));
        news.map(|news| (news.certificate.noted_days, news.is_near))
    };
    assert_eq!(noted(50), Some((None, false)), "it is new, and there is time");
    assert_eq!(noted(85), None);
    assert_eq!(noted(86), Some((Some(14), true)));
    assert_eq!(noted(90), None);
    assert_eq!(noted(97), Some((Some(3), true)));
    assert_eq!((noted(99), noted(101)), (None, None));

    // A renewed one begins anew, also when it ends soon itself.
    let renewed = show(&certificates, day(101), day(99)).unwrap();
    assert_eq!((renewed.certificate.noted_days, renewed.is_near), (Some(3), true));
    let target = url("https://a.example/hooks");
    assert_eq!(certificates.expires_at(ORGANIZATION, &target), Some(day(101)));
    assert_eq!(certificates.expires_at(ORGANIZATION, &url("https://A.example:443/other")), Some(day(101)));
    assert_eq!(certificates.expires_at(ORGANIZATION, &url("https://a.example:8443/hooks")), None);
    assert_eq!(certificates.expires_at(OrganizationNumber::new(2), &target), None);
}

#[tokio::test]
async fn machines_that_are_renewed_one_by_one_are_spoken_of_once_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let certificates = Certificates::new(open(&directory));
    let hour = |hour: u32| day(90).after(Duration::from_secs(3_600) * hour);
    let mut told = Vec::new();
    for today in 0..50 {
        // Every other handshake meets the machine that has its new certificate already.
        let ends = if today % 2 == 0 { day(100) } else { day(190) };
        let news = show(&certificates, ends, hour(today));
        told.extend(news.filter(|news| news.is_near).map(|_| today));
    }
    assert_eq!(told, [0, 24, 48]);
}

#[tokio::test]
async fn what_was_noted_before_a_restart_is_not_noted_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let certificates = Certificates::new(Arc::clone(&store));
    let mut kept = Vec::new();
    for (authority, end) in [("a.example:443", 100), ("b.example:443", 90)] {
        let shown = ShownCertificate { authority: Arc::from(authority), expires_at: day(end) };
        let news = certificates.shown(ORGANIZATION, &shown, day(87)).unwrap();
        kept.push(news.certificate);
    }

    let certificates = Certificates::new(store);
    certificates.take_up(kept);
    let target = url("https://a.example/");
    assert_eq!(certificates.expires_at(ORGANIZATION, &target), Some(day(100)));
    assert_eq!(show(&certificates, day(100), day(95)), None, "it was noted before");
    assert_eq!(show(&certificates, day(100), day(97)).map(|news| news.is_near), Some(true));
}
