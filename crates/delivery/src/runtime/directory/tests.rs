use rendezhook_domain::id::{OrganizationId, ReceiverId, SubscriptionId};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::pause::{Interruptions, MaintenanceWindow, Pause};
use rendezhook_domain::sequence::ReceiverNumber;
use rendezhook_domain::subscription::{
    Content, Hook, RequestMethod, Subscription, SubscriptionState, Verification, VyteBody,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{CatalogueVersion, ReceiverEntry};

use super::*;

fn subscription(organization: u32, number: u32, url: &str) -> Arc<SubscriptionEntry> {
    let subscription = Subscription {
        number: SubscriptionNumber::new(number),
        id: SubscriptionId::from_uuid(uuid::Uuid::from_u128(u128::from(number))),
        organization: OrganizationNumber::new(organization),
        receiver: ReceiverNumber::new(number),
        hook: Hook::Standard,
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        verification: Verification::default(),
        description: "".into(),
        target: TargetUrl::parse(url, &TargetPolicy::stored()).unwrap(),
        filter: Filter { actions: vec![ActionPattern::Any], user: None, event: None },
        state: SubscriptionState::Enabled,
        disabled_because: None,
        retry: None,
        rate_limit: None,
        folds_updates: false,
        created_at: Timestamp::EARLIEST,
        updated_at: Timestamp::EARLIEST,
        revision: 1,
    };
    Arc::new(SubscriptionEntry {
        subscription,
        keys: Vec::new(),
        shared_secret: None,
        target_secret: None,
        headers: Arc::new([]),
    })
}

fn organization(number: u32, subscriptions: &[Arc<SubscriptionEntry>]) -> Arc<OrganizationEntry> {
    let organization = Organization {
        number: OrganizationNumber::new(number),
        id: OrganizationId::from_uuid(uuid::Uuid::from_u128(u128::from(number))),
        name: "Clinic".into(),
        vyte_id: "5a4e1b2c3d4e5f6071829304".into(),
        vyte_body: VyteBody::Array,
        masks_doo_secrets: false,
        join_link: false,
        schema_check: SchemaCheck::default(),
        default_expiry_hours: None,
        backlog: BacklogLimits::default(),
        created_at: Timestamp::EARLIEST,
    };
    Arc::new(OrganizationEntry::new(
        organization,
        CatalogueVersion(1),
        subscriptions.to_vec(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    ))
}

fn catalogue(version: u64, organizations: &[Arc<OrganizationEntry>]) -> Arc<Catalogue> {
    let subscriptions = organizations
        .iter()
        .flat_map(|entry| &entry.subscriptions)
        .map(|entry| (entry.subscription.number, Arc::clone(entry)))
        .collect();
    Arc::new(Catalogue {
        version: CatalogueVersion(version),
        admin_key: None,
        organizations: organizations
            .iter()
            .map(|entry| (entry.organization.number, Arc::clone(entry)))
            .collect(),
        organization_ids: HashMap::new(),
        organization_vyte_ids: HashMap::new(),
        keys: HashMap::new(),
        oauth_clients: HashMap::new(),
        subscriptions,
    })
}

fn changed(inputs: &[Input]) -> Vec<&SubscriptionView> {
    let mut views: Vec<&SubscriptionView> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::SubscriptionChanged(view) => Some(view),
            _ => None,
        })
        .collect();
    views.sort_by_key(|view| view.subscription);
    views
}

#[test]
fn tells_everything_at_first_and_then_only_what_changed() {
    let kept = subscription(1, 1, "https://a.example/");
    let deleted = subscription(1, 2, "https://a.example/");
    let other = organization(2, &[subscription(2, 3, "https://a.example/")]);
    let mut inputs = Vec::new();
    let first = catalogue(1, &[organization(1, &[Arc::clone(&kept), deleted]), Arc::clone(&other)]);
    let mut directory = Directory::new(first, RetryPolicy::standard(), Breakers::default(), &mut inputs);
    assert_eq!(changed(&inputs).len(), 3);
    assert!(directory.knows(SubscriptionNumber::new(2)));

    inputs.clear();
    let made = subscription(1, 4, "https://b.example/");
    directory.update(catalogue(2, &[organization(1, &[kept, made]), other]), &mut inputs);
    assert_eq!(inputs.len(), 2);
    assert!(matches!(inputs[0], Input::SubscriptionDeleted(number) if number.get() == 2));
    assert!(matches!(&inputs[1], Input::SubscriptionChanged(view) if view.subscription.get() == 4));
    assert!(!directory.knows(SubscriptionNumber::new(2)));
}

#[test]
fn the_same_version_says_nothing() {
    let entry = catalogue(1, &[organization(1, &[subscription(1, 1, "https://a.example/")])]);
    let mut inputs = Vec::new();
    let mut directory =
        Directory::new(Arc::clone(&entry), RetryPolicy::standard(), Breakers::default(), &mut inputs);
    inputs.clear();
    directory.update(entry, &mut inputs);
    assert!(inputs.is_empty());
}

#[test]
fn an_organization_that_is_gone_takes_its_subscriptions_along() {
    let gone = organization(1, &[subscription(1, 1, "https://a.example/")]);
    let mut inputs = Vec::new();
    let mut directory =
        Directory::new(catalogue(1, &[gone]), RetryPolicy::standard(), Breakers::default(), &mut inputs);
    inputs.clear();
    directory.update(catalogue(2, &[]), &mut inputs);
    assert!(matches!(inputs[..], [Input::SubscriptionDeleted(_)]));
    assert!(directory.find(OrganizationNumber::new(1), SubscriptionNumber::new(1)).is_none());
}

#[test]
fn an_endpoint_is_shared_within_an_organization_only() {
    let mut inputs = Vec::new();
    let one = organization(
        1,
        &[
            subscription(1, 1, "https://a.example/hooks?key=1"),
            subscription(1, 2, "https://a.example/hooks?key=2"),
            subscription(1, 3, "https://a.example/others"),
        ],
    );
    let two = organization(2, &[subscription(2, 4, "https://a.example/hooks")]);
    Directory::new(catalogue(1, &[one, two]), RetryPolicy::standard(), Breakers::default(), &mut inputs);
    let endpoints: Vec<EndpointNumber> = changed(&inputs).iter().map(|view| view.endpoint).collect();
    assert_eq!(endpoints[0], endpoints[1]);
    assert_ne!(endpoints[0], endpoints[2]);
    assert_ne!(endpoints[0], endpoints[3]);
}

#[test]
fn endpoints_that_nobody_uses_are_forgotten_and_their_numbers_not_used_again() {
    let mut inputs = Vec::new();
    let mut directory = Directory::new(
        catalogue(1, &[organization(1, &[subscription(1, 1, "https://a.example/")])]),
        RetryPolicy::standard(),
        Breakers::default(),
        &mut inputs,
    );
    for version in 2..50 {
        let url = format!("https://a{version}.example/");
        directory.update(catalogue(version, &[organization(1, &[subscription(1, 1, &url)])]), &mut inputs);
    }
    assert_eq!(directory.endpoints.numbers.len(), 1);
    assert_eq!(directory.endpoints.held.len(), 1);
    let numbers: std::collections::HashSet<EndpointNumber> =
        changed(&inputs).iter().map(|view| view.endpoint).collect();
    assert_eq!(numbers.len(), 49);
}

#[test]
fn a_subscription_without_a_schedule_has_the_server_s() {
    let mut inputs = Vec::new();
    let own = RetryPolicy::from_seconds(&[1, 2, 3]).unwrap();
    let entry = catalogue(1, &[organization(1, &[subscription(1, 1, "https://a.example/")])]);
    Directory::new(entry, own.clone(), Breakers::default(), &mut inputs);
    assert_eq!(changed(&inputs)[0].retry, own);
}

#[test]
fn the_lowest_of_what_the_owner_sets_and_the_target_allows_is_kept_to() {
    let told = |set: Option<u32>, allowed: Option<u32>| {
        let mut entry = SubscriptionEntry::clone(&subscription(1, 1, "https://a.example/"));
        entry.subscription.rate_limit = set.map(|set| RateLimit::new(set).unwrap());
        entry.subscription.verification.deliveries_per_minute = allowed;
        let mut inputs = Vec::new();
        let entry = catalogue(1, &[organization(1, &[Arc::new(entry)])]);
        Directory::new(entry, RetryPolicy::standard(), Breakers::default(), &mut inputs);
        changed(&inputs)[0].rate_limit.map(DeliveryRate::per_minute)
    };
    assert_eq!(told(None, None), None);
    assert_eq!(told(Some(2), None), Some(120));
    assert_eq!(told(None, Some(20)), Some(20));
    assert_eq!(told(Some(2), Some(20)), Some(20));
    assert_eq!(told(Some(2), Some(500)), Some(120));
}

/// What the scheduler is told of whether subscriptions are attempted.
fn enabled(inputs: &mut Vec<Input>) -> Vec<(u32, bool)> {
    let told = inputs.drain(..).filter_map(|input| match input {
        Input::SubscriptionChanged(view) => Some((view.subscription.get(), view.enabled)),
        _ => None,
    });
    told.collect()
}

#[test]
fn what_a_receiver_does_not_want_now_is_parked_and_taken_up_by_itself() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let receiver = |interruptions| {
        Arc::new(ReceiverEntry {
            number: ReceiverNumber::new(1),
            id: ReceiverId::from_uuid(uuid::Uuid::from_u128(1)),
            organization: OrganizationNumber::new(1),
            name: "crm".into(),
            named: true,
            order: DeliveryOrder::default(),
            interruptions,
            created_at: Timestamp::EARLIEST,
        })
    };
    let subscriptions =
        [subscription(1, 1, "https://one.example/"), subscription(1, 2, "https://two.example/")];
    let with = |version, interruptions| {
        let mut changed = OrganizationEntry::clone(&organization(1, &subscriptions));
        changed.receivers = vec![receiver(interruptions)];
        catalogue(version, &[Arc::new(changed)])
    };
    let window = MaintenanceWindow::once(at("2026-01-15T10:00:00Z"), at("2026-01-15T11:00:00Z")).unwrap();
    let maintained = Interruptions { maintenance: vec![window], ..Interruptions::default() };
    let mut inputs = Vec::new();
    let mut directory = Directory::new(
        with(1, maintained.clone()),
        RetryPolicy::standard(),
        Breakers::default(),
        &mut inputs,
    );
    assert_eq!(enabled(&mut inputs), [(1, true), (2, true)]);
    let mut told_at = |directory: &mut Directory, time: &str| {
        directory.pass_time(at(time), &mut inputs);
        enabled(&mut inputs)
    };
    assert_eq!(told_at(&mut directory, "2026-01-15T09:59:59.999Z"), []);
    assert_eq!(told_at(&mut directory, "2026-01-15T10:00:00Z"), [(1, false)], "only its own");
    assert_eq!(told_at(&mut directory, "2026-01-15T10:30:00Z"), []);
    assert_eq!(told_at(&mut directory, "2026-01-15T11:00:00Z"), [(1, true)]);
    assert_eq!(told_at(&mut directory, "2026-01-15T10:30:00Z"), [(1, false)], "the clock was set back");
    assert_eq!(told_at(&mut directory, "2026-01-15T11:30:00Z"), [(1, true)]);

    let pause = Pause { since: at("2026-01-15T11:30:00Z"), until: None, reason: None };
    let paused = Interruptions { pause: Some(pause), ..maintained };
    let mut inputs = Vec::new();
    directory.update(with(2, paused), &mut inputs);
    assert_eq!(enabled(&mut inputs), [(1, false)]);
    directory.update(with(3, Interruptions::default()), &mut inputs);
    assert_eq!(enabled(&mut inputs), [(1, true)]);

    // A receiver that pauses already when it is first seen.
    let pause = Pause { since: at("2026-01-15T11:30:00Z"), until: None, reason: None };
    let paused = Interruptions { pause: Some(pause), ..Interruptions::default() };
    let nobody = catalogue(4, &[organization(1, &[])]);
    let mut directory = Directory::new(nobody, RetryPolicy::standard(), Breakers::default(), &mut Vec::new());
    directory.update(with(5, paused), &mut inputs);
    assert_eq!(enabled(&mut inputs), [(1, false), (2, true)]);
}
