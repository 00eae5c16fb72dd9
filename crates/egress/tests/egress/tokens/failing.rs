//! Token endpoints that give none.

use http::StatusCode;
use rendezhook_domain::cause::Cause;
use rendezhook_egress::AnswerFlaw;
use rendezhook_egress::resolve::{Resolve, ResolveError, Resolved};

use super::*;

#[track_caller]
fn cause(result: Result<AccessToken, TokenFailure>) -> Cause {
    match *result.unwrap_err().problem {
        TokenProblem::Failed(cause) => cause,
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_failure_is_shared_and_holds_for_a_second() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::gated(|number| match number {
        1 => response("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        number => numbered(number),
    })
    .await;
    let (cache, request) = (cache(), endpoint.request());
    let waiting = [begin(ask(&cache, &request)).await, begin(ask(&cache, &request)).await];
    endpoint.gate.add_permits(1_000);
    let mut failures = Vec::new();
    for one in waiting {
        failures.push(one.await.unwrap_err());
    }
    advance(Duration::from_millis(999)).await;
    failures.push(ask(&cache, &request).await.unwrap_err());
    assert_eq!(endpoint.requests(), 1);
    assert!(failures.iter().all(|failure| Arc::ptr_eq(&failure.problem, &failures[0].problem)));
    assert!(failures[0].timing.connect.is_some() && failures[0].timing.first_byte.is_some());
    let TokenProblem::Answered(response) = &*failures[0].problem else { panic!("{:?}", failures[0]) };
    assert_eq!(response.status, StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers["content-type"], "application/json");
    assert_eq!(response.body, r#"{"error":"invalid_client"}"#);

    advance(Duration::from_millis(1)).await;
    assert_eq!(token(&cache, &request).await, "token-2");
}

#[tokio::test]
async fn nobody_listens_at_the_token_endpoint() {
    let _clock = hold_clock();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(cause(ask(&cache(), &request(&url)).await), Cause::ConnectionRefused);
}

#[tokio::test]
async fn the_guard_holds_for_token_endpoints() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::open(numbered).await;
    let mut settings = loopback_settings();
    settings.own_addresses = vec![endpoint.receiver.address];
    let egress = Arc::new(crate::support::egress_with(settings));
    let cache = TokenCache::new(egress, TokenCacheSettings::default());
    assert_eq!(cause(ask(&cache, &endpoint.request()).await), Cause::AddressNotAllowed);
    assert_eq!(endpoint.receiver.connections(), 0);
}

#[tokio::test]
async fn each_waits_no_longer_than_its_own_time() {
    let _clock = hold_clock();
    let mut endpoint = TokenEndpoint::gated(numbered).await;
    let (cache, request) = (cache(), endpoint.request());
    let short = begin(cache.token(organization(1), &request, Duration::from_secs(2))).await;
    let long = begin(cache.token(organization(1), &request, Duration::from_secs(10))).await;
    endpoint.asked.recv().await.unwrap();
    // Timers have a resolution of a millisecond.
    let passed = Duration::from_millis(2_001);
    advance(passed).await;
    let failure = short.await.unwrap_err();
    assert_eq!(failure.timing.total, passed);
    assert_eq!(cause(Err(failure)), Cause::ResponseTimeout);

    endpoint.gate.add_permits(1);
    assert_eq!(long.await.unwrap().expose(), "token-1");
    let at_once = cache.token(organization(1), &request, Duration::ZERO).await;
    assert_eq!(at_once.unwrap().expose(), "token-1", "a token that is there takes no time");
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn a_fetch_ends_by_itself_and_the_next_one_begins() {
    let _clock = hold_clock();
    let mut endpoint = TokenEndpoint::gated(numbered).await;
    let (cache, request) = (cache(), endpoint.request());
    let waiting = begin(cache.token(organization(1), &request, Duration::from_secs(3_600))).await;
    endpoint.asked.recv().await.unwrap();
    advance(Duration::from_secs(31)).await;
    assert_eq!(cause(waiting.await), Cause::ResponseTimeout);

    advance(Duration::from_secs(1)).await;
    let waiting = begin(ask(&cache, &request)).await;
    endpoint.asked.recv().await.unwrap();
    endpoint.gate.add_permits(2);
    assert_eq!(waiting.await.unwrap().expose(), "token-2");
}

#[tokio::test]
async fn a_redirect_is_a_refusal() {
    let _clock = hold_clock();
    let elsewhere = TokenEndpoint::open(numbered).await;
    let location = elsewhere.receiver.url("/token");
    for status in [301, 302, 303, 307, 308] {
        let location = location.clone();
        let endpoint = TokenEndpoint::open(move |_| {
            format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
        })
        .await;
        let failure = ask(&cache(), &endpoint.request()).await.unwrap_err();
        let TokenProblem::Answered(response) = &*failure.problem else { panic!("{failure:?}") };
        assert_eq!(response.status.as_u16(), status);
    }
    assert_eq!(elsewhere.receiver.connections(), 0);
}

#[tokio::test]
async fn answers_without_a_usable_token() {
    let _clock = hold_clock();
    let huge = format!(r#"{{"access_token":"abc","note":"{}"}}"#, "x".repeat(20_000));
    let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(9_000));
    for (answer, flaw) in [
        (response("200 OK", "<html>Sign in</html>"), AnswerFlaw::NotAnObject),
        (response("200 OK", r#"["abc"]"#), AnswerFlaw::NotAnObject),
        (String::from("HTTP/1.1 204 No Content\r\n\r\n"), AnswerFlaw::NotAnObject),
        (response("200 OK", r#"{"error":"no"}"#), AnswerFlaw::NoToken),
        (response("201 Created", r#"{"access_token":""}"#), AnswerFlaw::EmptyToken),
        (response("200 OK", r#"{"access_token":"a\r\nx-evil: 1"}"#), AnswerFlaw::UnsendableToken),
        (response("200 OK", &long), AnswerFlaw::LongToken),
        (response("200 OK", &huge), AnswerFlaw::Truncated),
    ] {
        let endpoint = TokenEndpoint::open(move |_| answer.clone()).await;
        let failure = ask(&cache(), &endpoint.request()).await.unwrap_err();
        let TokenProblem::Unusable { response, flaw: found } = &*failure.problem else {
            panic!("{failure:?}")
        };
        assert!(response.status.is_success());
        assert_eq!(*found, flaw);
        assert!(failure.to_string().ends_with(&flaw.to_string()), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_secret_is_not_shown() {
    let _clock = hold_clock();
    let endpoint =
        TokenEndpoint::open(|_| response("403 Forbidden", &format!("wrong secret: {SECRET}"))).await;
    let failure = ask(&cache(), &endpoint.request()).await.unwrap_err();
    let TokenProblem::Answered(response) = &*failure.problem else { panic!("{failure:?}") };
    assert!(!format!("{failure:?} {failure} {response:?}").contains(SECRET));
}

#[tokio::test]
async fn a_full_cache_of_fetches_under_way_is_busy() {
    let _clock = hold_clock();
    let endpoint = TokenEndpoint::gated(numbered).await;
    let settings = TokenCacheSettings { maximum_entries: 1, ..TokenCacheSettings::default() };
    let cache = TokenCache::new(Arc::new(egress()), settings);
    let request = endpoint.request();
    let waiting = begin(ask(&cache, &request)).await;
    assert_eq!(cause(cache.token(organization(2), &request, PATIENCE).await), Cause::Busy);
    endpoint.gate.add_permits(2);
    assert_eq!(waiting.await.unwrap().expose(), "token-1");
    let second = cache.token(organization(2), &request, PATIENCE).await;
    assert_eq!(second.unwrap().expose(), "token-2", "a token makes room, a fetch does not");
}

/// Panics at the first question.
struct PanickingResolver(AtomicUsize);

#[async_trait::async_trait]
impl Resolve for PanickingResolver {
    async fn resolve(&self, _name: &str) -> Result<Resolved, ResolveError> {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "the first question");
        Err(ResolveError::NotFound)
    }
}

#[tokio::test]
async fn a_fetch_that_panics_leaves_nobody_waiting() {
    let _clock = hold_clock();
    let resolver = Arc::new(PanickingResolver(AtomicUsize::new(0)));
    let egress = Egress::new(EgressSettings::new(rendezhook_domain::target::AddressRule::public()), resolver);
    let cache = TokenCache::new(Arc::new(egress.unwrap()), TokenCacheSettings::default());
    let request = request("https://token.example/");
    let waiting = [begin(ask(&cache, &request)).await, begin(ask(&cache, &request)).await];
    for one in waiting {
        assert_eq!(cause(one.await), Cause::Internal);
    }
    assert_eq!(cause(ask(&cache, &request).await), Cause::DnsNotFound, "the next one fetches anew");
}
