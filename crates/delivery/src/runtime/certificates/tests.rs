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

fn day(day: u32) -> Timestamp {
    Timestamp::EARLIEST.after(DAY * day)
}

#[tokio::test]
async fn the_end_is_noted_14_and_3_days_before_once_each() {
    let directory = tempfile::tempdir().unwrap();
    let certificates = Certificates::new(open(&directory));
    let target = url("https://a.example/hooks");
    let noted = |today: u32| {
        let changed = certificates.changed(ORGANIZATION, &target, day(100), day(today));
        changed.map(|kept| kept.noted_days)
    };
    assert_eq!(noted(50), Some(None), "it is new, and there is time");
    assert_eq!(noted(85), None);
    assert_eq!(noted(86), Some(Some(14)));
    assert_eq!(noted(90), None);
    assert_eq!(noted(97), Some(Some(3)));
    assert_eq!((noted(99), noted(101)), (None, None));

    // A renewed one begins anew, also when it ends soon itself.
    let renewed = certificates.changed(ORGANIZATION, &target, day(101), day(99)).unwrap();
    assert_eq!(renewed.noted_days, Some(3));
    assert_eq!(certificates.expires_at(ORGANIZATION, &url("https://A.example:443/other")), Some(day(101)));
    assert_eq!(certificates.expires_at(ORGANIZATION, &url("https://a.example:8443/hooks")), None);
    assert_eq!(certificates.expires_at(OrganizationNumber::new(2), &target), None);
}

#[tokio::test]
async fn what_was_noted_is_remembered_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let certificates = Certificates::new(Arc::clone(&store));
    for (host, end) in [("a.example", 100), ("b.example", 90)] {
        let target = url(&format!("https://{host}/"));
        let changed = certificates.changed(ORGANIZATION, &target, day(end), day(87)).unwrap();
        store.keep_certificate(changed).await.unwrap();
    }
    store.close().await;
    drop((certificates, store));

    let certificates = Certificates::new(open(&directory));
    certificates.load(day(95)).await;
    let target = url("https://a.example/");
    assert_eq!(certificates.expires_at(ORGANIZATION, &target), Some(day(100)));
    assert!(certificates.changed(ORGANIZATION, &target, day(100), day(95)).is_none(), "it was noted before");
    let ended = url("https://b.example/");
    assert_eq!(certificates.expires_at(ORGANIZATION, &ended), None, "what has ended is not taken up");
}
