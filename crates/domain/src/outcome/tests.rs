use super::*;

fn answered(status: u16) -> Verdict {
    Outcome::Answered(Answer { status, retry_after: None, wish: None }).verdict()
}

fn failure(verdict: Verdict) -> Failure {
    match verdict {
        Verdict::Failure(failure) => failure,
        Verdict::Success { .. } => panic!("a failure was expected"),
    }
}

#[test]
fn any_2xx_is_a_success_and_nothing_else() {
    for status in 100..600 {
        assert_eq!(
            matches!(answered(status), Verdict::Success { .. }),
            (200..300).contains(&status),
            "{status}"
        );
    }
}

#[test]
fn overload_statuses_slow_down() {
    for status in [429, 502, 503, 504] {
        assert!(failure(answered(status)).overloaded, "{status}");
    }
    for status in [302, 400, 401, 404, 413, 500] {
        assert!(!failure(answered(status)).overloaded, "{status}");
        assert!(!failure(answered(status)).refused, "{status}");
        assert!(!failure(answered(status)).counts_against_endpoint, "{status}");
    }
}

#[test]
fn gone_and_abort_end_the_delivery() {
    assert!(failure(answered(410)).refused && failure(answered(410)).gone);
    let aborted = Answer { status: 500, retry_after: None, wish: Some(ReceiverWish::AbortMessage) };
    assert!(failure(Outcome::Answered(aborted).verdict()).refused);
    let disabled = Answer { status: 204, retry_after: None, wish: Some(ReceiverWish::Disable) };
    assert_eq!(Outcome::Answered(disabled).verdict(), Verdict::Success { disable: true });
}

#[test]
fn only_429_and_503_hold_the_endpoint() {
    let wait = Some(Duration::from_secs(30));
    for status in [429, 500, 502, 503] {
        let answer = Answer { status, retry_after: wait, wish: None };
        let failure = failure(Outcome::Answered(answer).verdict());
        assert_eq!(failure.hold_endpoint.is_some(), matches!(status, 429 | 503), "{status}");
        assert_eq!(failure.retry_after, wait);
    }
}

#[test]
fn busy_costs_no_attempt_and_is_ours() {
    let busy = failure(Outcome::Failed(Cause::Busy).verdict());
    assert!(busy.costs_nothing && busy.fault == Fault::Us && !busy.counts_against_endpoint);
    let refused = failure(Outcome::Failed(Cause::ConnectionRefused).verdict());
    assert!(refused.counts_against_endpoint && !refused.costs_nothing);
}

#[test]
fn reads_retry_after_in_all_its_forms() {
    let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
    let seconds = |value: &str| retry_after(value, now).map(|wait| wait.as_secs_f64());
    assert_eq!(seconds("120"), Some(120.0));
    assert_eq!(seconds(" 1.5 "), Some(1.5));
    assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(37.0));
    assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(37.0));
    assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(37.0));
    assert_eq!(seconds("999999999999"), Some(86_400.0));
    for nothing in ["0", "-5", "Sun, 06 Nov 1993 08:49:37 GMT", "soon", "", "NaN", "inf"] {
        assert_eq!(seconds(nothing), None, "{nothing}");
    }
}

#[test]
fn a_token_endpoint_or_origin_condemns_nobody() {
    for status in [401, 404, 410, 429, 500, 503] {
        let answer = Answer {
            status,
            retry_after: Some(Duration::from_secs(7)),
            wish: Some(ReceiverWish::AbortMessage),
        };
        for stage in [Stage::Token, Stage::Origin] {
            let Verdict::Failure(failure) = Outcome::Answered(answer).verdict_at(stage) else {
                panic!("{status} is a failure");
            };
            assert!(!failure.refused && !failure.gone && !failure.counts_against_endpoint, "{status}");
            assert_eq!((failure.hold_endpoint, failure.retry_after), (None, Some(Duration::from_secs(7))));
        }
    }
    let success = Answer { status: 200, retry_after: None, wish: Some(ReceiverWish::Disable) };
    assert!(matches!(Outcome::Answered(success).verdict_at(Stage::Token), Verdict::Failure(_)));
    assert_eq!(Outcome::Answered(success).verdict_at(Stage::Target), Verdict::Success { disable: true });
}
