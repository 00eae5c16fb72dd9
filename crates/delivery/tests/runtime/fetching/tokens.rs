//! Tokens of the receivers' own authorization servers.

use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{RequestMethod, Subscription, SubscriptionState};
use rendezhook_store::read::DeliveryView;
use rendezhook_store::record::AttemptResult;
use tokio::time::Instant;

use super::{NEXT_ATTEMPT, attempt, exchange, failure, next_attempt, slow_options, url};
use crate::authorization_server::{
    AuthorizationServer, CLIENT_SECRET, Conduct, ENCODED_CLIENT_SECRET, TOKEN_BEGINNING, credentials,
};
use crate::receiver::{Answer, PATIENCE, Received, Receiver};
use crate::world::{World, fast_options, pass};

const BEARER: (&str, &str) = ("Authorization", "Bearer %ACCESS_TOKEN%");

#[tokio::test]
async fn many_deliveries_that_wait_for_one_token_fetch_it_once() {
    let server = AuthorizationServer::start().await;
    server.behave(Conduct::Hold);
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    let mut expected = Vec::new();
    for (header, format) in [BEARER, ("Oauth-Token", "%ACCESS_TOKEN%"), ("X-Token", "t=%ACCESS_TOKEN%;v=1")] {
        for method in RequestMethod::ALL {
            let path = format!("/{header}/{method}");
            world
                .subscribe_as(receiver.target(&path), |new| {
                    new.method = method;
                    new.authentication = Some(server.authentication(header, format));
                })
                .await;
            let value = format.replace("%ACCESS_TOKEN%", "issued-token-1");
            expected.push((path, method, header, value));
        }
    }
    world.publish("visit-1", 7).await;
    let mut figures = world.handle().watch_figures();
    let all_wait = figures.wait_for(|figures| figures.in_flight == expected.len());
    tokio::time::timeout(PATIENCE, all_wait).await.unwrap().unwrap();
    server.release();

    world.until_all(FinalState::Delivered).await;
    assert_eq!((server.fetches(), server.most_at_once()), (1, 1));
    let requests = receiver.rest();
    assert_eq!(requests.len(), expected.len());
    for (path, method, header, value) in expected {
        let request = requests.iter().find(|request| request.path == path).unwrap();
        assert_eq!(request.method, method.name());
        assert_eq!(request.header(header), value);
        let content_type = request.headers.contains_key("content-type");
        assert_eq!((content_type, !request.body.is_empty()), (method.carries_body(), method.carries_body()));
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_early_is_fetched_anew_once_and_order_holds() {
    let server = AuthorizationServer::start().await;
    let tokens = server.tokens();
    let mut receiver = Receiver::start(move |request, _| {
        if tokens.accept(&request.headers) { Answer::Status(200) } else { Answer::Echo(401) }
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world
        .subscribe_as(receiver.target("/"), |new| {
            new.authentication = Some(server.authentication(BEARER.0, BEARER.1));
        })
        .await;
    for round in 1..=4 {
        // The first round opens the endpoint's window; after it the token goes, and every lane meets the old one.
        if round == 2 {
            world.until_all(FinalState::Delivered).await;
            server.revoke();
        }
        world.publish_all((1..=6).map(|lane| (format!("visit-{lane}"), lane * 10 + round)).collect()).await;
    }
    world.until_all(FinalState::Delivered).await;
    assert_eq!((server.fetches(), server.most_at_once()), (2, 1));

    let requests = receiver.rest();
    let delivered: Vec<&Received> =
        requests.iter().filter(|request| request.n() % 10 == 1 || shows(request, 2)).collect();
    assert_eq!(delivered.len(), 24, "each was accepted once");
    for lane in 1..=6 {
        let order: Vec<u64> = delivered.iter().map(|one| one.n()).filter(|n| n / 10 == lane).collect();
        assert_eq!(order, [1, 2, 3, 4].map(|round| lane * 10 + round));
    }
    let refused = world.deliveries().await.into_iter().find(|one| one.attempts > 1).unwrap();
    let attempts = world.attempts(refused.id).await;
    assert_eq!((attempts[0].stage, attempts[0].result), (Stage::Target, AttemptResult::Status(401)));
    let [head, _, said] = exchange(&attempts[0]);
    assert!(head.contains("authorization: [hidden]\n") && !head.contains(TOKEN_BEGINNING), "{head}");
    assert!(!said.contains(TOKEN_BEGINNING), "{said}");
}

fn shows(request: &Received, token: usize) -> bool {
    request.header("authorization") == format!("Bearer {TOKEN_BEGINNING}{token}")
}

#[tokio::test]
async fn a_token_endpoint_that_fails_holds_its_deliveries_up_and_nobody_else() {
    let server = AuthorizationServer::start().await;
    let tokens = server.tokens();
    let mut receiver = Receiver::start(move |request, _| {
        let welcome = request.path == "/?open" || tokens.accept(&request.headers);
        Answer::Status(if welcome { 200 } else { 401 })
    })
    .await;
    let mut world = World::running(slow_options()).await;
    // Both have one endpoint, so that the second would suffer from what the first did to it.
    let guarded = world
        .subscribe_as(receiver.target("/?guarded"), |new| {
            new.authentication = Some(server.authentication(BEARER.0, BEARER.1));
        })
        .await;
    let open = world.subscribe(receiver.target("/?open")).await;

    let is_open = |one: &DeliveryView| one.subscription == open.number;
    let ended = |one: &DeliveryView| one.state == DeliveryState::Ended(FinalState::Delivered);

    let failures = [
        (Conduct::Refuse(401, None), AttemptResult::Status(401), "HTTP/1.1 401 Unauthorized\n"),
        (Conduct::Refuse(410, None), AttemptResult::Status(410), "HTTP/1.1 410 Gone\n"),
        (Conduct::Refuse(500, None), AttemptResult::Status(500), "HTTP/1.1 500 "),
        (Conduct::Refuse(302, None), AttemptResult::Status(302), "HTTP/1.1 302 Found\n"),
        (Conduct::Say("<html>"), AttemptResult::Failed(Cause::TokenUnusable), "HTTP/1.1 200 OK\n"),
        (
            Conduct::Say(r#"{"token":"hunter2 & hunter3"}"#),
            AttemptResult::Failed(Cause::TokenUnusable),
            "HTTP/1.1 200 OK\n",
        ),
        (Conduct::HangUp, AttemptResult::Failed(Cause::ConnectionReset), ""),
    ];
    server.behave(failures[0].0);
    world.publish_all(vec![("visit-1".to_owned(), 1), ("visit-2".to_owned(), 2)]).await;
    for (number, (conduct, result, answer)) in (1..).zip(failures) {
        if number > 1 {
            server.behave(conduct);
            next_attempt(&world).await;
        }
        world
            .until(|all| attempted(all, &guarded, number) && all.iter().all(|one| is_open(one) == ended(one)))
            .await;
        for delivery in world.deliveries().await.iter().filter(|one| one.subscription == guarded.number) {
            assert_eq!(delivery.state, DeliveryState::Waiting, "{conduct:?}");
            let kept = world.attempts(delivery.id).await;
            let attempt = kept.iter().find(|attempt| attempt.number == number).unwrap();
            assert_eq!((attempt.stage, attempt.result), (Stage::Token, result), "{conduct:?}");
            let [asked, answered, said] = exchange(attempt);
            assert!(asked.starts_with("POST /token?[hidden] HTTP/1.1\nhost: 127.0.0.1:"), "{asked}");
            assert!(answered.starts_with(answer) && answered.is_empty() == answer.is_empty(), "{answered}");
            for secret in [CLIENT_SECRET, ENCODED_CLIENT_SECRET, "hunter", TOKEN_BEGINNING] {
                assert!(![&asked, &answered, &said].iter().any(|text| text.contains(secret)), "{conduct:?}");
            }
        }
    }
    assert_eq!(world.subscription(&guarded).state, SubscriptionState::Enabled);
    world.publish("visit-3", 3).await;
    world.until(|all| all.iter().all(|one| one.attempts > 0 && is_open(one) == ended(one))).await;

    server.behave(Conduct::Issue);
    next_attempt(&world).await;
    world.until_all(FinalState::Delivered).await;
    let mut arrived: Vec<(String, u64)> =
        receiver.rest().iter().map(|request| (request.path.clone(), request.n())).collect();
    arrived.sort_unstable();
    let expected: Vec<(String, u64)> =
        ["/?guarded", "/?open"].iter().flat_map(|path| (1..=3).map(|n| ((*path).to_owned(), n))).collect();
    assert_eq!(arrived, expected, "nothing was lost and nothing came twice");
    assert_eq!(server.most_at_once(), 1);
}

fn attempted(all: &[DeliveryView], subscription: &Subscription, number: u16) -> bool {
    all.iter().filter(|one| one.subscription == subscription.number).all(|one| one.attempts == number)
}

#[tokio::test]
async fn a_token_endpoint_that_asks_for_time_gets_it() {
    let server = AuthorizationServer::start().await;
    server.behave(Conduct::Refuse(429, Some("5000")));
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(slow_options()).await;
    world
        .subscribe_as(receiver.target("/guarded"), |new| {
            new.authentication = Some(server.authentication(BEARER.0, BEARER.1));
        })
        .await;
    world.publish("visit-1", 1).await;
    assert_eq!(failure(&world, 1).await, (Stage::Token, AttemptResult::Status(429)));
    let due_at = world.deliveries().await[0].due_at.unwrap();
    let wait = due_at.since(attempt(&world, 1).await.started_at);
    assert!(wait >= Duration::from_secs(5_000), "{wait:?}");

    server.behave(Conduct::Issue);
    world.clock.advance(wait);
    pass(wait).await;
    assert_eq!(receiver.next().await.n(), 1);
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn a_token_endpoint_that_is_too_slow_ends_the_attempt_in_time() {
    let server = AuthorizationServer::start().await;
    server.behave(Conduct::Hold);
    let mut receiver = Receiver::answering(200).await;
    let options = slow_options();
    let deadline = options.attempt_deadline;
    let mut world = World::running(options).await;
    world
        .subscribe_as(receiver.target("/guarded"), |new| {
            new.authentication = Some(server.authentication(BEARER.0, BEARER.1));
        })
        .await;
    world.publish("visit-1", 1).await;
    server.asked(1).await;
    pass(deadline / 2).await;
    assert_eq!(failure(&world, 1).await, (Stage::Token, AttemptResult::Failed(Cause::ResponseTimeout)));
    let first = attempt(&world, 1).await;
    assert!(first.timing.total >= deadline / 2 && first.timing.total < deadline, "{:?}", first.timing);
    let [asked, answered, _] = exchange(&first);
    assert!(asked.starts_with("POST /token?[hidden] HTTP/1.1\n") && answered.is_empty(), "{asked}{answered}");

    // The fetch goes on, and the next attempt waits for the same.
    world.clock.advance(NEXT_ATTEMPT);
    let mut figures = world.handle().watch_figures();
    tokio::time::timeout(PATIENCE, figures.wait_for(|figures| figures.in_flight == 1))
        .await
        .unwrap()
        .unwrap();
    server.release();
    world.until_all(FinalState::Delivered).await;
    assert_eq!((server.fetches(), receiver.rest().len()), (1, 1));
}

#[tokio::test]
async fn token_and_target_share_the_deadline_of_the_attempt() {
    let server = AuthorizationServer::start().await;
    server.behave(Conduct::Hold);
    let mut receiver = Receiver::start(|_, _| Answer::Silence).await;
    let options = slow_options();
    let deadline = options.attempt_deadline;
    let mut world = World::running(options).await;
    world
        .subscribe_as(receiver.target("/guarded"), |new| {
            new.authentication = Some(server.authentication(BEARER.0, BEARER.1));
        })
        .await;
    let started = Instant::now();
    world.publish("visit-1", 1).await;
    server.asked(1).await;
    pass(deadline / 3).await;
    server.release();
    receiver.next().await;
    pass(deadline * 2 / 3).await;
    assert_eq!(failure(&world, 1).await, (Stage::Target, AttemptResult::Failed(Cause::ResponseTimeout)));
    let total = attempt(&world, 1).await.timing.total;
    assert!(total >= deadline && total <= started.elapsed(), "{total:?}");
    assert!(total < deadline + deadline / 3, "the target had the whole deadline for itself: {total:?}");
}

#[tokio::test]
async fn tokens_are_fetched_from_public_addresses_only() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(slow_options()).await;
    world
        .subscribe_as(receiver.target("/"), |new| {
            let endpoint = url("https://169.254.169.254/latest/meta-data");
            new.authentication = Some(credentials(endpoint, BEARER.0, BEARER.1));
        })
        .await;
    world.publish("visit-1", 1).await;
    let refused = (Stage::Token, AttemptResult::Failed(Cause::AddressNotAllowed));
    assert_eq!(failure(&world, 1).await, refused);
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
}
