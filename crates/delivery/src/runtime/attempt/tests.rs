use std::net::{Ipv4Addr, SocketAddr};

use rendezhook_domain::action::EVENT_CREATED;
use rendezhook_domain::cause::Fault;
use rendezhook_domain::id::{OrganizationId, SubscriptionId};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{
    OrganizationNumber, ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber,
};
use rendezhook_domain::subscription::{
    Content, Hook, RequestMethod, Subscription, SubscriptionState, Verification, VyteBody,
};
use rendezhook_domain::target::{AddressRule, TargetPolicy, TargetUrl};
use rendezhook_egress::resolve::{Resolve, ResolveError, Resolved};
use rendezhook_egress::{Egress, EgressSettings};
use rendezhook_graphql::GraphQl;
use rendezhook_secrets::{KeyEncryptionKey, SigningSecret, SystemRandomness};
use rendezhook_store::Store;
use rendezhook_store::catalogue::{CatalogueVersion, SigningKey};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::clock::SystemClock;
use crate::means::Means;

/// Targets are addresses here; nobody is asked for names.
struct NoNames;

#[async_trait::async_trait]
impl Resolve for NoNames {
    async fn resolve(&self, _name: &str) -> Result<Resolved, ResolveError> {
        Err(ResolveError::NotFound)
    }
}

fn surroundings(directory: &TempDir) -> (Arc<Surroundings>, mpsc::UnboundedReceiver<AttemptEnd>) {
    let key = KeyEncryptionKey::from_bytes([7; 32]);
    let (store, _feed) = SqliteStore::open(SqliteOptions::new(directory.path(), key)).unwrap();
    let store: Arc<dyn Store> = store;
    let graphql = GraphQl::new(Arc::clone(&store)).unwrap();
    let settings = EgressSettings::new(AddressRule::public().allowing_loopback());
    let (ended, ends) = mpsc::unbounded_channel();
    let egress = Arc::new(Egress::new(settings, Arc::new(NoNames)).unwrap());
    let surroundings = Surroundings {
        preparation: Arc::new(Preparation::new(Means::new(egress, graphql))),
        clock: Arc::new(SystemClock),
        deadline: Duration::from_secs(15),
        exchange_log: ExchangeLog::Failures,
        ended,
    };
    (Arc::new(surroundings), ends)
}

fn attempt(address: SocketAddr, keys: Vec<SigningKey>) -> Attempt {
    let organization = OrganizationNumber::new(1);
    let subscription = Subscription {
        number: SubscriptionNumber::new(1),
        id: SubscriptionId::from_uuid(uuid::Uuid::from_u128(1)),
        organization,
        receiver: ReceiverNumber::new(1),
        hook: Hook::Standard,
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        verification: Verification::default(),
        description: "".into(),
        target: TargetUrl::parse(&format!("http://{address}/"), &TargetPolicy::stored()).unwrap(),
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
    let action = AcceptedAction {
        sequence: Sequence::new(1),
        organization,
        name: EVENT_CREATED.parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new("visit-1").unwrap(),
        resource_number: ResourceNumber::new(1),
        version: 1,
        user: None,
        occurred_at: Timestamp::EARLIEST,
        accepted_at: Timestamp::EARLIEST,
        expires_at: None,
        resource: Bytes::from_static(b"{}"),
        representations: None,
        changes: None,
        fired: None,
    };
    let entry = Organization {
        number: organization,
        id: OrganizationId::from_uuid(uuid::Uuid::from_u128(1)),
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
    Attempt {
        order: AttemptOrder {
            key: DeliveryKey { receiver: subscription.receiver, sequence: Sequence::new(2) },
            organization,
            subscription: subscription.number,
            action: action.sequence,
            origin: DeliveryOrigin::Original,
            number: 1,
            overtaken: false,
        },
        action: Arc::new(action),
        kept: Kept::default(),
        organization: Arc::new(OrganizationEntry::new(
            entry,
            CatalogueVersion(1),
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
        )),
        subscription: Arc::new(SubscriptionEntry {
            subscription,
            keys,
            shared_secret: None,
            target_secret: None,
            headers: Arc::new([]),
        }),
    }
}

fn key() -> SigningKey {
    let secret = SigningSecret::generate(&mut SystemRandomness).unwrap();
    SigningKey { secret, created_at: Timestamp::EARLIEST, expires_at: None }
}

fn failure(end: &AttemptEnd) -> Failure {
    match end.verdict {
        Verdict::Failure(failure) => failure,
        Verdict::Success { .. } => panic!("the attempt succeeded"),
    }
}

#[tokio::test]
async fn an_attempt_whose_task_is_cut_off_reports_its_end() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (surroundings, mut ends) = surroundings(&directory);
    let attempt = attempt(silent.local_addr().unwrap(), vec![key()]);
    let task = tokio::spawn(attempt.run(surroundings));
    let _connection = silent.accept().await.unwrap();
    task.abort();

    let end = ends.recv().await.unwrap();
    assert_eq!(failure(&end).fault, Fault::Us);
    let facts = end.facts.unwrap();
    assert_eq!(facts.attempt.result, AttemptResult::Failed(Cause::Internal));
    assert_eq!(facts.attempt.number, 1);
    assert!(ends.try_recv().is_err(), "an end is reported once");
}

#[tokio::test]
async fn an_attempt_that_cannot_be_built_fails_by_the_publisher_s_fault_and_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let (surroundings, mut ends) = surroundings(&directory);
    attempt(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), Vec::new()).run(surroundings).await;

    let end = ends.recv().await.unwrap();
    assert_eq!(failure(&end).fault, Fault::Publisher);
    assert!(!failure(&end).counts_against_endpoint);
    assert_eq!(end.facts.unwrap().attempt.result, AttemptResult::Failed(Cause::Unbuildable));
    assert!(ends.try_recv().is_err(), "an end is reported once");
}

#[tokio::test]
async fn an_attempt_that_was_not_made_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (surroundings, mut ends) = surroundings(&directory);
    let attempt = attempt(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), vec![key()]);
    surroundings.not_made(&attempt.order);
    let end = ends.recv().await.unwrap();
    assert!(failure(&end).costs_nothing);
    assert!(end.facts.is_none());
}

#[tokio::test]
async fn a_delivery_that_ended_meanwhile_is_given_up_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let (surroundings, mut ends) = surroundings(&directory);
    let attempt = attempt(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), vec![key()]);
    surroundings.ended_meanwhile(&attempt.order);
    let end = ends.recv().await.unwrap();
    assert!(failure(&end).refused);
    assert_eq!(failure(&end).fault, Fault::Us);
    assert!(!failure(&end).gone);
}

#[test]
fn reads_what_a_receiver_asks_for() {
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", http::HeaderValue::from_static("120"));
    headers.insert("webhook-delivery", http::HeaderValue::from_static("abort-message"));
    let response = Response {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers,
        body: Bytes::new(),
        body_truncated: false,
    };
    assert_eq!(
        judge(&response, Timestamp::EARLIEST),
        Answer {
            status: 429,
            retry_after: Some(Duration::from_secs(120)),
            wish: Some(ReceiverWish::AbortMessage),
        }
    );
}
