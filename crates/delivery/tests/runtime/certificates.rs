//! Receivers whose certificates come near their end.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rendezhook_delivery::means::Means;
use rendezhook_domain::subscription::Subscription;
use rendezhook_domain::target::AddressRule;
use rendezhook_domain::time::Timestamp;
use rendezhook_egress::resolve::SystemResolver;
use rendezhook_egress::{Egress, EgressSettings};
use rendezhook_store::feed::FeedLimits;
use rendezhook_store::read::DeliveryView;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::receiver::{Answer, Receiver};
use crate::world::{World, fast_options};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// An authority that the server trusts.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Answers 200 to everything, with a certificate that ends when this day begins.
    async fn receiver(&self, last: Timestamp) -> Receiver {
        let text = last.to_string();
        let mut date = text[..10].split('-').map(|part| part.parse::<u16>().unwrap());
        let [year, month, day] = std::array::from_fn(|_| date.next().unwrap());
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year.into(), month.try_into().unwrap(), day.try_into().unwrap());
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Receiver::start_secured(acceptor, |_, _| Answer::Status(200)).await
    }

    /// Starts the delivery side of a world, which trusts this authority.
    fn start(&self, world: &mut World) {
        let settings = EgressSettings {
            extra_roots: vec![self.certificate.clone()],
            ..EgressSettings::new(AddressRule::public().allowing_loopback())
        };
        let resolver = Arc::new(SystemResolver::from_system().unwrap());
        let egress = Arc::new(Egress::new(settings, resolver).unwrap());
        world.start_with(fast_options(), |means| Means { egress, ..means });
    }
}

/// A subscription to notices about subscriptions.
async fn operator(world: &World, receiver: &Receiver) -> Subscription {
    let actions = vec!["subscription.*".parse().unwrap()];
    world.subscribe_as(receiver.target("/operator"), |new| new.filter.actions = actions).await
}

/// How many deliveries to the operator there are, once everything is delivered.
async fn told(world: &World, operator: &Subscription, deliveries: usize) -> usize {
    let wanted = |all: &[DeliveryView]| {
        all.len() == deliveries && all.iter().all(|one| one.state.name() == "delivered")
    };
    let all = world.until(wanted).await;
    all.iter().filter(|one| one.subscription == operator.number).count()
}

#[tokio::test]
async fn a_certificate_near_its_end_is_told_once_for_all_who_deliver_there_also_over_a_restart() {
    let authority = Authority::new();
    let mut world = World::waiting(FeedLimits::default()).await;
    let secured = authority.receiver(world.now().after(10 * DAY)).await;
    let mut plain = Receiver::answering(200).await;
    authority.start(&mut world);
    let operator = operator(&world, &plain).await;
    let first = world.subscribe(secured.target("/a?key=hunter2")).await;
    let second = world.subscribe(secured.target("/b")).await;

    world.publish("visit-1", 1).await;
    let notice = plain.next().await.json();
    assert_eq!(notice["type"], "subscription.certificate_expiring");
    let resource = &notice["data"]["resource"];
    let ids = [first.id.to_string(), second.id.to_string()];
    assert!(ids.iter().any(|id| resource["id"] == **id), "{notice}");
    assert_eq!(resource["subscriptions"], serde_json::json!(ids));
    assert_eq!(resource["state"], "certificate_expiring");
    assert_eq!(resource["authority"], first.target.authority());
    assert!(!notice.to_string().contains("hunter2"));
    let expires_at = world.handle().certificate_expires_at(&first).unwrap();
    assert_eq!(resource["certificate_expires_at"], expires_at.to_string());
    assert_eq!(told(&world, &operator, 3).await, 1);

    world.stop().await.unwrap();
    world.crash_and_reopen().await;
    authority.start(&mut world);
    world.publish("visit-2", 2).await;
    assert_eq!(told(&world, &operator, 5).await, 1, "new handshakes say nothing new");
}

#[tokio::test]
async fn a_certificate_with_time_left_is_told_nobody_and_remembered() {
    let authority = Authority::new();
    let mut world = World::waiting(FeedLimits::default()).await;
    let secured = authority.receiver(world.now().after(30 * DAY)).await;
    let plain = Receiver::answering(200).await;
    authority.start(&mut world);
    let operator = operator(&world, &plain).await;
    let hook = world.subscribe(secured.target("/")).await;
    world.publish("visit-1", 1).await;
    assert_eq!(told(&world, &operator, 1).await, 0);
    let expires_at = world.handle().certificate_expires_at(&hook);
    assert!(expires_at.is_some());

    world.stop().await.unwrap();
    world.crash_and_reopen().await;
    authority.start(&mut world);
    // Something else is delivered, which shows that the start is over; there was no handshake with the receiver since.
    let test = world.test_delivery(&operator).await;
    world.outcome(test).await;
    assert_eq!(world.handle().certificate_expires_at(&hook), expires_at);
}

#[tokio::test]
async fn a_clock_that_jumps_does_not_end_certificates() {
    let authority = Authority::new();
    let mut world = World::waiting(FeedLimits::default()).await;
    let secured = authority.receiver(world.now().after(60 * DAY)).await;
    let plain = Receiver::answering(200).await;
    authority.start(&mut world);
    let operator = operator(&world, &plain).await;
    world.subscribe(secured.target("/")).await;
    // Only an attempt whose connection is new shows a certificate: this one is the first.
    world.clock.advance(50 * DAY);
    world.publish("visit-1", 1).await;
    assert_eq!(told(&world, &operator, 1).await, 0);
}
