//! Tokens that are there, or come.

use super::*;

#[tokio::test]
async fn what_a_token_endpoint_is_asked() {
    let mut endpoint = TokenEndpoint::open(numbered).await;
    let mut request = endpoint.request();
    request.scope = Some(String::from("events orders"));
    assert_eq!(token(&cache(), &request).await, "token-1");

    let asked = endpoint.asked.recv().await.unwrap();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /token?tenant=1 HTTP/1.1\r\nhost: 127.0.0.1:"), "{head}");
    for (name, value) in &request.headers() {
        assert!(head.contains(&format!("\r\n{name}: {}", value.to_str().unwrap())), "{head}");
    }
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded"), "{head}");
    assert!(head.contains("\r\naccept: application/json"), "{head}");
    assert_eq!(
        body,
        "client_id=client-1&client_secret=hunter2-secret&grant_type=client_credentials&scope=events+orders"
    );
}

#[tokio::test]
async fn however_many_wait_a_token_is_fetched_once() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::gated(numbered).await;
    let (cache, request) = (cache(), endpoint.request());
    let mut waiting = Vec::new();
    for _ in 0..1_000 {
        waiting.push(begin(ask(&cache, &request)).await);
    }
    endpoint.gate.add_permits(1_000);
    for one in waiting {
        assert_eq!(one.await.unwrap().expose(), "token-1");
    }
    assert_eq!(token(&cache, &request).await, "token-1", "it is kept");
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn callers_on_many_threads_share_a_fetch() {
    let endpoint = TokenEndpoint::open(numbered).await;
    let (cache, request) = (Arc::new(cache()), endpoint.request());
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (cache, request) = (Arc::clone(&cache), request.clone());
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || {
                runtime.block_on(async move { token(&cache, &request).await })
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "token-1");
    }
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn an_expired_token_is_fetched_anew_shortly_before_its_end() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::open(|number| match number {
        1 => answer(r#"{"access_token":"token-1","expires_in":600}"#),
        2 => answer(r#"{"data":{"access_token":"token-2","expires_in":"100"}}"#),
        3 => answer(r#"{"access_token":"token-3"}"#),
        4 => answer(r#"{"access_token":"token-4","expires_in":1000000000}"#),
        number => numbered(number),
    })
    .await;
    let (cache, request) = (cache(), endpoint.request());
    // 30 s, or a tenth of the lifetime, before the end; an hour where nothing is said, and never more than a day.
    for (number, usable) in [(1, 570), (2, 90), (3, 3_570), (4, 86_370)] {
        let expected = format!("token-{number}");
        assert_eq!(token(&cache, &request).await, expected);
        advance(Duration::from_secs(usable - 1)).await;
        assert_eq!(token(&cache, &request).await, expected);
        assert_eq!(endpoint.requests(), number);
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(token(&cache, &request).await, "token-5");
}

#[tokio::test]
async fn a_token_without_a_lifetime_serves_those_who_wait_and_nobody_else() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::gated(|number| {
        answer(format!(
            r#"{{"access_token":"token-{number}","expires_in":{}}}"#,
            1 - i64::try_from(number).unwrap()
        ))
    })
    .await;
    let (cache, request) = (cache(), endpoint.request());
    for number in 1..=2 {
        let waiting = [begin(ask(&cache, &request)).await, begin(ask(&cache, &request)).await];
        endpoint.gate.add_permits(1);
        for one in waiting {
            assert_eq!(one.await.unwrap().expose(), format!("token-{number}"));
        }
        assert_eq!(endpoint.requests(), number);
    }
}

#[tokio::test]
async fn a_rejected_token_is_fetched_anew_once() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::open(|_| answer(r#"{"access_token":"always-the-same"}"#)).await;
    let (cache, request) = (cache(), endpoint.request());
    let first = ask(&cache, &request).await.unwrap();
    cache.rejected(organization(2), &request, &first);
    ask(&cache, &request).await.unwrap();
    assert_eq!(endpoint.requests(), 1, "another organization has no say in it");

    // A thousand deliveries went out with the first token; the target refuses them one after the other.
    for _ in 0..1_000 {
        cache.rejected(organization(1), &request, &first);
        ask(&cache, &request).await.unwrap();
    }
    assert_eq!(endpoint.requests(), 2);

    let second = ask(&cache, &request).await.unwrap();
    cache.rejected(organization(1), &request, &second);
    ask(&cache, &request).await.unwrap();
    assert_eq!(endpoint.requests(), 3);
}

#[tokio::test]
async fn a_rejection_does_not_touch_a_fetch_under_way() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::gated(numbered).await;
    let (cache, request) = (cache(), endpoint.request());
    endpoint.gate.add_permits(1);
    let first = ask(&cache, &request).await.unwrap();
    cache.rejected(organization(1), &request, &first);
    let one = begin(ask(&cache, &request)).await;
    cache.rejected(organization(1), &request, &first);
    let other = begin(ask(&cache, &request)).await;
    endpoint.gate.add_permits(2);
    for waiting in [one, other] {
        assert_eq!(waiting.await.unwrap().expose(), "token-2");
    }
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test]
async fn organizations_clients_and_secrets_have_tokens_of_their_own() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::open(numbered).await;
    let cache = cache();
    let request = endpoint.request();
    let mut variants = vec![(1, request.clone()), (2, request.clone())];
    variants.extend([
        (1, TokenRequest { client_id: String::from("client-2"), ..request.clone() }),
        (1, TokenRequest { client_secret: SharedSecret::new(String::from("another")), ..request.clone() }),
        (1, TokenRequest { grant_type: String::from("other"), ..request.clone() }),
        (1, TokenRequest { scope: Some(String::from("events")), ..request.clone() }),
        (1, self::request(&endpoint.receiver.url("/token?tenant=2"))),
    ]);
    // The second time round each gets its own from the cache.
    for _ in 0..2 {
        for (number, (owner, request)) in (1..).zip(&variants) {
            let token = cache.token(organization(*owner), request, PATIENCE).await.unwrap();
            assert_eq!(token.expose(), format!("token-{number}"));
        }
    }
    assert_eq!(endpoint.requests(), variants.len());
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_the_fetch_to_the_others() {
    let _clock = hold_clock();
    let mut endpoint = TokenEndpoint::gated(numbered).await;
    let (cache, request) = (cache(), endpoint.request());
    let first = begin(ask(&cache, &request)).await;
    let second = begin(ask(&cache, &request)).await;
    endpoint.asked.recv().await.unwrap();
    drop(first);
    endpoint.gate.add_permits(1);
    assert_eq!(second.await.unwrap().expose(), "token-1");

    // Nobody waits any more, and the token comes and is kept all the same.
    let request = TokenRequest { client_id: String::from("client-2"), ..request };
    drop(begin(ask(&cache, &request)).await);
    endpoint.asked.recv().await.unwrap();
    endpoint.gate.add_permits(1);
    assert_eq!(token(&cache, &request).await, "token-2");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test]
async fn nothing_that_prints_holds_the_token_or_the_secret() {
    let endpoint = TokenEndpoint::open(numbered).await;
    let request = endpoint.request();
    let token = ask(&cache(), &request).await.unwrap();
    let shown = format!("{token:?} {token:#?} {request:?} {:?}", request.headers());
    assert!(!shown.contains("token-1") && !shown.contains(SECRET), "{shown}");
}
