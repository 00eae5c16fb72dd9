use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::SharedSecret;

use super::super::TokenRequest;
use super::*;
use crate::report::Timing;

/// The key of one of many requests.
fn key(number: u32) -> RequestDigest {
    let request = TokenRequest {
        endpoint: TargetUrl::parse("https://example.com/token", &TargetPolicy::stored()).unwrap(),
        client_id: String::from("client"),
        client_secret: SharedSecret::new(String::from("secret")),
        grant_type: String::from("client_credentials"),
        scope: None,
    };
    request.digest(OrganizationNumber::new(number))
}

fn token(text: &str) -> AccessToken {
    AccessToken::new(text.to_owned()).unwrap()
}

fn fetched(token: &AccessToken, holds_until: Instant) -> Option<Fetched> {
    Some(Fetched { outcome: Ok(token.clone()), holds_until })
}

#[track_caller]
fn to_fetch(claim: Claim) -> watch::Sender<Option<Fetched>> {
    match claim {
        Claim::ToFetch(sender, _) => sender,
        other => panic!("expected to fetch, not {other:?}"),
    }
}

/// Puts a token under a key.
fn put(entries: &mut Entries, number: u32, now: Instant, holds_until: Instant) {
    to_fetch(entries.claim(key(number), now)).send_replace(fetched(&token("abc"), holds_until));
}

fn holds(entries: &Entries, number: u32) -> bool {
    entries.by_key.contains_key(&key(number))
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn one_fetches_and_the_others_join_until_it_no_longer_holds() {
    let (mut entries, now) = (Entries::new(10), Instant::now());
    let sender = to_fetch(entries.claim(key(1), now));
    assert!(matches!(entries.claim(key(1), now), Claim::Known(_)));
    sender.send_replace(fetched(&token("abc"), now + seconds(5)));
    drop(sender);
    assert!(matches!(entries.claim(key(1), now + seconds(4)), Claim::Known(_)));
    to_fetch(entries.claim(key(1), now + seconds(5)));
}

#[test]
fn a_fetch_that_was_lost_is_made_anew() {
    let (mut entries, now) = (Entries::new(10), Instant::now());
    drop(to_fetch(entries.claim(key(1), now)));
    let _sender = to_fetch(entries.claim(key(1), now));
    assert!(matches!(entries.claim(key(1), now), Claim::Known(_)));
}

#[test]
fn only_the_current_token_is_forgotten() {
    let (mut entries, now) = (Entries::new(10), Instant::now());
    let (older, newer) = (token("abc"), token("abc"));
    to_fetch(entries.claim(key(1), now)).send_replace(fetched(&newer, now + seconds(5)));
    entries.forget(&key(1), &older);
    entries.forget(&key(2), &newer);
    assert!(holds(&entries, 1), "the same text from an older answer, or under another key, is another token");
    entries.forget(&key(1), &newer);
    assert!(!holds(&entries, 1));

    // A fetch under way and a failure have no token to forget.
    let sender = to_fetch(entries.claim(key(1), now));
    entries.forget(&key(1), &newer);
    let failure = TokenFailure::failed(Cause::ConnectionRefused, Timing::default());
    sender.send_replace(Some(Fetched { outcome: Err(failure), holds_until: now + seconds(1) }));
    entries.forget(&key(1), &newer);
    assert!(holds(&entries, 1));
}

#[test]
fn the_expired_make_room_first_and_then_the_least_recently_used() {
    let (mut entries, now) = (Entries::new(3), Instant::now());
    put(&mut entries, 1, now, now + seconds(60));
    put(&mut entries, 2, now + seconds(1), now + seconds(3));
    put(&mut entries, 3, now + seconds(2), now + seconds(60));

    put(&mut entries, 4, now + seconds(3), now + seconds(60));
    assert!(holds(&entries, 1) && !holds(&entries, 2) && holds(&entries, 3) && holds(&entries, 4));

    assert!(matches!(entries.claim(key(1), now + seconds(4)), Claim::Known(_)));
    put(&mut entries, 5, now + seconds(5), now + seconds(60));
    assert!(holds(&entries, 1) && !holds(&entries, 3) && holds(&entries, 4) && holds(&entries, 5));
    assert_eq!(entries.by_key.len(), 3);
}

#[test]
fn a_fetch_under_way_keeps_its_place() {
    let (mut entries, now) = (Entries::new(2), Instant::now());
    let _first = to_fetch(entries.claim(key(1), now));
    put(&mut entries, 2, now + seconds(1), now + seconds(60));
    let second = to_fetch(entries.claim(key(3), now + seconds(2)));
    assert!(holds(&entries, 1) && !holds(&entries, 2));
    assert!(matches!(entries.claim(key(4), now + seconds(3)), Claim::Full));
    assert!(matches!(entries.claim(key(1), now + seconds(3)), Claim::Known(_)));
    drop(second);
    to_fetch(entries.claim(key(4), now + seconds(3)));
}
