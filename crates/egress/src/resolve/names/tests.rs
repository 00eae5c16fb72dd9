use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use rendezhook_domain::target::{AddressRule, TargetPolicy, TargetUrl};
use tokio::time::advance;

use super::*;
use crate::resolve::Resolved;

/// Gives prepared answers in turn, the last one for ever; an empty script never answers.
struct Script {
    answers: Mutex<VecDeque<Result<Resolved, Cause>>>,
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl Resolve for Script {
    async fn resolve(&self, _name: &str) -> Result<Resolved, ResolveError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        // Whoever asks at the same time gets a chance to ask too.
        tokio::task::yield_now().await;
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
        };
        match answer {
            Some(Ok(resolved)) => Ok(resolved),
            Some(Err(Cause::DnsNotFound)) => Err(ResolveError::NotFound),
            Some(Err(_)) => Err(ResolveError::Failed("broken".into())),
            None => std::future::pending().await,
        }
    }
}

fn resolved(addresses: &[&str], seconds: u64) -> Result<Resolved, Cause> {
    Ok(Resolved {
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        time_to_live: Duration::from_secs(seconds),
    })
}

fn names_with(
    rule: AddressRule,
    answers: impl IntoIterator<Item = Result<Resolved, Cause>>,
) -> (Names, Arc<Script>) {
    let script =
        Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), asked: AtomicUsize::new(0) });
    let guard = Arc::new(Guard::new(rule, Vec::new()));
    let names = Names::new(Arc::clone(&script) as Arc<dyn Resolve>, guard, Duration::from_secs(5), 8);
    (names, script)
}

fn names(answers: impl IntoIterator<Item = Result<Resolved, Cause>>) -> (Names, Arc<Script>) {
    names_with(AddressRule::public(), answers)
}

fn host(text: &str) -> TargetHost {
    TargetUrl::parse(&format!("https://{text}/"), &TargetPolicy::stored()).unwrap().host().clone()
}

async fn ask(names: &Names, name: &str) -> Result<Vec<String>, Cause> {
    let deadline = Instant::now() + Duration::from_secs(15);
    let addresses = names.addresses(&host(name), deadline).await?;
    Ok(addresses.iter().map(ToString::to_string).collect())
}

fn asked(script: &Script) -> usize {
    script.asked.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn an_answer_holds_for_its_time_between_one_second_and_a_minute() {
    for (time_to_live, holds) in [(0, 1), (20, 20), (86_400, 60)] {
        let (names, script) = names([resolved(&["8.8.8.8"], time_to_live)]);
        ask(&names, "a.example").await.unwrap();
        advance(Duration::from_secs(holds) - Duration::from_millis(1)).await;
        ask(&names, "a.example").await.unwrap();
        assert_eq!(asked(&script), 1, "time to live {time_to_live}");
        advance(Duration::from_millis(1)).await;
        ask(&names, "a.example").await.unwrap();
        assert_eq!(asked(&script), 2, "time to live {time_to_live}");
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_wait_a_name_is_asked_for_once() {
    let (names, script) = names([resolved(&["8.8.8.8"], 10)]);
    let (one, two, three) =
        tokio::join!(ask(&names, "a.example"), ask(&names, "a.example"), ask(&names, "a.example"));
    assert_eq!((&one, &two), (&two, &three));
    assert_eq!(one.unwrap(), ["8.8.8.8"]);
    assert_eq!(asked(&script), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_request_that_asks_is_dropped_the_next_one_asks() {
    let (names, script) = names([resolved(&["8.8.8.8"], 10)]);
    let name = host("a.example");
    let deadline = Instant::now() + Duration::from_secs(15);
    let mut first = Box::pin(names.addresses(&name, deadline));
    let mut second = Box::pin(names.addresses(&name, deadline));
    let once = std::future::poll_fn(|context| {
        assert!(first.as_mut().poll(context).is_pending());
        assert!(second.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    once.await;
    drop(first);
    assert!(second.await.is_ok());
    assert_eq!(asked(&script), 2);
}

#[tokio::test(start_paused = true)]
async fn dns_that_flips_to_the_inside_is_refused_when_it_does() {
    let (names, _) =
        names([resolved(&["8.8.8.8"], 0), resolved(&["169.254.169.254"], 0), resolved(&["8.8.8.8"], 0)]);
    assert_eq!(ask(&names, "a.example").await.unwrap(), ["8.8.8.8"]);
    assert_eq!(
        ask(&names, "a.example").await.unwrap(),
        ["8.8.8.8"],
        "the judged answer is used, not a new one"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&names, "a.example").await, Err(Cause::AddressNotAllowed));
    advance(Duration::from_secs(1)).await;
    assert!(ask(&names, "a.example").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_denied_answer_among_many_refuses_the_name() {
    let inside = ["10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "168.63.129.16", "fd00:ec2::254"];
    for denied in inside {
        let (names, _) = names([resolved(&["8.8.8.8", denied, "2606:4700::1"], 10)]);
        assert_eq!(ask(&names, "a.example").await, Err(Cause::AddressNotAllowed), "{denied}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_answers_all_are_judged_and_sixteen_kept() {
    let thousand: Vec<String> =
        (0..1_000).map(|number| format!("8.8.{}.{}", number / 250, number % 250)).collect();
    let mut answers: Vec<&str> = thousand.iter().map(String::as_str).collect();
    let (all_public, _) = names([resolved(&answers, 10)]);
    assert_eq!(ask(&all_public, "a.example").await.unwrap(), answers[..16]);

    answers.push("127.0.0.1");
    let (last_denied, _) = names([resolved(&answers, 10)]);
    assert_eq!(ask(&last_denied, "a.example").await, Err(Cause::AddressNotAllowed));
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_answer_is_remembered_briefly() {
    let (names, script) = names([
        Err(Cause::DnsNotFound),
        resolved(&[], 600),
        Err(Cause::DnsFailure),
        resolved(&["8.8.8.8"], 10),
    ]);
    assert_eq!(ask(&names, "a.example").await, Err(Cause::DnsNotFound));
    advance(Duration::from_millis(4_999)).await;
    assert_eq!(ask(&names, "a.example").await, Err(Cause::DnsNotFound));
    assert_eq!(asked(&script), 1);
    advance(Duration::from_millis(1)).await;
    assert_eq!(ask(&names, "a.example").await, Err(Cause::DnsNotFound), "no addresses");
    advance(Duration::from_secs(5)).await;
    assert_eq!(ask(&names, "a.example").await, Err(Cause::DnsFailure));
    advance(Duration::from_secs(1)).await;
    assert!(ask(&names, "a.example").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn name_servers_that_never_answer_cost_five_seconds_or_the_deadline() {
    let (names, _) = names([]);
    let started = Instant::now();
    assert_eq!(ask(&names, "a.example").await, Err(Cause::DnsTimeout));
    assert_eq!(started.elapsed().as_secs(), 5);

    let started = Instant::now();
    let deadline = started + Duration::from_millis(300);
    assert_eq!(names.addresses(&host("b.example"), deadline).await, Err(Cause::DnsTimeout));
    assert_eq!(started.elapsed().as_millis() / 10, 30);
}

#[tokio::test(start_paused = true)]
async fn localhost_never_goes_to_dns() {
    for name in ["localhost", "LOCALHOST.", "a.localhost"] {
        let (public, script) = names([resolved(&["8.8.8.8"], 10)]);
        assert_eq!(ask(&public, name).await, Err(Cause::AddressNotAllowed));
        assert_eq!(asked(&script), 0);

        let (development, script) = names_with(AddressRule::public().allowing_loopback(), []);
        assert_eq!(ask(&development, name).await.unwrap(), ["127.0.0.1", "::1"]);
        assert_eq!(asked(&script), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn literal_addresses_are_judged_without_dns() {
    let (names, script) = names([]);
    assert_eq!(ask(&names, "8.8.8.8").await.unwrap(), ["8.8.8.8"]);
    for literal in
        ["2130706433", "0x7f.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254", "[2002:7f00:1::]"]
    {
        assert_eq!(ask(&names, literal).await, Err(Cause::AddressNotAllowed), "{literal}");
    }
    assert_eq!(asked(&script), 0);
}

#[tokio::test(start_paused = true)]
async fn the_cache_stays_within_its_size_and_keeps_what_is_used() {
    let (names, script) = names([resolved(&["8.8.8.8"], 60)]);
    ask(&names, "used.example").await.unwrap();
    for number in 0..100 {
        ask(&names, &format!("n{number}.example")).await.unwrap();
        ask(&names, "used.example").await.unwrap();
        let cache = names.cache.lock().unwrap();
        assert!(cache.younger.len() + cache.older.len() <= 8);
    }
    assert_eq!(asked(&script), 101);
}
