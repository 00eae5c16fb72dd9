//! Bodies that are the answers of other servers.

use bytes::Bytes;
use rendezhook_delivery::means::OriginHeaders;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{RequestMethod, SubscriptionState};
use rendezhook_domain::target::OwnOrigins;
use rendezhook_store::record::AttemptResult;
use serde_json::json;
use tokio::net::TcpSocket;

use super::{attempt, doo_hook, exchange, failure, next_attempt, slow_options, url};
use crate::receiver::{Answer, Receiver};
use crate::world::World;

/// What the origin is sent, before its placeholders are replaced.
const DOCUMENT: &str = r#"{"query":"query Visit($id: ID!) { event(id: $id) { title } }","operationName":"Visit",
    "variables":{"id":"%EVENT_ID%","by":["n%ORGANIZATION_ID%"]}}"#;

fn answer(n: usize) -> Answer {
    Answer::Json(Bytes::from(format!(r#"{{ "data": {{"asked": {n}}} }}"#)))
}

#[tokio::test]
async fn a_body_is_the_origins_answer_fetched_for_each_attempt() {
    let mut origin = Receiver::start(|_, before| answer(before + 1)).await;
    let mut other_origin = Receiver::start(|_, _| answer(100)).await;
    let mut receiver = Receiver::start(|request, before| {
        Answer::Status(if request.path == "/" && before < 2 { 500 } else { 200 })
    })
    .await;
    let mut operators = OriginHeaders::default();
    let key = ("x-api-key".parse().unwrap(), "operators-key".parse().unwrap());
    operators.add(&origin.target("/whatever"), [key]);
    let mut world = World::fetching(slow_options(), OwnOrigins::default(), operators).await;
    for (path, asked) in [("/", &origin), ("/other", &other_origin)] {
        let endpoint = asked.target("/graphql?v=1");
        let target = receiver.target(path);
        world.subscribe_as(target, |new| doo_hook(new, RequestMethod::Post, endpoint, DOCUMENT)).await;
    }
    world.publish("visit %EVENT_ID% \"1\"", 1).await;
    world.until(|all| all.iter().all(|one| one.attempts == 1)).await;
    next_attempt(&world).await;
    world.until_all(FinalState::Delivered).await;

    let asked = origin.rest();
    assert_eq!(asked.len(), 2, "once for each attempt");
    for request in &asked {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/graphql?v=1"));
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("x-api-key"), "operators-key");
        assert!(
            !request.headers.contains_key("webhook-id") && !request.headers.contains_key("authorization")
        );
        let document = request.json();
        assert_eq!(document["query"], "query Visit($id: ID!) { event(id: $id) { title } }");
        assert_eq!(document["operationName"], "Visit");
        assert_eq!(document["variables"], json!({ "id": "visit %EVENT_ID% \"1\"", "by": ["n1"] }));
    }
    assert!(!other_origin.next().await.headers.contains_key("x-api-key"));

    let requests: Vec<_> = receiver.rest().into_iter().filter(|request| request.path == "/").collect();
    let bodies: Vec<&[u8]> = requests.iter().map(|request| request.body.as_ref()).collect();
    assert_eq!(bodies, [br#"{ "data": {"asked": 1} }"#, br#"{ "data": {"asked": 2} }"#], "byte for byte");
    for request in &requests {
        assert_eq!(request.header("content-type"), "application/json");
        assert!(!request.headers.contains_key("x-api-key"), "the operator's key is the origin's alone");
    }
    assert_eq!(requests[0].id(), requests[1].id());
}

#[tokio::test]
async fn an_operators_key_is_not_shown_when_an_origin_repeats_it() {
    let origin = Receiver::start(|_, _| Answer::Echo(500)).await;
    let receiver = Receiver::answering(200).await;
    let mut operators = OriginHeaders::default();
    operators.add(&origin.target("/"), [("x-api-key".parse().unwrap(), "operators-key".parse().unwrap())]);
    let mut world = World::fetching(slow_options(), OwnOrigins::default(), operators).await;
    let endpoint = origin.target("/graphql");
    world
        .subscribe_as(receiver.target("/"), |new| doo_hook(new, RequestMethod::Post, endpoint, DOCUMENT))
        .await;
    world.publish("visit-1", 1).await;
    assert_eq!(failure(&world, 1).await, (Stage::Origin, AttemptResult::Status(500)));
    let [asked, _, said] = exchange(&attempt(&world, 1).await);
    assert!(asked.contains("x-api-key: [hidden]\n"), "{asked}");
    assert_eq!(said, "");
}

#[tokio::test]
async fn an_origin_can_be_asked_with_get() {
    let mut origin = Receiver::start(|_, _| answer(1)).await;
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(slow_options()).await;
    let endpoint = origin.target("/state.json");
    world.subscribe_as(receiver.target("/"), |new| doo_hook(new, RequestMethod::Get, endpoint, "{}")).await;
    world.publish("visit-1", 1).await;
    assert_eq!(receiver.next().await.body, r#"{ "data": {"asked": 1} }"#);
    let asked = origin.next().await;
    assert_eq!((asked.method.as_str(), asked.body.len()), ("GET", 0));
    assert!(!asked.headers.contains_key("content-type"));
}

#[tokio::test]
async fn an_origin_that_fails_is_asked_again_and_nothing_is_sent_meanwhile() {
    let json = |text: &'static str| Answer::Json(Bytes::from_static(text.as_bytes()));
    let unusable = AttemptResult::Failed(Cause::OriginUnusable);
    let mut elsewhere = Receiver::answering(200).await;
    let elsewhere_url = elsewhere.target("/").as_str().to_owned();
    let too_long = Bytes::from(format!("{{\"data\":\"{}\"}}", "x".repeat(256 * 1024)));
    let failures = vec![
        (Answer::Status(500), AttemptResult::Status(500)),
        (Answer::Status(410), AttemptResult::Status(410)),
        (Answer::Wish(404, "disable"), AttemptResult::Status(404)),
        (Answer::Wish(404, "abort-message"), AttemptResult::Status(404)),
        (Answer::Redirect(elsewhere_url), AttemptResult::Status(302)),
        (Answer::Status(200), unusable),
        (json(r#"{"errors":[{"message":"no such event"}],"data":null}"#), unusable),
        (json(r#"{"errors":[{"message":"no such event"}]}"#), unusable),
        (Answer::Json(too_long), unusable),
    ];
    let (answers, results): (Vec<Answer>, Vec<AttemptResult>) = failures.into_iter().unzip();
    let answers = std::sync::Arc::new(answers);
    let given = std::sync::Arc::clone(&answers);
    // The second delivery of the lane is asked about later, and two endings by 410 would disable.
    let origin = Receiver::start(move |_, before| given.get(before).cloned().unwrap_or(answer(1))).await;
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(slow_options()).await;
    let endpoint = origin.target("/graphql");
    let subscription = world
        .subscribe_as(receiver.target("/"), |new| doo_hook(new, RequestMethod::Post, endpoint, DOCUMENT))
        .await;
    world.publish("visit-1", 1).await;
    for (number, result) in (1..).zip(results) {
        let case = &answers[usize::from(number) - 1];
        assert_eq!(failure(&world, number).await, (Stage::Origin, result), "{case:?}");
        let [asked, answered, _] = exchange(&attempt(&world, number).await);
        assert!(
            asked.starts_with("POST /graphql HTTP/1.1\n") && answered.starts_with("HTTP/1.1 "),
            "{asked}"
        );
        assert!(receiver.rest().is_empty());
        next_attempt(&world).await;
    }
    world.until_all(FinalState::Delivered).await;
    assert_eq!(receiver.next().await.body, r#"{ "data": {"asked": 1} }"#);
    assert_eq!(world.subscription(&subscription).state, SubscriptionState::Enabled);
    assert!(elsewhere.rest().is_empty(), "a redirect is not followed");
}

#[tokio::test]
async fn an_origin_that_cannot_be_reached_is_named_with_its_cause() {
    // Bound and not listening: nobody else gets the port, and connections are refused.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing = format!("http://{}/", silent.local_addr().unwrap());
    for (endpoint, cause) in [
        (refusing.as_str(), Cause::ConnectionRefused),
        ("https://10.0.0.1/graphql", Cause::AddressNotAllowed),
    ] {
        let mut receiver = Receiver::answering(200).await;
        let mut world = World::running(slow_options()).await;
        let endpoint = url(endpoint);
        world
            .subscribe_as(receiver.target("/"), |new| doo_hook(new, RequestMethod::Post, endpoint, DOCUMENT))
            .await;
        world.publish("visit-1", 1).await;
        assert_eq!(failure(&world, 1).await, (Stage::Origin, AttemptResult::Failed(cause)));
        world.stop().await.unwrap();
        assert!(receiver.rest().is_empty());
    }
}
