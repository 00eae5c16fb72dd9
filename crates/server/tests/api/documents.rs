//! The OpenAPI document and the schemas.

use std::collections::BTreeSet;

use rendezhook_domain::action::{CATALOGUE, NOTICES};
use serde_json::{Value, json};

use crate::fixture::Api;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

async fn document(api: &Api) -> Value {
    let answer = api.get("/api/openapi.json", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// A path of the document with something in place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{kind}", "event").replace("{file}", "event.json").replace(['{', '}'], "")
}

#[tokio::test]
async fn document_and_router_know_the_same_methods() {
    let api = Api::start().await;
    let document = document(&api).await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 15, "{}", paths.len());
    for (path, item) in paths {
        let described: BTreeSet<String> = METHODS
            .iter()
            .filter(|method| item.get(**method).is_some())
            .map(|method| method.to_uppercase())
            .collect();
        let refused = api.call("TRACE", &filled(path), "", Value::Null).await;
        assert_eq!(refused.status, 405, "{path} is in the document and not in the router");
        let routed: BTreeSet<String> = refused
            .header("allow")
            .split(',')
            .filter(|method| *method != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(described, routed, "{path}");
    }
}

#[tokio::test]
async fn every_operation_is_described_whole() {
    let api = Api::start().await;
    let document = document(&api).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut operation_ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let place = format!("{method} {path}");
            assert!(operation_ids.insert(operation["operationId"].as_str().unwrap()), "{place}: id taken");
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{place}: no summary"
            );
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
            assert_eq!(problem["$ref"], "#/components/schemas/Problem", "{place}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let names: Vec<&str> =
                parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(names.contains(&part), "{place}: {part} is not described");
            }
            let needs_organization = path == "/graphql"
                || path.starts_with("/api/v1/") && !path.starts_with("/api/v1/organizations");
            let in_query =
                parameters.iter().any(|one| one["name"] == "organization_id" && one["in"] == "query");
            assert_eq!(in_query, needs_organization, "{place}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let api = Api::start().await;
    let document = document(&api).await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 30, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_action_of_the_catalogue_and_every_notice_has_a_webhook() {
    let api = Api::start().await;
    let document = document(&api).await;
    let webhooks = document["webhooks"].as_object().unwrap();
    let names: BTreeSet<&str> = webhooks.keys().map(String::as_str).collect();
    assert_eq!(names, CATALOGUE.iter().chain(NOTICES).copied().collect());
    for (name, item) in webhooks {
        let operation = &item["post"];
        let headers: Vec<&Value> =
            operation["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(headers, ["webhook-id", "webhook-timestamp", "webhook-signature"], "{name}");
        for status in ["2XX", "410", "429"] {
            assert!(operation["responses"][status].is_object(), "{name} {status}");
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["properties"]["type"]["const"], name.as_str());
    }
}

#[tokio::test]
async fn the_schemas_of_the_resources_are_served() {
    let api = Api::start().await;
    for kind in ["event", "order", "user", "vyteme", "subscription", "delivery"] {
        let answer = api.get(&format!("/api/schemas/{kind}.json"), "").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/schema+json"));
        let schema = answer.json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["type"], "object");
        assert_ne!(schema["additionalProperties"], json!(false));
    }
    assert_eq!(api.get("/api/schemas/meeting.json", "").await.status, 404);
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_explanation() {
    let api = Api::start().await;
    let problem = api.get("/api/v1/subscriptions", "").await;
    let kind = problem.member("/type");
    let (path, place) = kind.split_once('#').unwrap();
    let page = api.get(path, "").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let page = String::from_utf8_lossy(&page.body);
    assert!(page.contains(&format!("<dt id=\"{place}\">")), "{page}");
    assert!(page.contains(&problem.member("/title")), "{page}");
}
