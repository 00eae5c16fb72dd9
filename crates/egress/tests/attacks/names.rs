//! Name servers that lead inside. 127.0.0.1 plays the public Internet here, and 127.0.0.2 the network behind the server.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RData, RecordType, rdata};
use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::AddressRule;
use rendezhook_egress::resolve::SystemResolver;
use rendezhook_egress::{AttemptReport, Egress, EgressSettings};
use tokio::time::advance;

use crate::bounds::{attempt, bounded};
use crate::name_server::{NameServer, Question};
use crate::support::{Receiver, answered, failed, post};

const PUBLIC: Ipv4Addr = Ipv4Addr::LOCALHOST;
const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A receiver on the public Internet and one inside, on the same port, an egress that asks a name server.
struct Scene {
    name_server: NameServer,
    public: Receiver,
    inside: Receiver,
    egress: Arc<Egress>,
}

impl Scene {
    async fn of(script: impl Fn(&Question<'_>) -> Vec<RData> + Send + Sync + 'static) -> Self {
        let rule = AddressRule::public().allowing([format!("{PUBLIC}/32").parse().unwrap()]);
        Self::with_rule(rule, script).await
    }

    async fn with_rule(
        rule: AddressRule,
        script: impl Fn(&Question<'_>) -> Vec<RData> + Send + Sync + 'static,
    ) -> Self {
        let name_server = NameServer::start(script).await;
        let public = Receiver::start(|conversation| conversation.answer_all()).await;
        let beside = (INSIDE, public.address.port()).into();
        let inside = Receiver::start_at(beside, |conversation| conversation.answer_all()).await;
        let resolver = SystemResolver::with_servers(&[name_server.address]).unwrap();
        let egress = Arc::new(Egress::new(EgressSettings::new(rule), Arc::new(resolver)).unwrap());
        Self { name_server, public, inside, egress }
    }

    async fn attempt(&self) -> Vec<AttemptReport> {
        let url = format!("http://a.example:{}/", self.public.address.port());
        attempt(&self.egress, || post(&url)).await
    }

    /// Nothing is connected to, neither the inside nor what may be connected to otherwise.
    async fn refuses(self) -> Arc<Egress> {
        for report in self.attempt().await {
            assert!(report.timing.connect.is_none() && report.remote_address.is_none());
            assert_eq!(failed(report), Cause::AddressNotAllowed);
        }
        assert_eq!((self.public.connections(), self.inside.connections()), (0, 0));
        self.egress
    }
}

fn v4(address: Ipv4Addr) -> RData {
    RData::A(address.into())
}

fn alias(name: &str) -> RData {
    RData::CNAME(rdata::CNAME(Name::from_ascii(name).unwrap()))
}

#[test]
fn dns_that_flips_between_check_and_connect() {
    bounded(async || {
        let scene = Scene::of(|question| match (question.kind, question.time) {
            (RecordType::A, 1 | 3) => vec![v4(PUBLIC)],
            (RecordType::A, _) => vec![v4(INSIDE)],
            _ => Vec::new(),
        })
        .await;
        for report in scene.attempt().await {
            assert_eq!(report.remote_address, Some(scene.public.address));
            assert_eq!(answered(report).body, "ok");
        }
        assert_eq!(
            scene.name_server.asked("a.example.", RecordType::A),
            1,
            "what was judged is connected to"
        );

        // The next answer is judged too, whatever connections are at rest.
        advance(Duration::from_secs(1)).await;
        for report in scene.attempt().await {
            assert_eq!(failed(report), Cause::AddressNotAllowed);
        }
        advance(Duration::from_secs(1)).await;
        for report in scene.attempt().await {
            assert_eq!(report.remote_address, Some(scene.public.address));
        }
        assert_eq!(scene.name_server.asked("a.example.", RecordType::A), 3);
        assert_eq!(scene.inside.connections(), 0);
        scene.egress
    });
}

#[test]
fn public_and_internal_answers_mixed() {
    bounded(async || {
        let scene = Scene::of(|question| match question.kind {
            RecordType::A => vec![v4(PUBLIC), v4(INSIDE)],
            _ => Vec::new(),
        });
        scene.await.refuses().await
    });
    bounded(async || {
        let scene = Scene::of(|question| match question.kind {
            RecordType::A => vec![v4(PUBLIC)],
            RecordType::AAAA => vec![RData::AAAA(INSIDE.to_ipv6_mapped().into())],
            _ => Vec::new(),
        });
        scene.await.refuses().await
    });
}

#[test]
fn an_alias_of_an_internal_name() {
    bounded(async || {
        // The resolver asks for the name behind the alias, as long as that is not the answer already.
        let scene = Scene::of(|question| match (question.name, question.kind) {
            ("a.example.", _) => vec![alias("inside.example.")],
            ("inside.example.", RecordType::A) => vec![v4(INSIDE)],
            _ => Vec::new(),
        });
        scene.await.refuses().await
    });
    bounded(async || {
        // Without 127.0.0.1 as the Internet, the resolver's own answer for this name is inside too.
        let scene = Scene::with_rule(AddressRule::public(), |_| vec![alias("localhost.")]);
        scene.await.refuses().await
    });
}

#[test]
fn an_alias_of_itself() {
    bounded(async || {
        let scene = Scene::of(|question| match question.name {
            "a.example." => vec![alias("b.example.")],
            _ => vec![alias("a.example.")],
        })
        .await;
        for report in scene.attempt().await {
            assert!(matches!(failed(report), Cause::DnsNotFound | Cause::DnsFailure));
        }
        let questions = scene.name_server.questions();
        assert!(questions < 100, "{questions} questions were asked");
        scene.egress
    });
}

#[test]
fn internal_by_aaaa_only() {
    for address in ["::1", "fd00:ec2::254", "fe80::1", "::ffff:127.0.0.2", "64:ff9b::7f00:2", "2002:7f00:2::"]
    {
        let address: Ipv6Addr = address.parse().unwrap();
        bounded(async || {
            let scene = Scene::of(move |question| match question.kind {
                RecordType::AAAA => vec![RData::AAAA(address.into())],
                _ => Vec::new(),
            });
            scene.await.refuses().await
        });
    }
}

#[test]
fn a_time_to_live_of_zero() {
    bounded(async || {
        let scene = Scene::of(|question| match question.kind {
            RecordType::A => vec![v4(PUBLIC)],
            _ => Vec::new(),
        })
        .await;
        for seconds in 1..=3 {
            for _ in 0..3 {
                scene.attempt().await.into_iter().for_each(|report| drop(answered(report)));
            }
            assert_eq!(scene.name_server.asked("a.example.", RecordType::A), seconds, "once a second");
            advance(Duration::from_secs(1)).await;
        }
        scene.egress
    });
}

#[test]
fn a_thousand_addresses() {
    let thousand = |last: Ipv4Addr| {
        move |question: &Question<'_>| match question.kind {
            RecordType::A => [PUBLIC].repeat(999).into_iter().chain([last]).map(v4).collect(),
            _ => Vec::new(),
        }
    };
    bounded(async || {
        let scene = Scene::of(thousand(PUBLIC)).await;
        for report in scene.attempt().await {
            assert_eq!(answered(report).body, "ok");
        }
        scene.egress
    });
    // All of them are judged, the last one too.
    bounded(async || Scene::of(thousand(INSIDE)).await.refuses().await);
}
