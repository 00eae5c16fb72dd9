//! Nothing reaches a denied address, whatever DNS said.

use std::net::IpAddr;
use std::sync::Arc;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::AddressRule;
use rendezhook_egress::{Egress, EgressSettings};

use crate::support::{
    FixedResolver, PATIENCE, Receiver, answered, egress, egress_with, failed, loopback_settings, post,
};

fn public_egress(addresses: &[&str]) -> Egress {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Egress::new(EgressSettings::new(AddressRule::public()), Arc::new(FixedResolver(addresses))).unwrap()
}

#[tokio::test]
async fn no_spelling_of_a_literal_address_reaches_loopback() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let port = receiver.address.port();
    let egress = public_egress(&["8.8.8.8"]);
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "a.localhost.",
    ] {
        for scheme in ["http", "https"] {
            let report = egress.send(&post(&format!("{scheme}://{host}:{port}/")), PATIENCE).await;
            assert!(report.timing.connect.is_none() && report.remote_address.is_none(), "{host}");
            assert_eq!(failed(report), Cause::AddressNotAllowed, "{host}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn names_that_lead_inside_connect_nowhere() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let url = format!("https://a.example:{}/", receiver.address.port());
    for addresses in
        [&["127.0.0.1"][..], &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"], &["169.254.169.254"]]
    {
        let report = public_egress(addresses).send(&post(&url), PATIENCE).await;
        assert!(report.timing.dns.is_some() && report.timing.connect.is_none());
        assert_eq!(failed(report), Cause::AddressNotAllowed, "{addresses:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_server_does_not_deliver_to_itself() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let port = receiver.address.port();
    let listening = [
        receiver.address,
        format!("0.0.0.0:{port}").parse().unwrap(),
        format!("[::]:{port}").parse().unwrap(),
    ];
    for own in listening {
        let mut settings = loopback_settings();
        settings.own_addresses = vec![own];
        let egress = egress_with(settings);
        for host in ["127.0.0.1", "localhost"] {
            let report = egress.send(&post(&format!("http://{host}:{port}/")), PATIENCE).await;
            assert_eq!(failed(report), Cause::AddressNotAllowed, "{own} {host}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn plain_http_does_not_leave_the_machine() {
    let rule = AddressRule::public().allowing_loopback();
    let resolver = Arc::new(FixedResolver(vec!["8.8.8.8".parse().unwrap()]));
    let egress = Egress::new(EgressSettings::new(rule), resolver).unwrap();
    for url in ["http://a.example/", "http://8.8.8.8/"] {
        assert_eq!(failed(egress.send(&post(url), PATIENCE).await), Cause::AddressNotAllowed);
    }
}

#[tokio::test]
async fn localhost_works_in_development_over_whichever_address_listens() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert_eq!(answered(egress().send(&post(&url), PATIENCE).await).body, "ok");
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let receiver = Receiver::start(|conversation| conversation.answer_all()).await;
    // Nobody listens on that port of the first address.
    let addresses = vec!["127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let egress = Egress::new(loopback_settings(), Arc::new(FixedResolver(addresses))).unwrap();
    let report =
        egress.send(&post(&format!("http://a.example:{}/", receiver.address.port())), PATIENCE).await;
    assert_eq!(report.remote_address, Some(receiver.address));
    answered(report);
}
